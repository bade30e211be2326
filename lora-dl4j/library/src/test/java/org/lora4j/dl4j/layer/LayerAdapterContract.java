/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.constraint.NonNegativeConstraint;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.array.RandomStreams;
import org.lora4j.config.Initialization;
import org.lora4j.method.LoraMethod;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * What every adapted kind of layer must keep. A kind is done when its subclass passes: name the stock layer, the layers
 * around it, and data for it.
 */
public abstract class LayerAdapterContract {

    /** Inside the layer under test sums of few numbers of order 1 are rounded. */
    private static final double MERGED = 1e-6;

    private DataType typeBefore;

    @BeforeEach
    void computeInDouble() {
        // Network constructors and GradientCheckUtil look at the default type.
        typeBefore = Nd4j.dataType();
        Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
    }

    @AfterEach
    void restoreType() {
        Nd4j.setDefaultDataTypes(typeBefore, typeBefore);
    }

    /** The stock layer under test, without a name; a new one at each call. */
    protected abstract Layer stock();

    /** Layers below the one under test; none by default. */
    protected List<Layer> below() {
        return List.of();
    }

    /** Layers above; an output layer at least, unless the layer under test is one. */
    protected abstract List<Layer> above();

    /** The type of the network's input; null if every layer names its sizes. */
    protected abstract InputType inputType();

    /** A batch of inputs. */
    protected abstract INDArray features();

    /** Labels for the batch. */
    protected abstract INDArray labels();

    /** A mask of the inputs, or null. */
    protected INDArray featuresMask() {
        return null;
    }

    /** A mask of the labels, or null. */
    protected INDArray labelsMask() {
        return null;
    }

    /** How far the output may be from that of the stock layer, which is 0 unless its products are done again by hand. */
    protected double rounding() {
        return 0;
    }

    /** What the stock layer puts out over the values of this network; for a kind that cannot run, what it is meant to. */
    protected INDArray stockOutput(MultiLayerNetwork stock) {
        return output(reference(stock));
    }

    /** Sets the number of outputs of a configuration; kinds differ in the class that has the setter. */
    protected void setNOut(Layer layer, long size) {
        ((FeedForwardLayer) Wrappers.inner(layer)).setNOut(size);
    }

    /** Whether the stock layer can be run at all. Where it cannot, the adapted layer without updates stands in for it. */
    protected boolean stockRuns() {
        return true;
    }

    private MultiLayerNetwork reference(MultiLayerNetwork stock) {
        return stockRuns() ? stock : adapted(stock, LoraSettings.frozen());
    }

    /** Random numbers for batches, always the same. */
    protected static INDArray normal(String stream, long... shape) {
        return RandomStreams.normal(RandomStreams.of(7, stream), 1, DataType.DOUBLE, shape);
    }

    /** One-hot rows. */
    protected static INDArray classes(int rows, int classes) {
        INDArray labels = Nd4j.zeros(DataType.DOUBLE, rows, classes);
        SplittableRandom random = RandomStreams.of(7, "classes");
        for (int i = 0; i < rows; i++) {
            labels.putScalar(i, random.nextInt(classes), 1);
        }
        return labels;
    }

    final List<String> weights() {
        return LayerKinds.weights(configuration(built(stock(), new NoOp()))).stream()
                .map(LayerWeight::name)
                .toList();
    }

    private LoraSettings updates(Initialization start, double dropout) {
        List<LoraSlot> slots = new ArrayList<>();
        for (String weight : weights()) {
            slots.add(new LoraSlot(0, weight, 2, 0.7, dropout, true, false, start, 5));
            slots.add(new LoraSlot(1, weight, 3, 0.4, 0, true, false, start, 6));
        }
        return new LoraSettings(slots, List.of(), false);
    }

    // Running wrappers answer with the configuration of the layer inside.
    final Layer configuration(MultiLayerNetwork network) {
        return network.getLayerWiseConfigurations().getConf(position()).getLayer();
    }

    final int position() {
        return below().size();
    }

    final MultiLayerNetwork built(Layer layer, IUpdater updater) {
        return network(layer, new NeuralNetConfiguration.Builder().seed(3).updater(updater));
    }

