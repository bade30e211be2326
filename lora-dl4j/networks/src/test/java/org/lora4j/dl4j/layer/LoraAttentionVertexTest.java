/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.conf.graph.AttentionVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.config.Initialization;
import org.lora4j.internal.dl4j.layer.VertexKinds;
import org.lora4j.method.LoraMethod;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.lossfunctions.LossFunctions;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** What {@link LayerAdapterContract} asks of layers, of the vertex. */
class LoraAttentionVertexTest {

    private static final String VERTEX = "attention";
    private static final List<String> WEIGHTS = List.of("Wq", "Wk", "Wv", "Wo");

    /** As many values of a parameter are tested by default. */
    private static final int SAMPLE = 4;

    // Two series of different sizes and lengths.
    private final INDArray[] features = {LayerCase.normal("queries", 3, 3, 4), LayerCase.normal("memory", 3, 2, 5)};
    private final INDArray labels =
            LayerCase.classes(12, 3).reshape(3, 4, 3).permute(0, 2, 1).dup('c');
    private final INDArray[] masks = {Masks.lengths(4, 4, 3, 1), Masks.lengths(5, 2, 5, 3)};
    private final INDArray[] labelMasks = {masks[0]};

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

    private static AttentionVertex stockVertex() {
        return new AttentionVertex.Builder()
                .nInQueries(4)
                .nInKeys(5)
                .nInValues(6)
                .nHeads(2)
                .headSize(3)
                .nOut(5)
                .projectInput(true)
                .build();
    }

    private static NeuralNetConfiguration.Builder builder(IUpdater updater) {
        return new NeuralNetConfiguration.Builder().seed(3).updater(updater);
    }

    private static ComputationGraph graph(GraphVertex vertex, NeuralNetConfiguration.Builder builder) {
        ComputationGraphConfiguration conf = builder.dataType(DataType.DOUBLE)
                .weightInit(new NormalDistribution(0, 0.6))
                .graphBuilder()
                .addInputs("left", "right")
                .addLayer("queries", new SimpleRnn.Builder().nOut(4).build(), "left")
                .addLayer("keys", new SimpleRnn.Builder().nOut(5).build(), "right")
                .addLayer("values", new SimpleRnn.Builder().nOut(6).build(), "right")
                .addVertex(VERTEX, vertex, "queries", "keys", "values")
                .addVertex("both", new MergeVertex(), VERTEX, "queries")
                .addLayer(
                        "out",
                        new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                                .nOut(3)
                                .build(),
                        "both")
                .setOutputs("out")
                .setInputTypes(InputType.recurrent(3, 4), InputType.recurrent(2, 5))
                .build();
        ComputationGraph graph = new ComputationGraph(conf);
        graph.init();
        return graph;
    }

    private static ComputationGraph stock() {
        return graph(stockVertex(), builder(new NoOp()));
    }

    private static LoraSettings updates(Initialization start, double dropout, String... learning) {
        List<LoraSlot> slots = new ArrayList<>();
        for (String weight : WEIGHTS) {
            slots.add(new LoraSlot(0, weight, 2, 0.7, dropout, true, false, start, 5));
            slots.add(new LoraSlot(1, weight, 3, 0.4, 0, true, true, start, 6));
        }
        return new LoraSettings(slots, List.of(learning), false);
    }

    private static ComputationGraph adapted(ComputationGraph stock, LoraSettings settings) {
        ComputationGraphConfiguration conf = stock.getConfiguration().clone();
        conf.getVertices()
                .put(
                        VERTEX,
                        VertexKinds.adapt(stock.getConfiguration().getVertices().get(VERTEX), settings));
        ComputationGraph graph = new ComputationGraph(conf);
        graph.init();
        stock.paramTable().forEach((name, value) -> parameter(graph, name).assign(value));
        return graph;
    }

    private double[] output(ComputationGraph graph) {
        return values(graph.output(false, features, masks, labelMasks)[0]);
    }

