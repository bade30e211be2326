/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.lora4j.dl4j.layer.LayerCase.Surroundings;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Dense and output layers. */
final class DenseCases {

    private static final Surroundings TO_LOSS = Surroundings.of(
                    InputType.feedForward(4), LayerCase.features(7, 4), LayerCase.classes(7))
            .below(() -> dense(6).build());

    private static final Surroundings ROWS = TO_LOSS.above(DenseCases::output);

    private DenseCases() {}

    static List<LayerCase> all() {
        LayerCase dense = LayerCase.kind(
                        "dense", ROWS, () -> dense(5).biasInit(0.1).build())
                .withEveryMethod();
        return List.of(
                dense,
                dense.variant("layer norm", () -> dense(5).hasLayerNorm(true).build()),
                dense.variant(
                        "over time",
                        RecurrentCases.SERIES.above(
                                () -> List.of(RecurrentCases.rnn(4).build(), RecurrentCases.output())),
                        () -> dense(5).build()),
                LayerCase.kind(
                                "output",
                                TO_LOSS.masks(
                                        () -> null,
                                        () -> Nd4j.createFromArray(1.0, 0, 1, 1, 1, 0, 1)
                                                .reshape(7, 1)),
                                () -> new OutputLayer.Builder(LossFunction.MCXENT)
                                        .nOut(3)
                                        .biasInit(0.1)
                                        .build())
                        .withEveryMethod(),
                LayerCase.kind(
                                "center loss output",
                                TO_LOSS,
                                () -> new CenterLossOutputLayer.Builder(LossFunction.MCXENT)
                                        .nOut(3)
                                        .activation(Activation.SOFTMAX)
                                        .biasInit(0.1)
                                        .alpha(1)
                                        .lambda(0.3)
                                        .gradientCheck(true)
                                        .build())
                        .withEveryMethod(),
                LayerCase.kind(
                                "output over time",
                                RecurrentCases.SERIES.above(List::of),
                                () -> new RnnOutputLayer.Builder(LossFunction.MCXENT)
                                        .nOut(3)
                                        .biasInit(0.1)
                                        .build())
                        .withEveryMethod());
    }

    private static DenseLayer.Builder dense(int outputs) {
        return new DenseLayer.Builder().nOut(outputs).activation(Activation.TANH);
    }

    static List<Layer> output() {
        return List.of(new OutputLayer.Builder(LossFunction.MCXENT).nOut(3).build());
    }
}
