/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.RecurrentAttentionLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.config.Initialization;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/** What the contract of layers does not ask: activations, lengths, masks that hide everything, and wrong use. */
class AttentionLayersTest {

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

    private static SelfAttentionLayer selfAttention() {
        return new SelfAttentionLayer.Builder()
                .nIn(4)
                .nOut(5)
                .nHeads(2)
                .headSize(3)
                .projectInput(true)
                .build();
    }

    private static RecurrentAttentionLayer recurrent(Activation activation) {
        return new RecurrentAttentionLayer.Builder()
                .nIn(4)
                .nOut(5)
                .nHeads(2)
                .headSize(3)
                .activation(activation)
                .build();
    }

    private static MultiLayerNetwork network(DataType type, Layer... layers) {
        NeuralNetConfiguration.ListBuilder list = new NeuralNetConfiguration.Builder()
                .seed(3)
                .updater(new NoOp())
                .dataType(type)
                .list();
        for (Layer layer : layers) {
            list.layer(layer);
        }
        list.layer(new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                .nOut(3)
                .build());
        MultiLayerNetwork network = new MultiLayerNetwork(
                list.setInputType(InputType.recurrent(4, -1)).build());
        network.init();
        return network;
    }

    private static MultiLayerNetwork adapted(MultiLayerNetwork stock, int position, LoraSettings settings) {
        MultiLayerConfiguration conf = stock.getLayerWiseConfigurations().clone();
        NeuralNetConfiguration own = conf.getConf(position);
        own.clearVariables();
        own.setLayer(LayerKinds.adapt(own.getLayer(), settings));
        MultiLayerNetwork network = new MultiLayerNetwork(conf);
        network.init();
        stock.paramTable().forEach((name, value) -> network.getParam(name).assign(value));
        return network;
    }

    private static LoraSettings updates(Initialization start, String... weights) {
        List<LoraSlot> slots = new ArrayList<>();
        for (String weight : weights) {
            slots.add(new LoraSlot(0, weight, 2, 0.7, 0, true, true, start, 5));
        }
        return new LoraSettings(slots, List.of(), false);
    }

    private static INDArray series(long time) {
        return LayerCase.normal("series", 3, 4, time);
    }

    private static INDArray labels(int time) {
        return LayerCase.classes(3 * time, 3)
                .reshape(3, time, 3)
                .permute(0, 2, 1)
                .dup('c');
    }

    private static double[] values(INDArray array) {
        return array.dup('c').data().asDouble();
    }

    private static boolean gradientsHold(MultiLayerNetwork network, int time, String... frozen) {
        Set<String> excluded = new HashSet<>();
        for (String name : frozen) {
            excluded.add("0_" + name);
        }
        return GradientCheckUtil.checkGradients(new GradientCheckUtil.MLNConfig()
                .net(network)
                .input(series(time))
                .labels(labels(time))
                .excludeParams(excluded)
                .epsilon(1e-6)
                .maxRelError(1e-5)
                .minAbsoluteError(1e-8)
                .print(GradientCheckUtil.PrintMode.FAILURES_ONLY));
    }

    @ParameterizedTest
    @EnumSource(
            value = Activation.class,
            names = {
                "CUBE",
                "ELU",
                "HARDTANH",
                "IDENTITY",
                "LEAKYRELU",
                "RELU",
                "SIGMOID",
                "SOFTMAX",
                "SOFTPLUS",
                "SOFTSIGN",
                "TANH",
                "GELU"
            })
    void recurrentAttention_withEachActivationOfTheStockLayer_putsOutTheSame(Activation activation) {
        MultiLayerNetwork stock = network(DataType.DOUBLE, recurrent(activation));
        MultiLayerNetwork adapted = adapted(stock, 0, updates(Initialization.KAIMING_UNIFORM, "W", "RW", "Wq", "Wo"));

        assertThat(values(adapted.feedForward(series(4)).get(1)))
                .containsExactly(values(stock.feedForward(series(4)).get(1)), offset(1e-12));
    }

