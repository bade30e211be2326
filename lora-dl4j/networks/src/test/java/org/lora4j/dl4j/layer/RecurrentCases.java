/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.layers.recurrent.TimeDistributed;
import org.deeplearning4j.nn.conf.layers.util.MaskZeroLayer;
import org.lora4j.dl4j.layer.LayerCase.Surroundings;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Recurrent layers and layers around them, on series of different lengths. */
@SuppressWarnings("deprecation") // GravesLSTM: DL4J prefers LSTM, but old networks have this kind.
final class RecurrentCases {

    /** Between other layers. */
    static final Surroundings SERIES = Surroundings.of(
                    InputType.recurrent(3, 5), LayerCase.features(3, 3, 5), LayerCase.classesOfSteps(5))
            .below(() -> rnn(4).build())
            .above(() -> List.of(output()))
            .masks(() -> Masks.lengths(5, 5, 3, 1), () -> Masks.lengths(5, 5, 3, 1));

    /** Steps are missing before and between others, where a stock LSTM's gradients are those of other values. */
    private static final Surroundings WITH_GAPS = SERIES.onInput()
            .masks(
                    () -> Nd4j.createFromArray(new double[][] {{1, 1, 0, 1, 1}, {0, 0, 1, 1, 1}, {0, 1, 0, 1, 0}}),
                    () -> Masks.lengths(5, 5, 5, 5));

    private static final Surroundings TIME_INSIDE = Surroundings.of(
                    InputType.recurrent(3, 5, RNNFormat.NWC),
                    () -> LayerCase.normal("features", 3, 3, 5).permute(0, 2, 1).dup('c'),
                    () -> LayerCase.classes(15, 3).reshape(3, 5, 3).dup('c'))
            .below(() -> rnn(4).dataFormat(RNNFormat.NWC).build())
            .above(() -> List.of(new RnnOutputLayer.Builder(LossFunction.MCXENT)
                    .nOut(3)
                    .dataFormat(RNNFormat.NWC)
                    .build()))
            .masks(() -> Masks.lengths(5, 5, 3, 1), () -> Masks.lengths(5, 5, 3, 1));

    private static final Surroundings TO_ROWS = SERIES.above(DenseCases::output)
            .labels(LayerCase.classes(3))
            .masks(() -> Masks.lengths(5, 5, 3, 1), () -> null);

    private RecurrentCases() {}

    static List<LayerCase> all() {
        LayerCase simple =
                LayerCase.kind("simple RNN", SERIES, () -> rnn(4).biasInit(0.1).build());
        LayerCase lstm = LayerCase.kind("LSTM", SERIES, () -> lstm(4).build());
        LayerCase graves = LayerCase.kind("Graves LSTM", SERIES, RecurrentCases::graves);
        LayerCase bidirectional = LayerCase.kind(
                "bidirectional", SERIES, () -> new Bidirectional(Bidirectional.Mode.ADD, rnn(3).build()));
        return List.of(
                simple,
                simple.variant(
                        "time inside",
                        TIME_INSIDE,
                        () -> rnn(4).dataFormat(RNNFormat.NWC).build()),
                simple.variant("gaps", WITH_GAPS, () -> rnn(4).build()),
                // The stock layer cuts the gain out of an array of another rank; see SimpleRnnNormTest.
                simple.variant("layer norm", () -> rnn(4).hasLayerNorm(true).build())
                        .notRunByStock(),
                lstm,
                lstm.variant(
                        "time inside",
                        TIME_INSIDE,
                        () -> lstm(4).dataFormat(RNNFormat.NWC).build()),
                lstm.variant("gaps", WITH_GAPS, () -> lstm(4).build()),
                lstm.variant(
                        "other activations",
                        () -> new LSTM.Builder()
                                .nOut(4)
                                .activation(Activation.SOFTSIGN)
                                .gateActivationFunction(Activation.RATIONALTANH)
                                .forgetGateBiasInit(0.3)
                                .build()),
                graves,
                graves.variant("gaps", WITH_GAPS, RecurrentCases::graves),
                bidirectional,
                bidirectional.variant("concatenated LSTM", () -> new Bidirectional(lstm(3).build())),
                LayerCase.kind("last time step", TO_ROWS, () -> new LastTimeStep(lstm(4).build())),
                LayerCase.kind("mask zero", SERIES, () -> new MaskZeroLayer(lstm(4).build(), 0)),
                LayerCase.kind(
                        "time distributed",
                        SERIES,
                        () -> new TimeDistributed(new DenseLayer.Builder()
                                .nOut(4)
                                .activation(Activation.TANH)
                                .build())));
    }

    static SimpleRnn.Builder rnn(int outputs) {
        return new SimpleRnn.Builder().nOut(outputs).activation(Activation.TANH);
    }

    private static LSTM.Builder lstm(int outputs) {
        return new LSTM.Builder().nOut(outputs).activation(Activation.TANH);
    }

    private static Layer graves() {
        return new GravesLSTM.Builder().nOut(4).activation(Activation.TANH).build();
    }

    static Layer output() {
        return new RnnOutputLayer.Builder(LossFunction.MCXENT).nOut(3).build();
    }
}
