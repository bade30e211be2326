/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions;

class LoraOutputLayerTest extends DoraLayerContract {

    @Override
    protected Layer stock() {
        return new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                .nOut(3)
                .biasInit(0.1)
                .build();
    }

    @Override
    protected List<Layer> below() {
        return List.of(new DenseLayer.Builder().nOut(6).activation(smooth()).build());
    }

    @Override
    protected List<Layer> above() {
        return List.of();
    }

    @Override
    protected InputType inputType() {
        return InputType.feedForward(4);
    }

    @Override
    protected INDArray features() {
        return normal("features", 7, 4);
    }

    @Override
    protected INDArray labels() {
        return classes(7, 3);
    }

    @Override
    protected INDArray labelsMask() {
        return Nd4j.createFromArray(1.0, 0, 1, 1, 1, 0, 1).reshape(7, 1);
    }
}
