/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions;

class LoraConvolution1DCausalTest extends DoraLayerContract {

    @Override
    protected Layer stock() {
        return new Convolution1DLayer.Builder(2)
                .convolutionMode(ConvolutionMode.Causal)
                .dilation(2)
                .nOut(4)
                .activation(smooth())
                .build();
    }

    @Override
    protected List<Layer> below() {
        return List.of(new LSTM.Builder().nOut(3).build());
    }

    @Override
    protected List<Layer> above() {
        return List.of(new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                .nOut(3)
                .build());
    }

    @Override
    protected InputType inputType() {
        return InputType.recurrent(2, 6);
    }

    @Override
    protected INDArray features() {
        return normal("features", 3, 2, 6);
    }

    @Override
    protected INDArray labels() {
        return classes(18, 3).reshape(3, 6, 3).permute(0, 2, 1).dup('c');
    }

    @Override
    protected INDArray featuresMask() {
        return Masks.lengths(6, 6, 4, 1);
    }

    @Override
    protected INDArray labelsMask() {
        return Masks.lengths(6, 6, 4, 1);
    }
}