    private void fit(ComputationGraph graph, int steps) {
        for (int i = 0; i < steps; i++) {
            graph.fit(features, new INDArray[] {labels}, masks, labelMasks);
        }
    }

    private static double[] values(INDArray array) {
        return array.dup('c').data().asDouble();
    }

    // ComputationGraph.getParam looks among layers only.
    private static INDArray parameter(ComputationGraph graph, String name) {
        return graph.paramTable().get(name);
    }

    private static String full(String parameter) {
        return VERTEX + "_" + parameter;
    }

    @Test
    void output_whileBIsZero_isTheStockOutput() {
        ComputationGraph stock = stock();
        ComputationGraph adapted = adapted(stock, updates(Initialization.KAIMING_UNIFORM, 0));

        assertThat(output(adapted)).containsExactly(output(stock), offset(1e-12));
    }

    @Test
    void output_withoutMasks_isTheStockOutput() {
        ComputationGraph stock = stock();
        ComputationGraph adapted = adapted(stock, LoraSettings.frozen());

        assertThat(values(adapted.output(features)[0]))
                .containsExactly(values(stock.output(features)[0]), offset(1e-12));
    }

    @Test
    void output_withoutMasksAfterABatchWithMasks_seesNone() {
        ComputationGraph graph = adapted(stock(), updates(Initialization.RANDOM, 0));
        double[] expected = values(graph.output(features)[0]);

        output(graph);

        assertThat(values(graph.output(features)[0])).isEqualTo(expected);
    }

    @Test
    void gradients_areThoseOfDifferences() {
        assertGradientsHold(updates(Initialization.RANDOM, 0), masks, SAMPLE);
    }

    @Test
    void gradients_withoutMasksAndWithTheBaseLearning_areThoseOfDifferences() {
        assertGradientsHold(updates(Initialization.RANDOM, 0, "Wq", "Wk", "Wv", "Wo"), null, SAMPLE);
    }

    @Tag("thorough")
    @Test
    void everyGradient_isThatOfDifferences() {
        assertGradientsHold(updates(Initialization.RANDOM, 0), masks, Integer.MAX_VALUE);
        assertGradientsHold(updates(Initialization.RANDOM, 0, "Wq", "Wk", "Wv", "Wo"), null, Integer.MAX_VALUE);
    }

    private void assertGradientsHold(LoraSettings settings, INDArray[] inputMasks, int mostPerParameter) {
        ComputationGraph graph = adapted(stock(), settings);
        INDArray[] outputMasks = inputMasks == null ? null : labelMasks;
        MultiDataSet batch = new MultiDataSet(features, new INDArray[] {labels}, inputMasks, outputMasks);
        graph.setInputs(features);
        graph.setLabels(labels);
        graph.setLayerMaskArrays(inputMasks, outputMasks);
        graph.computeGradientAndScore();
        graph.clearLayerMaskArrays();
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        graph.gradient().gradientForVariable().forEach((name, array) -> gradients.put(name, array.dup('c')));

        Set<String> learning = new LinkedHashSet<>(graph.paramTable().keySet());
        if (settings.learning().isEmpty()) {
            WEIGHTS.forEach(name -> learning.remove(full(name)));
        }
        assertThat(gradients.keySet()).containsAll(learning);
        for (String name : learning) {
            Differences.assertAreTheGradient(
                    name,
                    parameter(graph, name),
                    gradients.get(name),
                    labels.size(0),
                    mostPerParameter,
                    () -> graph.score(batch, true));
        }
    }

