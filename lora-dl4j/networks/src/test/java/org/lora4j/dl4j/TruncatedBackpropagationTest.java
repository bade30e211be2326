/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;
import static org.lora4j.dl4j.Networks.classes;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Truncated backpropagation through time and stored states in adapted recurrent networks, against stock networks that have
 * the merged weights.
 */
@SuppressWarnings("deprecation") // GravesLSTM is, and saved networks have it.
class TruncatedBackpropagationTest {

    /** Sums of some dozen numbers of order 1. */
    private static final double ROUNDED = 1e-10;

    /** Central differences of a loss of order 10 with steps of 1e-5 lose 10 digits of 16. */
    private static final double DIFFERENCE = 1e-7;

    private static final double STEP = 1e-5;

    private static final int STEPS = 9;
    private static final int PART = 4;

    /** A kind of recurrent layer; a new configuration at each call. */
    interface Kind {
        BaseRecurrentLayer layer();
    }

    static List<Named<Kind>> kinds() {
        return List.of(
                Named.of(
                        "LSTM",
                        () -> new LSTM.Builder()
                                .name("rnn")
                                .nOut(2)
                                .activation(Activation.TANH)
                                .build()),
                Named.of(
                        "GravesLSTM",
                        () -> new GravesLSTM.Builder()
                                .name("rnn")
                                .nOut(2)
                                .activation(Activation.TANH)
                                .build()),
                Named.of(
                        "SimpleRnn",
                        () -> new SimpleRnn.Builder()
                                .name("rnn")
                                .nOut(2)
                                .activation(Activation.TANH)
                                .build()));
    }