    // The others are tested with tanh and sigmoid, or have steps.
    @ParameterizedTest
    @EnumSource(
            value = Activation.class,
            names = {"ELU", "GELU", "SOFTMAX", "SOFTPLUS", "SOFTSIGN", "IDENTITY"})
    void recurrentAttention_withSmoothActivations_hasGradientsOfDifferences(Activation activation) {
        List<LoraSlot> slots = updates(Initialization.RANDOM, "RW", "Wk").slots();
        MultiLayerNetwork adapted = adapted(
                network(DataType.DOUBLE, recurrent(activation)), 0, new LoraSettings(slots, List.of("b"), false));

        assertThat(gradientsHold(adapted, 3, "W", "RW", "Wq", "Wk", "Wv", "Wo")).isTrue();
    }

    @ParameterizedTest
    @EnumSource(
            value = Activation.class,
            names = {"SELU", "RRELU", "SWISH"})
    void recurrentAttention_withAnActivationThatTheStockLayerLacks_namesThoseItHas(Activation activation) {
        LoraRecurrentAttentionLayer layer = (LoraRecurrentAttentionLayer) new LoraRecurrentAttentionLayer.Builder()
                .nIn(4)
                .nOut(5)
                .nHeads(1)
                .activation(activation)
                .build();

        assertThatThrownBy(() -> network(DataType.DOUBLE, layer))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("activation = " + activation.name())
                .hasMessageContaining("TANH");
    }

    @Test
    void recurrentAttention_overASingleStep_leavesTheRecurrenceWithoutGradient() {
        MultiLayerNetwork adapted = adapted(
                network(DataType.DOUBLE, recurrent(Activation.TANH)),
                0,
                new LoraSettings(
                        updates(Initialization.RANDOM, "W", "RW", "Wq", "Wk", "Wv", "Wo")
                                .slots(),
                        List.of("W", "RW", "Wq", "Wk", "Wv", "Wo", "b"),
                        false));

        // The gradient view holds the values of another length before.
        adapted.setInput(series(3));
        adapted.setLabels(labels(3));
        adapted.computeGradientAndScore();

        assertThat(gradientsHold(adapted, 1)).isTrue();
    }

    @Test
    void recurrentAttention_takesBatchesOfDifferentLengths() {
        MultiLayerNetwork stock = network(DataType.DOUBLE, recurrent(Activation.TANH));
        MultiLayerNetwork adapted = adapted(stock, 0, LoraSettings.frozen());

        assertThat(values(adapted.output(series(4)))).containsExactly(values(stock.output(series(4))), offset(1e-12));
        assertThat(adapted.output(series(6)).shape()).containsExactly(3, 3, 6);
    }

    @Test
    void selfAttention_whereAMaskHidesEverything_isTheStockOutput() {
        MultiLayerNetwork stock = network(DataType.DOUBLE, selfAttention());
        MultiLayerNetwork adapted = adapted(stock, 0, LoraSettings.frozen());
        INDArray mask = Masks.lengths(4, 4, 0, 2);

        assertThat(values(adapted.output(series(4), false, mask, null)))
                // Scores of 1e9 have 7 digits behind the point.
                .containsExactly(values(stock.output(series(4), false, mask, null)), offset(1e-6));
    }

