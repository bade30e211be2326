/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions;

class LoraConvolution2DChannelsLastTest extends DoraLayerContract {

    @Override
    protected Layer stock() {
        return new ConvolutionLayer.Builder(2, 2)
                .dataFormat(CNN2DFormat.NHWC)
                .nOut(4)
                .hasBias(false)
                .activation(smooth())
                .build();
    }

    @Override
    protected List<Layer> below() {
        return List.of(new ConvolutionLayer.Builder(2, 2)
                .nOut(3)
                .activation(smooth())
                .dataFormat(CNN2DFormat.NHWC)
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
        return InputType.convolutional(6, 5, 2, CNN2DFormat.NHWC);
    }

    @Override
    protected INDArray features() {
        return normal("features", 4, 6, 5, 2);
    }

    @Override
    protected INDArray labels() {
        return classes(4, 3);
    }
}