    private static MultiLayerNetwork stock(Kind kind, IUpdater updater) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(updater)
                .list()
                .layer(kind.layer())
                .layer(new RnnOutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build())
                .setInputType(InputType.recurrent(3, STEPS))
                .backpropType(BackpropType.TruncatedBPTT)
                .tBPTTLength(PART)
                .build());
        network.init();
        return network;
    }

    private static LoraConfig config(Initialization start) {
        return LoraConfig.builder()
                .rank(2)
                .alpha(3)
                .initialization(start)
                .targetModules("rnn.W", "rnn.RW")
                .build();
    }

    private static DataSet series() {
        INDArray labels =
                classes(2 * STEPS, 3).reshape(2, STEPS, 3).permute(0, 2, 1).dup('c');
        return new DataSet(normal(2, 3, STEPS), labels);
    }

    /** The last steps of the second series are not there. */
    private static DataSet masked() {
        INDArray mask = Nd4j.ones(DataType.DOUBLE, 2, STEPS);
        mask.get(NDArrayIndex.point(1), NDArrayIndex.interval(STEPS - 3, STEPS)).assign(0);
        return new DataSet(series().getFeatures(), series().getLabels(), mask, mask);
    }

    /** Keeps the gradients of each part of a series. */
    private static final class Gradients extends BaseTrainingListener {

        private final List<Map<String, INDArray>> parts = new ArrayList<>();

        @Override
        public void onGradientCalculation(Model model) {
            Map<String, INDArray> copies = new LinkedHashMap<>();
            model.gradient().gradientForVariable().forEach((name, value) -> copies.put(name, value.dup()));
            parts.add(copies);
        }
    }

    private static Gradients gradients(MultiLayerNetwork network, DataSet data) {
        Gradients gradients = new Gradients();
        network.setListeners(gradients);
        network.fit(data);
        return gradients;
    }

    private static INDArray steps(INDArray series, int from, int to) {
        return series.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(from, to))
                .dup('c');
    }

    /** The loss of a part of a series, summed over the batch, by the outputs of a network that has seen what is before. */
    private static double loss(MultiLayerNetwork network, List<Map<String, INDArray>> state, DataSet data, int part) {
        int from = part * PART;
        int to = Math.min(from + PART, STEPS);
        network.rnnSetPreviousState(0, state.get(part));
        INDArray output = network.rnnTimeStep(steps(data.getFeatures(), from, to));
        INDArray labels = steps(data.getLabels(), from, to);
        double loss = 0;
        for (int example = 0; example < 2; example++) {
            for (int step = from; step < to; step++) {
                boolean there = data.getLabelsMaskArray() == null
                        || data.getLabelsMaskArray().getDouble(example, step) != 0;
                for (int k = 0; there && k < 3; k++) {
                    loss -= labels.getDouble(example, k, step - from)
                            * Math.log(output.getDouble(example, k, step - from));
                }
            }
        }
        return loss;
    }

    /** The states before each part, with the weights as they are. */
    private static List<Map<String, INDArray>> states(MultiLayerNetwork network, DataSet data) {
        List<Map<String, INDArray>> states = new ArrayList<>();
        network.rnnClearPreviousState();
        for (int from = 0; from < STEPS; from += PART) {
            Map<String, INDArray> state = new LinkedHashMap<>();
            network.rnnGetPreviousState(0).forEach((name, value) -> state.put(name, value.dup()));
            states.add(state);
            network.rnnTimeStep(steps(data.getFeatures(), from, Math.min(from + PART, STEPS)));
        }
        return states;
    }

    /** The gradient of a weight by differences, from the state before the part, which is taken as given. */
    private static INDArray differences(MultiLayerNetwork network, String weight, int columns, DataSet data, int part) {
        List<Map<String, INDArray>> states = states(network, data);
        INDArray parameter = network.getParam(weight);
        INDArray gradient = Nd4j.create(DataType.DOUBLE, parameter.size(0), columns);
        for (int row = 0; row < parameter.size(0); row++) {
            for (int column = 0; column < columns; column++) {
                double value = parameter.getDouble(row, column);
                parameter.putScalar(row, column, value + STEP);
                double above = loss(network, states, data, part);
                parameter.putScalar(row, column, value - STEP);
                double below = loss(network, states, data, part);
                parameter.putScalar(row, column, value);
                gradient.putScalar(row, column, (above - below) / (2 * STEP));
            }
        }
        return gradient;
    }

    /**
     * Holds the gradients of factors against those of the merged weight through the factors. The latter are by differences,
     * as stock gradients of M2.1 are not those of differences where a state was stored.
     */
    private static void assertChainRule(Kind kind, DataSet data) {
        // With a rate of 0 nothing moves, and every part of the series has the same weights.
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(stock(kind, new Sgd(0))), config(Initialization.RANDOM), 1);
        MultiLayerNetwork adapted = model.network();
        MultiLayerNetwork merged = model.mergeAndUnload();

        Gradients own = gradients(adapted, data);

        assertThat(own.parts).hasSize(3);
        double scaling = 3.0 / 2;
        for (int part = 0; part < 3; part++) {
            for (String weight : List.of("0_W", "0_RW")) {
                INDArray a = adapted.getParam(weight + "A0");
                INDArray b = adapted.getParam(weight + "B0");
                // The weight is [in, out] and, in GravesLSTM, the peepholes behind, which are not adapted.
                INDArray dw =
                        differences(merged, weight, (int) b.size(0), data, part).transpose();
                assertThat(values(own.parts.get(part).get(weight + "B0")))
                        .as(weight + "B0, part " + part)
                        .containsExactly(values(dw.mmul(a.transpose()).muli(scaling)), offset(DIFFERENCE));
                assertThat(values(own.parts.get(part).get(weight + "A0")))
                        .as(weight + "A0, part " + part)
                        .containsExactly(values(b.transpose().mmul(dw).muli(scaling)), offset(DIFFERENCE));
                assertThat(own.parts.get(part)).doesNotContainKey(weight);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void gradientOfEachPart_isThatOfDifferencesThroughTheFactors(Kind kind) {
        assertChainRule(kind, series());
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void gradientOfEachPart_ofMaskedSeries_isThatOfDifferencesThroughTheFactors(Kind kind) {
        assertChainRule(kind, masked());
    }

    /** Of M2.1, which is why differences are the measure here; if this fails, the trap in docs/dl4j.md is gone. */
    @ParameterizedTest
    @MethodSource("kinds")
    void stockGradient_isThatOfDifferencesInTheFirstPartOnly(Kind kind) {
        MultiLayerNetwork stock = stock(kind, new Sgd(0));
        int columns = (int) stock.getParam("0_W").size(1);

        Gradients own = gradients(stock, series());

        for (int part = 0; part < 2; part++) {
            double most = own.parts
                    .get(part)
                    .get("0_W")
                    .sub(differences(stock, "0_W", columns, series(), part))
                    .amaxNumber()
                    .doubleValue();
            assertThat(most < DIFFERENCE).as("part %s, distance %s", part, most).isEqualTo(part == 0);
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void oneStepAtATime_afterTraining_givesTheWholeSeries(Kind kind) {
        MultiLayerNetwork network = DefaultAdapter.fresh(
                        AdaptedNetwork.of(stock(kind, new Adam(0.05))), config(Initialization.KAIMING_UNIFORM), 1)
                .network();
        network.fit(series());
        network.fit(series());
        INDArray input = series().getFeatures();
        INDArray whole = network.output(input);

        network.rnnClearPreviousState();
        for (int step = 0; step < STEPS; step++) {
            INDArray output = network.rnnTimeStep(
                    input.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(step, step + 1))
                            .dup('c'));

            assertThat(values(output))
                    .as("step " + step)
                    .containsExactly(
                            values(whole.get(
                                            NDArrayIndex.all(),
                                            NDArrayIndex.all(),
                                            NDArrayIndex.interval(step, step + 1))
                                    .dup('c')),
                            offset(ROUNDED));
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void trainingInParts_startsEachSeriesAnew(Kind kind) {
        MultiLayerNetwork once = DefaultAdapter.fresh(
                        AdaptedNetwork.of(stock(kind, new Sgd(0))), config(Initialization.RANDOM), 1)
                .network();
        Gradients first = gradients(once, series());

        Gradients second = gradients(once, series());

        for (int part = 0; part < 3; part++) {
            Map<String, INDArray> again = second.parts.get(part);
            first.parts
                    .get(part)
                    .forEach((name, value) ->
                            assertThat(values(again.get(name))).as(name).isEqualTo(values(value)));
        }
    }

    @Test
    void valuesBehindAMask_doNotMatter() {
        MultiLayerNetwork one = DefaultAdapter.fresh(
                        AdaptedNetwork.of(stock(kinds().get(0).getPayload(), new Adam(0.05))),
                        config(Initialization.RANDOM),
                        1)
                .network();
        MultiLayerNetwork other = DefaultAdapter.fresh(
                        AdaptedNetwork.of(stock(kinds().get(0).getPayload(), new Adam(0.05))),
                        config(Initialization.RANDOM),
                        1)
                .network();
        DataSet changed = masked();
        changed.getFeatures()
                .get(NDArrayIndex.point(1), NDArrayIndex.all(), NDArrayIndex.interval(STEPS - 3, STEPS))
                .assign(7);

        one.fit(masked());
        other.fit(changed);

        assertThat(values(other.params())).isEqualTo(values(one.params()));
    }
}
