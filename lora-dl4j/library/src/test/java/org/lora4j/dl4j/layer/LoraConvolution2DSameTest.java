/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions;

class LoraConvolution2DSameTest extends DoraLayerContract {

    @Override
    protected Layer stock() {
        return new ConvolutionLayer.Builder(3, 3)
                .stride(2, 2)
                .convolutionMode(ConvolutionMode.Same)
                .dilation(1, 2)
                .nOut(4)
                .activation(smooth())
                .build();
    }

    @Override
    protected List<Layer> below() {
        return List.of(
                new ConvolutionLayer.Builder(2, 2).nOut(3).activation(smooth()).build());
    }

    @Override
    protected List<Layer> above() {
        return List.of(new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                .nOut(3)
                .build());
    }

    @Override
    protected InputType inputType() {
        return InputType.convolutional(6, 5, 2);
    }

    @Override
    protected INDArray features() {
        return normal("features", 4, 2, 6, 5);
    }

    @Override
    protected INDArray labels() {
        return classes(4, 3);
    }
}
