/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions;

class LoraEmbeddingLayerTest extends DoraLayerContract {

    @Override
    protected Layer stock() {
        return new EmbeddingLayer.Builder()
                .nIn(6)
                .nOut(4)
                .hasBias(true)
                .biasInit(0.1)
                .activation(smooth())
                .build();
    }

    @Override
    protected List<Layer> above() {
        return List.of(new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                .nOut(3)
                .build());
    }

    @Override
    protected InputType inputType() {
        return null;
    }

    @Override
    protected INDArray features() {
        return Nd4j.createFromArray(5.0, 0, 2, 2, 5, 1, 4).reshape(7, 1);
    }

    @Override
    protected INDArray labels() {
        return classes(7, 3);
    }
}