    final MultiLayerNetwork network(Layer layer, NeuralNetConfiguration.Builder builder) {
        builder.dataType(DataType.DOUBLE).weightInit(new NormalDistribution(0, 0.6));
        NeuralNetConfiguration.ListBuilder list = builder.list();
        below().forEach(list::layer);
        list.layer(layer);
        above().forEach(list::layer);
        MultiLayerNetwork network =
                new MultiLayerNetwork(list.setInputType(inputType()).build());
        network.init();
        return network;
    }

    /** The network with updates in the layer under test, over the values of the stock network. */
    final MultiLayerNetwork adapted(MultiLayerNetwork stock, LoraSettings settings) {
        MultiLayerConfiguration conf = stock.getLayerWiseConfigurations().clone();
        NeuralNetConfiguration own = conf.getConf(position());
        own.clearVariables();
        own.setLayer(LayerKinds.adapt(own.getLayer(), settings));
        MultiLayerNetwork network = new MultiLayerNetwork(conf);
        network.init();
        stock.paramTable().forEach((name, value) -> network.getParam(name).assign(value));
        return network;
    }

    /** The output for the features. */
    protected final INDArray output(MultiLayerNetwork network) {
        return network.output(features(), false, featuresMask(), labelsMask());
    }

    final void fit(MultiLayerNetwork network, int steps) {
        for (int i = 0; i < steps; i++) {
            network.fit(features(), labels(), featuresMask(), labelsMask());
        }
    }

    static double[] values(INDArray array) {
        return array.dup('c').data().asDouble();
    }

    private Map<String, double[]> parameters(MultiLayerNetwork network) {
        Map<String, double[]> values = new LinkedHashMap<>();
        network.paramTable().forEach((name, array) -> values.put(name, values(array)));
        return values;
    }

    final Set<String> stockNames() {
        return built(stock(), new NoOp()).getLayer(position()).paramTable().keySet();
    }

    @Test
    void output_whileBIsZero_isTheStockOutputInEveryValue() {
        MultiLayerNetwork stock = built(stock(), new NoOp());
        MultiLayerNetwork adapted = adapted(stock, updates(Initialization.KAIMING_UNIFORM, 0));

        if (rounding() == 0) {
            assertThat(values(output(adapted))).isEqualTo(values(stockOutput(stock)));
        } else {
            assertThat(values(output(adapted))).containsExactly(values(stockOutput(stock)), offset(rounding()));
        }
    }

    @Test
    void output_withActingUpdates_differsFromTheStockOutput() {
        MultiLayerNetwork stock = built(stock(), new NoOp());
        MultiLayerNetwork adapted = adapted(stock, updates(Initialization.RANDOM, 0));

        assertThat(values(output(adapted))).isNotEqualTo(values(stockOutput(stock)));
    }

    @Test
    void gradients_areThoseOfDifferences() {
        MultiLayerNetwork network = adapted(built(stock(), new NoOp()), updates(Initialization.RANDOM, 0));

        assertThat(gradientsHold(network)).isTrue();
    }

    @Test
    void gradients_withTheBaseLearning_areThoseOfDifferences() {
        LoraSettings updates = updates(Initialization.RANDOM, 0);
        LoraSettings all = new LoraSettings(updates.slots(), List.copyOf(stockNames()), false);
        MultiLayerNetwork network = adapted(built(stock(), new NoOp()), all);

        assertThat(gradientsHold(network)).isTrue();
    }

    private boolean gradientsHold(MultiLayerNetwork network) {
        Set<String> frozen = new HashSet<>();
        Layer layer = configuration(network);
        for (String name : stockNames()) {
            if (!LayerKinds.settings(layer).orElseThrow().learns(name)) {
                frozen.add(position() + "_" + name);
            }
        }
        return GradientCheckUtil.checkGradients(new GradientCheckUtil.MLNConfig()
                .net(network)
                .input(features())
                .labels(labels())
                .inputMask(featuresMask())
                .labelMask(labelsMask())
                .excludeParams(frozen)
                .epsilon(1e-6)
                .maxRelError(1e-5)
                .minAbsoluteError(1e-8)
                .print(GradientCheckUtil.PrintMode.FAILURES_ONLY));
    }

