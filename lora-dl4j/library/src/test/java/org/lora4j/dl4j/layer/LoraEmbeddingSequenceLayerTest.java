/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions;

class LoraEmbeddingSequenceLayerTest extends DoraLayerContract {

    @Override
    protected Layer stock() {
        return new EmbeddingSequenceLayer.Builder()
                .nIn(6)
                .nOut(4)
                .hasBias(true)
                .biasInit(0.1)
                .activation(smooth())
                .build();
    }

    @Override
    protected List<Layer> above() {
        return List.of(new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                .nIn(4)
                .nOut(3)
                .dataFormat(RNNFormat.NCW)
                .build());
    }

    @Override
    protected InputType inputType() {
        return null;
    }

    @Override
    protected INDArray features() {
        return Nd4j.createFromArray(5.0, 0, 2, 2, 5, 1, 4, 3, 1, 1, 2, 0).reshape(3, 4);
    }

    @Override
    protected INDArray labels() {
        return classes(12, 3).reshape(3, 4, 3).permute(0, 2, 1).dup('c');
    }

    @Override
    protected INDArray featuresMask() {
        return Masks.lengths(4, 4, 3, 1);
    }

    @Override
    protected INDArray labelsMask() {
        return Masks.lengths(4, 4, 3, 1);
    }
}
