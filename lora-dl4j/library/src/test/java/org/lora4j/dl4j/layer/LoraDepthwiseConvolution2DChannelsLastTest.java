/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions;

class LoraDepthwiseConvolution2DChannelsLastTest extends LayerAdapterContract {

    @Override
    protected Layer stock() {
        return new DepthwiseConvolution2D.Builder(3, 2)
                .stride(1, 2)
                .dilation(1, 1)
                .convolutionMode(ConvolutionMode.Same)
                .dataFormat(CNN2DFormat.NHWC)
                .depthMultiplier(2)
                .hasBias(false)
                .activation(smooth())
                .build();
    }

    @Override
    protected List<Layer> below() {
        return List.of(new ConvolutionLayer.Builder(2, 2)
                .nOut(3)
                .dataFormat(CNN2DFormat.NHWC)
                .activation(smooth())
                .build());
    }

    @Override
    protected List<Layer> above() {
        return List.of(new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                .nOut(3)
                .build());
    }

    @Override
    protected InputType inputType() {
        return InputType.convolutional(5, 4, 2, CNN2DFormat.NHWC);
    }

    @Override
    protected INDArray features() {
        return normal("features", 3, 5, 4, 2);
    }

    @Override
    protected INDArray labels() {
        return classes(3, 3);
    }
}