    @Test
    void mergedWeight_givesTheOutputOfTheUpdates() {
        MultiLayerNetwork stock = built(stock(), new NoOp());
        MultiLayerNetwork adapted = adapted(stock, updates(Initialization.RANDOM, 0));
        double[] expected = values(output(adapted));
        Layer layer = configuration(adapted);

        for (LoraSlot slot : LayerKinds.settings(layer).orElseThrow().slots()) {
            LayerWeight weight = LayerKinds.weight(layer, slot.weight());
            Map<String, INDArray> factors = Map.of(
                    LoraMethod.down(weight.shape()),
                            adapted.getLayer(position()).getParam(slot.a()).dup('c'),
                    LoraMethod.up(weight.shape()),
                            adapted.getLayer(position()).getParam(slot.b()).dup('c'));
            INDArray own = stock.getLayer(position()).getParam(slot.weight());
            INDArray merged =
                    new LoraMethod().mergedWeight(weight.shape(), weight.toPeft(own), factors, slot.scaling());
            INDArray part = weight.part(own);
            part.assign(weight.layout().fromPeft(merged, part.shape()));
        }

        assertThat(values(stockOutput(stock))).containsExactly(expected, offset(MERGED));
    }

    @ParameterizedTest
    @EnumSource(GradientNormalization.class)
    void frozenParameters_whateverTouchesParameters_keepTheirBytes(GradientNormalization clipping) {
        NeuralNetConfiguration.Builder hostile = new NeuralNetConfiguration.Builder()
                .seed(3)
                .updater(new Adam(0.05))
                .biasUpdater(new Adam(0.03))
                .l1(0.02)
                .l2(0.1)
                .l2Bias(0.1)
                .weightNoise(new DropConnect(0.7))
                .constrainWeights(new MaxNormConstraint(0.3, 1))
                .constrainBias(new NonNegativeConstraint())
                .gradientNormalization(clipping)
                .gradientNormalizationThreshold(0.2);
        assertOnlyFactorsMove(hostile);
    }

    @Test
    void frozenParameters_underWeightDecay_keepTheirBytes() {
        // DL4J takes either L2 or weight decay.
        assertOnlyFactorsMove(new NeuralNetConfiguration.Builder()
                .seed(3)
                .updater(new Adam(0.05))
                .weightDecay(0.1)
                .weightDecayBias(0.1));
    }

    private void assertOnlyFactorsMove(NeuralNetConfiguration.Builder hostile) {
        MultiLayerNetwork network = adapted(network(stock(), hostile), updates(Initialization.KAIMING_UNIFORM, 0));
        Map<String, double[]> before = parameters(network);

        fit(network, 3);

        Map<String, double[]> after = parameters(network);
        for (String name : stockNames()) {
            String full = position() + "_" + name;
            assertThat(after.get(full)).as(full).isEqualTo(before.get(full));
        }
        Layer layer = configuration(network);
        for (LoraSlot slot : LayerKinds.settings(layer).orElseThrow().slots()) {
            String a = position() + "_" + slot.a();
            String b = position() + "_" + slot.b();
            assertThat(after.get(a)).as(a).isNotEqualTo(before.get(a));
            assertThat(after.get(b)).as(b).isNotEqualTo(before.get(b));
        }
    }

    @Test
    void frozenParameters_haveNoUpdaterState() {
        MultiLayerNetwork network = adapted(built(stock(), new Adam(0.01)), updates(Initialization.KAIMING_UNIFORM, 0));
        long learning = 0;
        for (Map.Entry<String, INDArray> parameter : network.paramTable().entrySet()) {
            String[] name = parameter.getKey().split("_");
            boolean frozen =
                    Integer.parseInt(name[0]) == position() && stockNames().contains(name[1]);
            learning += frozen ? 0 : parameter.getValue().length();
        }

        assertThat(network.getUpdater().getStateViewArray().length()).isEqualTo(2 * learning);
    }

