/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.lora4j.dl4j.layer.LayerCase.Surroundings;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Tables of rows; ids repeat, and one is never asked for. */
final class EmbeddingCases {

    private EmbeddingCases() {}

    static List<LayerCase> all() {
        return List.of(
                LayerCase.kind(
                                "embedding",
                                Surroundings.of(
                                                null,
                                                () -> Nd4j.createFromArray(5.0, 0, 2, 2, 5, 1, 4)
                                                        .reshape(7, 1),
                                                LayerCase.classes(7))
                                        .above(DenseCases::output),
                                () -> new EmbeddingLayer.Builder()
                                        .nIn(6)
                                        .nOut(4)
                                        .hasBias(true)
                                        .biasInit(0.1)
                                        .activation(Activation.TANH)
                                        .build())
                        .withEveryMethod(),
                LayerCase.kind(
                                "embedding of series",
                                Surroundings.of(
                                                null,
                                                () -> Nd4j.createFromArray(5.0, 0, 2, 2, 5, 1, 4, 3, 1, 1, 2, 0)
                                                        .reshape(3, 4),
                                                LayerCase.classesOfSteps(4))
                                        .above(() -> List.of(new RnnOutputLayer.Builder(LossFunction.MCXENT)
                                                .nIn(4)
                                                .nOut(3)
                                                .dataFormat(RNNFormat.NCW)
                                                .build()))
                                        .masks(() -> Masks.lengths(4, 4, 3, 1), () -> Masks.lengths(4, 4, 3, 1)),
                                () -> new EmbeddingSequenceLayer.Builder()
                                        .nIn(6)
                                        .nOut(4)
                                        .hasBias(true)
                                        .biasInit(0.1)
                                        .activation(Activation.TANH)
                                        .build())
                        .withEveryMethod());
    }
}
