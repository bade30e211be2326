/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions;

class LoraRnnOutputLayerTest extends DoraLayerContract {

    @Override
    protected Layer stock() {
        return new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                .nOut(3)
                .biasInit(0.1)
                .build();
    }

    @Override
    protected List<Layer> below() {
        return List.of(new LSTM.Builder().nOut(5).build());
    }

    @Override
    protected List<Layer> above() {
        return List.of();
    }

    @Override
    protected InputType inputType() {
        return InputType.recurrent(4, 6);
    }

    @Override
    protected INDArray features() {
        return normal("features", 3, 4, 6);
    }

    @Override
    protected INDArray labels() {
        return classes(18, 3).reshape(3, 6, 3).permute(0, 2, 1).dup('c');
    }

    @Override
    protected INDArray featuresMask() {
        return Masks.lengths(6, 6, 4, 2);
    }

    @Override
    protected INDArray labelsMask() {
        return Masks.lengths(6, 6, 4, 2);
    }
}
