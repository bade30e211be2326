/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;
import static org.lora4j.dl4j.layer.Adapting.normal;
import static org.lora4j.dl4j.layer.Adapting.values;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.api.layers.RecurrentLayer;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.Initialization;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;

/** What only recurrent layers have: stored state, truncation, products over many steps and over few. */
@SuppressWarnings("deprecation") // GravesLSTM: DL4J prefers LSTM, but old networks have this kind.
class RecurrentLayersTest {

    /** Sums of few doubles of order 1 in another order. */
    private static final double ROUNDING = 1e-12;

    /** Central differences of a score of order 1 with a step of 1e-5. */
    private static final double DIFFERENCE = 1e-7;

    private DataType typeBefore;

    @BeforeEach
    void computeInDouble() {
        typeBefore = Nd4j.dataType();
        Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
    }

    @AfterEach
    void restoreType() {
        Nd4j.setDefaultDataTypes(typeBefore, typeBefore);
    }

    enum Kind {
        LSTM {
            @Override
            Layer layer(int size) {
                return new LSTM.Builder().nOut(size).build();
            }
        },
        GRAVES {
            @Override
            Layer layer(int size) {
                return new GravesLSTM.Builder().nOut(size).build();
            }
        },
        SIMPLE {
            @Override
            Layer layer(int size) {
                return new SimpleRnn.Builder().nOut(size).build();
            }
        };

        abstract Layer layer(int size);
    }

    private static final int BATCH = 2;
    private static final int IN = 3;
    private static final int SIZE = 4;

    private static MultiLayerNetwork stock(Kind kind, int truncation) {
        return Adapting.stock(kind.layer(SIZE), DataType.DOUBLE, IN, new Sgd(0.1), truncation);
    }

    private static MultiLayerNetwork acting(Kind kind, int truncation) {
        return Adapting.adapted(stock(kind, truncation), Adapting.updates(Initialization.RANDOM, false, "W", "RW"));
    }

    private static INDArray series(long time) {
        return normal(DataType.DOUBLE, BATCH, IN, time);
    }

    private static INDArray labels(long time) {
        return LayerCase.classes((int) (BATCH * time), 3)
                .reshape(BATCH, time, 3)
                .permute(0, 2, 1)
                .dup('c');
    }