    private ComputationGraph outside(ComputationGraph stock, LoraSettings settings) {
        INDArray values = stock.getVertex(VERTEX).params();
        FrozenVector vector = FrozenVector.of(values);
        ComputationGraphConfiguration conf = stock.getConfiguration().clone();
        conf.getVertices()
                .put(
                        VERTEX,
                        VertexKinds.adapt(
                                stock.getConfiguration().getVertices().get(VERTEX),
                                new LoraSettings(
                                        settings.slots(),
                                        settings.learning(),
                                        settings.lowest(),
                                        vector.part(0, values.length()))));
        ComputationGraph graph = new ComputationGraph(conf);
        graph.init();
        stock.paramTable().forEach((name, value) -> {
            if (graph.paramTable().containsKey(name)) {
                parameter(graph, name).assign(value);
            }
        });
        return graph;
    }

    @Test
    void parametersOutside_giveTheSameTraining_andAreNotTheGraphs() {
        for (String[] learning : new String[][] {{}, {"Wk"}}) {
            ComputationGraph stock = graph(stockVertex(), builder(new Adam(0.05)));
            double[] before = values(stock.params());
            LoraSettings updates = updates(Initialization.KAIMING_UNIFORM, 0.2, learning);
            ComputationGraph outside = outside(stock, updates);
            ComputationGraph inside = adapted(stock, updates);
            double[] first = output(outside);

            fit(outside, 3);
            fit(inside, 3);

            assertThat(outside.paramTable().keySet()).doesNotContain(full("Wq")).contains(full("WqA0"));
            outside.paramTable()
                    .forEach((name, value) ->
                            assertThat(values(value)).as(name).isEqualTo(values(parameter(inside, name))));
            assertThat(output(outside)).isEqualTo(output(inside)).isNotEqualTo(first);
            assertThat(output(outside.clone())).isEqualTo(output(outside));
            assertThat(values(stock.params())).isEqualTo(before);
        }
    }

    @Test
    void frozenVertexOutside_hasNoParametersInTheGraph() {
        ComputationGraph stock = graph(stockVertex(), builder(new Adam(0.05)));
        ComputationGraph outside = outside(stock, LoraSettings.frozen());
        ComputationGraph inside = adapted(stock, LoraSettings.frozen());

        fit(outside, 3);
        fit(inside, 3);

        assertThat(outside.getVertex(VERTEX).numParams()).isZero();
        assertThat(output(outside)).isEqualTo(output(inside));
        assertThat(outside.params().length())
                .isEqualTo(stock.params().length() - stock.getVertex(VERTEX).numParams());
    }

    @Test
    void mergedWeight_givesTheOutputOfTheUpdates() {
        ComputationGraph stock = stock();
        List<LoraSlot> slots = new ArrayList<>();
        for (String weight : WEIGHTS) {
            slots.add(new LoraSlot(0, weight, 2, 0.7, 0, true, false, Initialization.RANDOM, 5));
            slots.add(new LoraSlot(1, weight, 3, 0.4, 0, true, false, Initialization.RANDOM, 6));
        }
        ComputationGraph adapted = adapted(stock, new LoraSettings(slots, List.of(), false));
        double[] expected = output(adapted);
        GraphVertex vertex = adapted.getConfiguration().getVertices().get(VERTEX);

        for (LoraSlot slot : ((LoraLayer) vertex).lora().slots()) {
            LayerWeight weight = VertexKinds.weight(vertex, slot.weight());
            Map<String, INDArray> factors = Map.of(
                    LoraMethod.down(weight.shape()),
                            parameter(adapted, full(slot.a())).dup('c'),
                    LoraMethod.up(weight.shape()),
                            parameter(adapted, full(slot.b())).dup('c'));
            INDArray own = parameter(stock, full(slot.weight()));
            INDArray merged =
                    new LoraMethod().mergedWeight(weight.shape(), weight.toPeft(own), factors, slot.scaling());
            own.assign(weight.layout().fromPeft(merged, own.shape()));
        }

        assertThat(output(stock)).containsExactly(expected, offset(1e-6));
    }