    @Test
    void recurrentAttention_whereAMaskHidesEverything_isFiniteWhereTheStockLayerIsNot() {
        MultiLayerNetwork stock = network(DataType.DOUBLE, recurrent(Activation.TANH));
        MultiLayerNetwork adapted = adapted(stock, 0, LoraSettings.frozen());
        INDArray mask = Masks.lengths(4, 4, 0, 2);

        double[] own = values(adapted.output(series(4), false, mask, null));
        double[] stocks = values(stock.output(series(4), false, mask, null));

        for (int i = 0; i < own.length; i++) {
            assertThat(own[i]).isFinite();
            if (!Double.isNaN(stocks[i])) {
                assertThat(own[i]).isCloseTo(stocks[i], offset(1e-6));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void output_inSinglePrecision_isTheStockOutput(boolean recurrent) {
        Nd4j.setDefaultDataTypes(DataType.FLOAT, DataType.FLOAT);
        Layer layer = recurrent ? recurrent(Activation.TANH) : selfAttention();
        MultiLayerNetwork stock = network(DataType.FLOAT, layer);
        MultiLayerNetwork adapted = adapted(stock, 0, LoraSettings.frozen());
        INDArray mask = Masks.lengths(4, 4, 1, 2);
        INDArray series = series(4).castTo(DataType.FLOAT);

        assertThat(values(adapted.output(series, false, mask, null)))
                .containsExactly(values(stock.output(series, false, mask, null)), offset(1e-6));
    }

    @Test
    void selfAttention_withoutProjections_isTheStockLayerAndHasNothingToAdapt() {
        SelfAttentionLayer plain = new SelfAttentionLayer.Builder()
                .nIn(4)
                .nOut(4)
                .nHeads(1)
                .projectInput(false)
                .build();
        MultiLayerNetwork stock =
                network(DataType.DOUBLE, new SimpleRnn.Builder().nOut(4).build(), plain);
        MultiLayerNetwork adapted = adapted(stock, 1, LoraSettings.frozen());

        assertThat(LayerKinds.weights(plain)).isEmpty();
        assertThat(values(adapted.output(series(5)))).containsExactly(values(stock.output(series(5))), offset(1e-12));
        // The layer below learns through it.
        assertThat(gradientsHold(adapted, 5)).isTrue();
    }

    @Test
    void selfAttention_inTheMiddleOfAStockNetwork_givesTheLayerBelowHalfOfTheStockGradient() {
        MultiLayerNetwork stock =
                network(DataType.DOUBLE, new SimpleRnn.Builder().nOut(4).build(), selfAttention());
        MultiLayerNetwork adapted = adapted(stock, 1, LoraSettings.frozen());

        double[] own = gradientOfTheLayerBelow(adapted);

        for (int i = 0; i < own.length; i++) {
            own[i] *= 2;
        }
        assertThat(gradientOfTheLayerBelow(stock)).containsExactly(own, offset(1e-12));
    }

    private static double[] gradientOfTheLayerBelow(MultiLayerNetwork network) {
        network.setInput(series(4));
        network.setLabels(labels(4));
        network.computeGradientAndScore();
        return values(network.gradient().getGradientFor("0_W"));
    }

    @Test
    void lowestLayer_givesNoGradientOfItsInputAndTheSameGradientsOfItsFactors() {
        MultiLayerNetwork stock = network(DataType.DOUBLE, selfAttention());
        LoraSettings settings = updates(Initialization.RANDOM, "Wq", "Wk", "Wv", "Wo");
        MultiLayerNetwork higher = adapted(stock, 0, settings);
        MultiLayerNetwork lowest = adapted(stock, 0, new LoraSettings(settings.slots(), settings.learning(), true));

        for (MultiLayerNetwork network : List.of(higher, lowest)) {
            network.setInput(series(4));
            network.setLabels(labels(4));
            network.computeGradientAndScore();
        }

        assertThat(values(lowest.gradient().gradient()))
                .isEqualTo(values(higher.gradient().gradient()));
    }

    @Test
    void factorsOfProjections_haveTheShapesOfPeftForAllHeadsTogether() {
        MultiLayerNetwork network = network(
                DataType.DOUBLE,
                new LoraSelfAttentionLayer.Builder()
                        .nIn(4)
                        .nOut(5)
                        .nHeads(2)
                        .headSize(3)
                        .projectInput(true)
                        .build());

        assertThat(network.getParam("0_Wq").shape()).containsExactly(2, 3, 4);
        assertThat(network.getParam("0_WqA0").shape()).containsExactly(8, 4);
        assertThat(network.getParam("0_WqB0").shape()).containsExactly(6, 8);
        assertThat(network.getParam("0_WoA0").shape()).containsExactly(8, 6);
        assertThat(network.getParam("0_WoB0").shape()).containsExactly(5, 8);
    }

    @Test
    void builders_withoutASizeOfTheInput_takeItFromTheNetwork() {
        NeuralNetConfiguration.ListBuilder list = new NeuralNetConfiguration.Builder()
                .updater(new Sgd(0.1))
                .dataType(DataType.DOUBLE)
                // Asks each layer for its parameters before it knows its sizes.
                .constrainWeights(new MaxNormConstraint(1, 1))
                .list()
                .layer(new LoraSelfAttentionLayer.Builder()
                        .nOut(6)
                        .nHeads(2)
                        .projectInput(true)
                        .build())
                .layer(new LoraRecurrentAttentionLayer.Builder()
                        .nOut(6)
                        .nHeads(2)
                        .build())
                .layer(new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                        .nOut(3)
                        .build());
        MultiLayerNetwork network = new MultiLayerNetwork(
                list.setInputType(InputType.recurrent(4, 5)).build());
        network.init();
        double[] before = values(network.getParam("0_Wq"));

        network.fit(series(5), labels(5));

        assertThat(network.getParam("0_Wq").shape()).containsExactly(2, 3, 4);
        assertThat(network.output(series(5)).shape()).containsExactly(3, 3, 5);
        assertThat(values(network.getParam("0_Wq"))).isEqualTo(before);
    }

    @Test
    void adapt_ofALayerWithoutASize_leavesItUsable() {
        SelfAttentionLayer stock = new SelfAttentionLayer.Builder()
                .nOut(6)
                .nHeads(2)
                .projectInput(true)
                .build();

        LayerKinds.adapt(stock, LoraSettings.frozen());

        assertThat(network(DataType.DOUBLE, stock).getParam("0_Wq").shape()).containsExactly(2, 3, 4);
    }

    @Test
    void setNIn_fromAnotherInputType_isRefusedAndChangesNothing() {
        LoraSelfAttentionLayer layer =
                LayerKinds.adapt(selfAttention(), LoraSelfAttentionLayer.class, LoraSettings.frozen());

        assertThatThrownBy(() -> layer.setNIn(InputType.recurrent(9), true))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("nIn = 9; expected 4");
        assertThat(layer.getNIn()).isEqualTo(4);
    }

    @Test
    void output_forSeriesOfAnotherSize_namesTheShape() {
        MultiLayerNetwork adapted = adapted(network(DataType.DOUBLE, selfAttention()), 0, LoraSettings.frozen());

        assertThatThrownBy(() -> adapted.output(LayerCase.normal("wrong", 3, 7, 2)))
                .isInstanceOf(DL4JInvalidInputException.class)
                .hasMessageContaining("shape [3, 7, 2]; expected [batch, 4, time]");
    }

    @Test
    void setParam_changesTheParameter() {
        MultiLayerNetwork adapted =
                adapted(network(DataType.DOUBLE, selfAttention()), 0, updates(Initialization.KAIMING_UNIFORM, "Wq"));
        INDArray value = LayerCase.normal("value", 6, 2);

        adapted.setParam("0_WqB0", value);

        assertThat(values(adapted.getParam("0_WqB0"))).isEqualTo(values(value));
    }

    @Test
    void regularization_ofTheFactors_isPartOfTheScore() {
        SelfAttentionLayer stock = new SelfAttentionLayer.Builder()
                .nIn(4)
                .nOut(5)
                .nHeads(2)
                .headSize(3)
                .projectInput(true)
                .l2(0.3)
                .build();
        MultiLayerNetwork adapted =
                adapted(network(DataType.DOUBLE, stock), 0, updates(Initialization.RANDOM, "Wq", "Wo"));
        double squares = 0;
        for (String factor : List.of("WqA0", "WqB0", "WoA0", "WoB0")) {
            squares += Math.pow(adapted.getParam("0_" + factor).norm2Number().doubleValue(), 2);
        }

        assertThat(adapted.getLayer(0).calcRegularizationScore(true)).isCloseTo(0.3 / 2 * squares, offset(1e-12));
    }
}
