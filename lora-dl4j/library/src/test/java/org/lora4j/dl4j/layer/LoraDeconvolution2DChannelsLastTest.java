/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions;

class LoraDeconvolution2DChannelsLastTest extends LayerAdapterContract {

    @Override
    protected Layer stock() {
        return new Deconvolution2D.Builder(2, 2)
                .stride(2, 2)
                .dataFormat(CNN2DFormat.NHWC)
                .nIn(3)
                .nOut(4)
                .activation(smooth())
                .build();
    }

    @Override
    protected List<Layer> below() {
        return List.of(new ConvolutionLayer.Builder(2, 2)
                .nIn(2)
                .nOut(3)
                .dataFormat(CNN2DFormat.NHWC)
                .activation(smooth())
                .build());
    }

    @Override
    protected List<Layer> above() {
        return List.of(new CnnLossLayer.Builder(LossFunctions.LossFunction.MSE)
                .format(CNN2DFormat.NHWC)
                .activation(smooth())
                .build());
    }

    @Override
    protected InputType inputType() {
        return null;
    }

    @Override
    protected INDArray features() {
        return normal("features", 2, 3, 4, 2);
    }

    @Override
    protected INDArray labels() {
        return normal("labels", 2, 4, 6, 4);
    }
}