    @ParameterizedTest
    @EnumSource(GradientNormalization.class)
    void frozenParameters_whateverTouchesParameters_keepTheirBytes(GradientNormalization clipping) {
        NeuralNetConfiguration.Builder hostile = builder(new Adam(0.05))
                .biasUpdater(new Adam(0.03))
                .l1(0.02)
                .l2(0.1)
                .l2Bias(0.1)
                .gradientNormalization(clipping)
                .gradientNormalizationThreshold(0.2);
        LoraAttentionVertex vertex =
                VertexKinds.adapt(stockVertex(), LoraAttentionVertex.class, updates(Initialization.KAIMING_UNIFORM, 0));
        ComputationGraph graph = graph(vertex, hostile);
        Map<String, double[]> before = new LinkedHashMap<>();
        graph.paramTable().forEach((name, value) -> before.put(name, values(value)));

        fit(graph, 3);

        graph.paramTable().forEach((name, value) -> {
            boolean frozen = WEIGHTS.contains(name.substring(name.indexOf('_') + 1));
            if (frozen) {
                assertThat(values(value)).as(name).isEqualTo(before.get(name));
            } else {
                assertThat(values(value)).as(name).isNotEqualTo(before.get(name));
            }
        });
    }

    @Test
    void frozenParameters_haveNoUpdaterState() {
        LoraAttentionVertex vertex =
                VertexKinds.adapt(stockVertex(), LoraAttentionVertex.class, updates(Initialization.KAIMING_UNIFORM, 0));
        ComputationGraph graph = graph(vertex, builder(new Adam(0.01)));
        long frozen = 0;
        for (String weight : WEIGHTS) {
            frozen += parameter(graph, full(weight)).length();
        }

        assertThat(graph.getUpdater().getStateViewArray().length())
                .isEqualTo(2 * (graph.params().length() - frozen));
    }

    @Test
    void configuration_throughJsonAndYaml_isTheSame() {
        ComputationGraphConfiguration conf =
                adapted(stock(), updates(Initialization.KAIMING_UNIFORM, 0.1)).getConfiguration();

        ComputationGraphConfiguration json = ComputationGraphConfiguration.fromJson(conf.toJson());
        ComputationGraphConfiguration yaml = ComputationGraphConfiguration.fromYaml(conf.toYaml());

        assertThat(json).isEqualTo(conf);
        assertThat(yaml).isEqualTo(conf);
        assertThat(((LoraLayer) json.getVertices().get(VERTEX)).lora())
                .isEqualTo(((LoraLayer) conf.getVertices().get(VERTEX)).lora());
    }

    @Test
    void training_savedAndResumed_equalsOneThatWasNotInterrupted() throws IOException {
        LoraAttentionVertex vertex = VertexKinds.adapt(
                stockVertex(), LoraAttentionVertex.class, updates(Initialization.KAIMING_UNIFORM, 0.3));
        ComputationGraph graph = graph(vertex, builder(new Adam(0.02)));
        fit(graph, 3);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ModelSerializer.writeModel(graph, bytes, true);
        ComputationGraph restored =
                ModelSerializer.restoreComputationGraph(new ByteArrayInputStream(bytes.toByteArray()), true);

        fit(graph, 3);
        fit(restored, 3);

        assertThat(values(restored.params())).isEqualTo(values(graph.params()));
        assertThat(values(restored.getUpdater().getStateViewArray()))
                .isEqualTo(values(graph.getUpdater().getStateViewArray()));
    }

    @Test
    void clone_computesAndTrainsLikeTheGraph() {
        LoraAttentionVertex vertex =
                VertexKinds.adapt(stockVertex(), LoraAttentionVertex.class, updates(Initialization.KAIMING_UNIFORM, 0));
        ComputationGraph graph = graph(vertex, builder(new Adam(0.02)));
        fit(graph, 2);

        ComputationGraph clone = graph.clone();
        // Copies of graphs start to count again, on which Adam depends.
        clone.getConfiguration().setIterationCount(graph.getIterationCount());
        assertThat(output(clone)).isEqualTo(output(graph));
        fit(graph, 2);
        fit(clone, 2);

        assertThat(values(clone.params())).isEqualTo(values(graph.params()));
    }