    static Stream<Arguments> sizes() {
        int[][] sizes = {{1, 5, 7, 4}, {1, 80, 65, 1}, {32, 64, 48, 9}, {5, 300, 130, 3}, {17, 33, 96, 2}};
        return Stream.of(Kind.values())
                .flatMap(kind -> Stream.of(DataType.FLOAT, DataType.DOUBLE)
                        .flatMap(type -> Stream.of(sizes).map(size -> Arguments.of(kind, type, size))));
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void output_whileBIsZero_isTheStockOutputInEveryValue(Kind kind, DataType type, int[] size) {
        MultiLayerNetwork stock = Adapting.stock(kind.layer(size[2]), type, size[1], new NoOp(), 0);
        MultiLayerNetwork adapted =
                Adapting.adapted(stock, Adapting.updates(Initialization.KAIMING_UNIFORM, true, "W", "RW"));
        INDArray x = normal(type, size[0], size[1], size[3]);

        assertThat(values(adapted.output(x))).isEqualTo(values(stock.output(x)));
        assertThat(values(adapted.output(x, true))).isEqualTo(values(stock.output(x, true)));
        assertThat(values(adapted.rnnTimeStep(x))).isEqualTo(values(stock.rnnTimeStep(x)));
        assertThat(values(adapted.rnnTimeStep(x))).isEqualTo(values(stock.rnnTimeStep(x)));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void rnnTimeStep_partByPart_givesTheOutputOfTheWhole(Kind kind) {
        MultiLayerNetwork network = acting(kind, 0);
        INDArray x = series(6);
        INDArray whole = network.output(x);

        INDArray first = network.rnnTimeStep(columns(x, 0, 1));
        INDArray second = network.rnnTimeStep(columns(x, 1, 4));
        INDArray third = network.rnnTimeStep(columns(x, 4, 6));

        assertThat(values(Nd4j.concat(2, first, second, third))).containsExactly(values(whole), offset(ROUNDING));
    }

    private static INDArray columns(INDArray series, long from, long to) {
        return series.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(from, to))
                .dup('c');
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void trainingOutput_equalsTheOutputOfInference(Kind kind) {
        MultiLayerNetwork network = acting(kind, 0);
        INDArray x = series(1);

        assertThat(values(network.output(x, true))).containsExactly(values(network.output(x)), offset(ROUNDING));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void gradients_ofABiasOfB_areThoseOfDifferences(Kind kind) {
        MultiLayerNetwork network = Adapting.adapted(
                Adapting.stock(kind.layer(SIZE), DataType.DOUBLE, IN, new NoOp(), 0),
                Adapting.updates(Initialization.RANDOM, true, "W", "RW"));
        network.getParam("0_WC0").assign(0.3);
        network.getParam("0_RWC0").assign(-0.2);

        assertThat(GradientCheckUtil.checkGradients(new GradientCheckUtil.MLNConfig()
                        .net(network)
                        .input(series(4))
                        .labels(labels(4))
                        .excludeParams(Set.of("0_W", "0_RW", "0_b"))
                        .epsilon(1e-6)
                        .maxRelError(1e-5)
                        .minAbsoluteError(1e-8)
                        .print(GradientCheckUtil.PrintMode.FAILURES_ONLY)))
                .isTrue();
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void gradients_ofALaterPart_goOnFromTheStoredState(Kind kind) {
        LoraSettings updates = Adapting.updates(Initialization.RANDOM, false, "W", "RW");
        LoraSettings all = new LoraSettings(updates.slots(), List.of("W", "RW"), false);
        MultiLayerNetwork network = Adapting.adapted(stock(kind, 3), all);
        Map<String, INDArray> state = stateAfterAPart(network, series(3));

        for (String name : List.of("0_WA0", "0_WB0", "0_RWA0", "0_RWB0", "0_W", "0_RW")) {
            scoreFrom(network, state);
            double gradient = network.gradient().getGradientFor(name).getDouble(1, 1) / BATCH;
            INDArray parameter = network.getParam(name);
            double value = parameter.getDouble(1, 1);
            parameter.putScalar(new int[] {1, 1}, value + 1e-5);
            double above = scoreFrom(network, state);
            parameter.putScalar(new int[] {1, 1}, value - 1e-5);
            double below = scoreFrom(network, state);
            parameter.putScalar(new int[] {1, 1}, value);

            assertThat(gradient).as(name).isNotZero().isCloseTo((above - below) / 2e-5, offset(DIFFERENCE));
        }
    }

    private static Map<String, INDArray> stateAfterAPart(MultiLayerNetwork network, INDArray x) {
        network.rnnTimeStep(x);
        Map<String, INDArray> state = new LinkedHashMap<>();
        network.rnnGetPreviousState(0).forEach((name, array) -> state.put(name, array.dup()));
        network.rnnClearPreviousState();
        return state;
    }

    private static double scoreFrom(MultiLayerNetwork network, Map<String, INDArray> state) {
        RecurrentLayer layer = (RecurrentLayer) network.getLayer(0);
        layer.rnnSetPreviousState(state);
        layer.rnnSetTBPTTState(state);
        network.setInput(series(3));
        network.setLabels(labels(3));
        network.computeGradientAndScore();
        return network.score();
    }

    // Of the first part only: with a stored state the stock gradients are not those of differences.
    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"LSTM", "GRAVES"})
    void truncatedBackLength_isThatOfTheStockLayer(Kind kind) {
        MultiLayerNetwork stock = stock(kind, 5);
        stock.getLayerWiseConfigurations().setTbpttBackLength(2);
        MultiLayerNetwork adapted =
                Adapting.adapted(stock, new LoraSettings(List.of(), List.of("W", "RW", "b"), false));

        stock.fit(series(5), labels(5));
        adapted.fit(series(5), labels(5));

        assertThat(values(adapted.params())).containsExactly(values(stock.params()), offset(ROUNDING));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void truncatedTraining_hasTheScoreOfTheStockLayerInALaterPart(Kind kind) {
        MultiLayerNetwork stock = stock(kind, 3);
        MultiLayerNetwork adapted = Adapting.adapted(stock, LoraSettings.frozen());
        Map<String, INDArray> state = stateAfterAPart(stock, series(3));

        assertThat(scoreFrom(adapted, state)).isCloseTo(scoreFrom(stock, state), offset(ROUNDING));
        assertThat(((RecurrentLayer) adapted.getLayer(0)).rnnGetTBPTTState().get("prevAct"))
                .isNotEqualTo(state.get("prevAct"));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void training_withoutWorkspaces_givesTheSameParameters(Kind kind) {
        MultiLayerNetwork with = acting(kind, 0);
        MultiLayerNetwork without = acting(kind, 0);
        without.getLayerWiseConfigurations().setTrainingWorkspaceMode(WorkspaceMode.NONE);
        without.getLayerWiseConfigurations().setInferenceWorkspaceMode(WorkspaceMode.NONE);

        for (int i = 0; i < 2; i++) {
            with.fit(series(5), labels(5));
            without.fit(series(5), labels(5));
        }

        assertThat(values(without.params())).isEqualTo(values(with.params()));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void lowestLayer_learnsTheSame(Kind kind) {
        LoraSettings settings = Adapting.updates(Initialization.RANDOM, false, "W", "RW");
        MultiLayerNetwork one = Adapting.adapted(stock(kind, 0), settings);
        MultiLayerNetwork two =
                Adapting.adapted(stock(kind, 0), new LoraSettings(settings.slots(), settings.learning(), true));

        one.fit(series(5), labels(5));
        two.fit(series(5), labels(5));

        assertThat(values(two.params())).isEqualTo(values(one.params()));
    }

    @Test
    void peepholes_areNoPartOfTheRecurrentModule() {
        MultiLayerNetwork stock = stock(Kind.GRAVES, 0);
        LayerWeight weight =
                LayerKinds.weights(stock.getLayer(0).conf().getLayer()).get(1);
        INDArray parameter = stock.getParam("0_RW");

        assertThat(weight.shape().weight()).containsExactly(4 * SIZE, SIZE);
        assertThat(weight.part(parameter).shape()).containsExactly(SIZE, 4 * SIZE);
        weight.part(parameter).assign(9);
        assertThat(parameter.getDouble(0, 0)).isEqualTo(9);
        assertThat(parameter.getDouble(0, 4 * SIZE)).isNotEqualTo(9);
    }

    @Test
    void input_ofAnotherSize_namesBothSizes() {
        MultiLayerNetwork network = acting(Kind.LSTM, 0);
        INDArray x = normal(DataType.DOUBLE, BATCH, IN + 2, 4);

        assertThatThrownBy(() -> network.output(x))
                .isInstanceOf(DL4JInvalidInputException.class)
                .hasMessageContaining("shape [2, 5, 4] in format NCW; expected 3 values for each time step");
    }

    @Test
    void rnnTimeStep_withABatchOfAnotherSize_saysWhatToCall() {
        MultiLayerNetwork network = acting(Kind.LSTM, 0);
        network.rnnTimeStep(series(2));
        INDArray x = normal(DataType.DOUBLE, BATCH + 1, IN, 2);

        assertThatThrownBy(() -> network.rnnTimeStep(x))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("a batch of 2; expected 3")
                .hasMessageContaining("rnnClearPreviousState()");
    }

    @Test
    void bidirectional_adaptedInOneDirectionOnly_isRefused() {
        Bidirectional layer =
                new Bidirectional(new LSTM.Builder().nIn(3).nOut(4).name("both").build());
        layer.setLayerName("both");
        LoraSettings oneSided = Adapting.updates(Initialization.RANDOM, false, "fW", "fRW", "bW");

        assertThatThrownBy(() -> LayerKinds.adapt(layer, oneSided))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("layer \"both\" (Bidirectional)")
                .hasMessageContaining("[W of adapter 0, rank 2, RW of adapter 0, rank 2]")
                .hasMessageContaining("[W of adapter 0, rank 2], expected the same weights");
    }

    @Test
    void bidirectional_adapted_tellsTheUpdatesOfBothDirections() {
        Bidirectional layer =
                new Bidirectional(new LSTM.Builder().nIn(3).nOut(4).build());
        LoraSettings both = Adapting.updates(Initialization.RANDOM, false, "fW", "bW");

        Layer adapted = LayerKinds.adapt(layer, both);

        assertThat(LayerKinds.settings(adapted)).contains(both);
        assertThat(LayerKinds.settings(layer)).isEmpty();
        assertThat(LayerKinds.weights(adapted).stream().map(LayerWeight::name))
                .containsExactly("fW", "fRW", "bW", "bRW");
        assertThat(LayerKinds.weights(adapted).stream().map(LayerWeight::bias)).containsExactly("fb", "fb", "bb", "bb");
    }

    @Test
    void bidirectional_withWeightsOfNoDirection_isRefused() {
        Bidirectional layer =
                new Bidirectional(new LSTM.Builder().nIn(3).nOut(4).build());
        LoraSettings unknown = Adapting.updates(Initialization.RANDOM, false, "W");

        assertThatThrownBy(() -> LayerKinds.adapt(layer, unknown))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("weights [W], expected names that start with f or b");
    }

    @Test
    void builder_withoutSettings_adaptsBothWeights() {
        LSTM layer = new LoraLSTM.Builder().nIn(3).nOut(4).build();

        assertThat(LayerKinds.settings(layer).orElseThrow().slots().stream().map(LoraSlot::weight))
                .containsExactly("W", "RW");
    }
}