    @Test
    void configuration_throughJsonAndYaml_isTheSame() {
        MultiLayerConfiguration conf = adapted(
                        built(stock(), new Adam(0.01)), updates(Initialization.KAIMING_UNIFORM, 0.1))
                .getLayerWiseConfigurations();

        MultiLayerConfiguration json = MultiLayerConfiguration.fromJson(conf.toJson());
        MultiLayerConfiguration yaml = MultiLayerConfiguration.fromYaml(conf.toYaml());

        assertThat(json).isEqualTo(conf);
        assertThat(yaml).isEqualTo(conf);
        assertThat(LayerKinds.settings(json.getConf(position()).getLayer()))
                .isEqualTo(LayerKinds.settings(conf.getConf(position()).getLayer()));
    }

    @Test
    void training_savedAndResumed_equalsOneThatWasNotInterrupted() throws IOException {
        MultiLayerNetwork network =
                adapted(built(stock(), new Adam(0.02)), updates(Initialization.KAIMING_UNIFORM, 0.3));
        fit(network, 3);
        MultiLayerNetwork restored = throughZip(network);

        fit(network, 3);
        fit(restored, 3);

        assertThat(values(restored.params())).isEqualTo(values(network.params()));
        assertThat(values(restored.getUpdater().getStateViewArray()))
                .isEqualTo(values(network.getUpdater().getStateViewArray()));
    }

    static MultiLayerNetwork throughZip(MultiLayerNetwork network) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ModelSerializer.writeModel(network, bytes, true);
        return ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(bytes.toByteArray()), true);
    }

    @Test
    void clone_computesAndTrainsLikeTheNetwork() {
        MultiLayerNetwork network = adapted(built(stock(), new Adam(0.02)), updates(Initialization.KAIMING_UNIFORM, 0));
        fit(network, 2);

        MultiLayerNetwork clone = network.clone();
        assertThat(values(output(clone))).isEqualTo(values(output(network)));
        fit(network, 2);
        fit(clone, 2);

        assertThat(values(clone.params())).isEqualTo(values(network.params()));
    }

    @Test
    void training_withDropout_dependsOnTheSeedOnly() {
        MultiLayerNetwork one = adapted(built(stock(), new Adam(0.02)), updates(Initialization.RANDOM, 0.4));
        MultiLayerNetwork two = adapted(built(stock(), new Adam(0.02)), updates(Initialization.RANDOM, 0.4));
        fit(one, 2);
        Nd4j.getRandom().setSeed(99);
        fit(two, 2);

        assertThat(values(two.params())).isEqualTo(values(one.params()));
    }

    @Test
    void setNOut_ofAnAdaptedLayer_isRefused() {
        MultiLayerNetwork network = adapted(built(stock(), new NoOp()), updates(Initialization.KAIMING_UNIFORM, 0));
        Layer layer = configuration(network);

        assertThatThrownBy(() -> setNOut(layer, 1234))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("nOut = 1234; expected ")
                .hasMessageContaining("Unload the adapters");
    }

    @Test
    void stockSettings_areAllCarriedOver() {
        Layer stock = configuration(built(stock(), new Adam(0.01)));
        Layer adapted = LayerKinds.adapt(stock, LoraSettings.frozen());

        assertThat(withoutUpdates(adapted)).isEqualTo(withoutUpdates(stock));
    }

    private static JsonNode withoutUpdates(Layer layer) {
        JsonNode json = NeuralNetConfiguration.mapper().valueToTree(layer);
        json.findParents("lora").forEach(parent -> ((ObjectNode) parent).remove("lora"));
        json.findParents("@class").stream()
                .filter(parent -> isLayer(parent.get("@class").asText()))
                .forEach(parent -> ((ObjectNode) parent).remove("@class"));
        return json;
    }

    private static boolean isLayer(String name) {
        return name.startsWith("org.lora4j.") || name.startsWith("org.deeplearning4j.nn.conf.layers.");
    }

    /** For subclasses. */
    protected static Activation smooth() {
        return Activation.TANH;
    }
}