    @Test
    void training_withDropout_dependsOnTheSeedOnly() {
        List<double[]> results = new ArrayList<>();
        for (int run = 0; run < 2; run++) {
            LoraAttentionVertex vertex =
                    VertexKinds.adapt(stockVertex(), LoraAttentionVertex.class, updates(Initialization.RANDOM, 0.4));
            ComputationGraph graph = graph(vertex, builder(new Adam(0.02)));
            Nd4j.getRandom().setSeed(run);
            fit(graph, 2);
            results.add(values(graph.params()));
        }

        assertThat(results.get(1)).isEqualTo(results.get(0));
    }

    @Test
    void stockSettings_areAllCarriedOver() {
        GraphVertex stock = graph(stockVertex(), builder(new Adam(0.01)).l2(0.1))
                .getConfiguration()
                .getVertices()
                .get(VERTEX);
        GraphVertex adapted = VertexKinds.adapt(stock, LoraSettings.frozen());

        assertThat(jsonWithout(adapted, "@class", "lora")).isEqualTo(jsonWithout(stock, "@class"));
    }

    private static ObjectNode jsonWithout(GraphVertex vertex, String... fields) {
        ObjectNode json = NeuralNetConfiguration.mapper().valueToTree(vertex);
        return json.remove(List.of(fields));
    }

    @Test
    void builder_adaptsEveryProjectionByDefault() {
        LoraAttentionVertex vertex = (LoraAttentionVertex) new LoraAttentionVertex.Builder()
                .nInQueries(4)
                .nInKeys(5)
                .nInValues(6)
                .nHeads(2)
                .headSize(3)
                .nOut(5)
                .projectInput(true)
                .build();

        ComputationGraph graph = graph(vertex, builder(new NoOp()));

        assertThat(parameter(graph, full("WvA0")).shape()).containsExactly(8, 6);
        assertThat(parameter(graph, full("WvB0")).shape()).containsExactly(6, 8);
        assertThat(parameter(graph, full("WoA0")).shape()).containsExactly(8, 6);
        assertThat(parameter(graph, full("WoB0")).shape()).containsExactly(5, 8);
    }

    @Test
    void setNOut_ofAnAdaptedVertex_isRefused() {
        LoraAttentionVertex vertex = VertexKinds.adapt(stockVertex(), LoraAttentionVertex.class, LoraSettings.frozen());

        assertThatThrownBy(() -> vertex.setNOut(1234))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("nOut = 1234; expected 5")
                .hasMessageContaining("Unload the adapters");
    }

    @Test
    void adapt_ofAVertexWithoutWeights_namesTheKindsThatCanBe() {
        assertThatThrownBy(() -> VertexKinds.adapt(new MergeVertex(), LoraSettings.frozen()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("MergeVertex")
                .hasMessageContaining("[AttentionVertex]");
    }

    @Test
    void slot_ofAWeightThatIsNotThere_isRefused() {
        LoraSettings wrong = LoraSettings.standard("Wx");
        LoraAttentionVertex vertex = VertexKinds.adapt(stockVertex(), LoraAttentionVertex.class, wrong);

        assertThatThrownBy(vertex::getVertexParams)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no adaptable weight \"Wx\"")
                .hasMessageContaining("[Wq, Wk, Wv, Wo]");
    }

    @Test
    void output_forSeriesOfAnotherSize_namesTheVertexAndTheShape() {
        AttentionVertex wrong = stockVertex();
        wrong.setNInKeys(7);
        ComputationGraph graph = graph(VertexKinds.adapt(wrong, LoraSettings.frozen()), builder(new NoOp()));

        assertThatThrownBy(() -> graph.output(features))
                .isInstanceOf(DL4JInvalidInputException.class)
                .hasMessageContaining("keys of vertex \"attention\": shape [3, 5, 5]; expected [batch, 7, time]");
    }
}
