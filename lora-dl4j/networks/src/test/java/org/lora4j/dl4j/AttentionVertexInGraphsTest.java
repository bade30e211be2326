/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.conf.graph.AttentionVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution1D;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.nn.weights.WeightInit;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.layer.LoraAttentionVertex;
import org.lora4j.error.NoMatchingModuleException;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class AttentionVertexInGraphsTest {

    MemoryMode mode() {
        return MemoryMode.IN_VIEW;
    }

    private AdaptedNetwork<ComputationGraph> inject(ComputationGraph base, LoraConfig config, long seed) {
        return DefaultAdapter.fresh(AdaptedNetwork.of(base, mode()), config, seed);
    }

    private AdaptedNetwork<ComputationGraph> adapted(ComputationGraph base) {
        return AdaptedNetwork.of(base, mode());
    }

    private static final long SEED = 42;

    /** The vertex is computed by hand, and so rounds differently. */
    private static final double BY_HAND = 1e-12;

    private static final double MERGED = 1e-6;

    private static final LoraConfig ALL = LoraConfig.builder()
            .rank(2)
            .alpha(3)
            .targetModules("Wq", "Wk", "Wv", "Wo")
            .build();

    private final INDArray[] features = {normal(3, 3, 4), normal(3, 2, 5)};
    private final INDArray[] labels = {
        Networks.classes(12, 3).reshape(3, 4, 3).permute(0, 2, 1).dup('c')
    };

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

    private static AttentionVertex projecting() {
        return new AttentionVertex.Builder()
                .nInQueries(4)
                .nInKeys(4)
                .nInValues(4)
                .nHeads(2)
                .headSize(3)
                .nOut(4)
                .projectInput(true)
                .build();
    }

    private static AttentionVertex plain() {
        return new AttentionVertex.Builder()
                .nInQueries(4)
                .nInKeys(4)
                .nInValues(4)
                .nHeads(1)
                .headSize(4)
                .nOut(4)
                .projectInput(false)
                .build();
    }

    /** Queries from the left, keys and values from one layer on the right, and what queries see beside the queries. */
    private static ComputationGraph graph(GraphVertex vertex, IUpdater updater) {
        return graph(vertex, updater, new SimpleRnn.Builder().nOut(4).build());
    }

    private static ComputationGraph graph(GraphVertex vertex, IUpdater updater, Layer below) {
        ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(updater)
                .weightInit(new NormalDistribution(0, 0.6))
                .graphBuilder()
                .addInputs("left", "right")
                .addLayer("queries", below.clone(), "left")
                .addLayer("memory", below.clone(), "right")
                .addVertex("attention", vertex, "queries", "memory", "memory")
                .addVertex("both", new MergeVertex(), "attention", "queries")
                .addLayer("above", new SimpleRnn.Builder().nOut(5).build(), "both")
                .addLayer(
                        "head",
                        new RnnOutputLayer.Builder(LossFunction.MCXENT).nOut(3).build(),
                        "above")
                .setOutputs("head")
                .setInputTypes(InputType.recurrent(3, 4), InputType.recurrent(2, 5))
                .build());
        graph.init();
        return graph;
    }

    private static GraphVertex vertex(ComputationGraph graph) {
        return graph.getConfiguration().getVertices().get("attention");
    }

    private static ComputationGraph graph() {
        return graph(projecting(), new Adam(0.02));
    }

    private void fit(ComputationGraph graph, int steps) {
        for (int i = 0; i < steps; i++) {
            graph.fit(features, labels);
        }
    }

    private double[] output(ComputationGraph graph) {
        return values(graph.output(features)[0]);
    }

    private static Map<String, double[]> parameters(ComputationGraph graph) {
        Map<String, double[]> copies = new LinkedHashMap<>();
        graph.paramTable().forEach((name, value) -> copies.put(name, values(value)));
        return copies;
    }

    private boolean gradientsHold(ComputationGraph graph, String... learning) {
        Set<String> frozen = new HashSet<>(graph.paramTable().keySet());
        frozen.removeAll(Set.of(learning));
        frozen.removeIf(name -> name.matches(".*_\\w+[AB]0"));
        return GradientCheckUtil.checkGradients(new GradientCheckUtil.GraphConfig()
                .net(graph)
                .inputs(features)
                .labels(labels)
                .excludeParams(frozen)
                .epsilon(1e-6)
                .maxRelError(1e-5)
                .minAbsoluteError(1e-8)
                .print(GradientCheckUtil.PrintMode.FAILURES_ONLY));
    }

    private static LoraConfig random(String... targets) {
        return LoraConfig.builder()
                .rank(2)
                .initialization(Initialization.RANDOM)
                .targetModules(targets)
                .build();
    }

    @Test
    void modules_areTheProjections() {
        NetworkModules modules = NetworkModules.find(graph());

        assertThat(modules.toString())
                .contains("attention.Wq: linear [6, 4] (AttentionVertex, parameter \"attention_Wq\")")
                .contains("attention.Wk: linear [6, 4]")
                .contains("attention.Wv: linear [6, 4]")
                .contains("attention.Wo: linear [4, 6]");
    }

    @Test
    void inject_givesTheOutputOfTheBase_andLeavesItAlone() {
        ComputationGraph base = graph();
        fit(base, 2);
        String configuration = base.getConfiguration().toJson();
        double[] parameters = values(base.params());
        double[] memory = values(base.getUpdater().getStateViewArray());
        double[] before = output(base);

        AdaptedNetwork<ComputationGraph> model = inject(base, ALL, SEED);

        assertThat(output(model.network())).containsExactly(before, offset(BY_HAND));
        fit(model.network(), 3);
        assertThat(output(model.network())).isNotEqualTo(before);
        assertThat(model.network().getConfiguration().getVertices().get("attention"))
                .isInstanceOf(LoraAttentionVertex.class);
        assertThat(model.network().getIterationCount()).isEqualTo(5);
        assertThat(base.getConfiguration().toJson()).isEqualTo(configuration);
        assertThat(values(base.params())).isEqualTo(parameters);
        assertThat(values(base.getUpdater().getStateViewArray())).isEqualTo(memory);
        assertThat(output(model.unload())).isEqualTo(before);
    }

    @Test
    void training_movesTheFactorsOnly_andTheAdapterHasThem() {
        AdaptedNetwork<ComputationGraph> model = inject(graph(), ALL, SEED);
        Map<String, double[]> before = parameters(model.network());

        fit(model.network(), 3);

        Map<String, double[]> after = parameters(model.network());
        assertThat(after).containsKeys("attention_WqA0", "attention_WoB0");
        after.forEach((name, value) -> {
            if (name.matches("attention_W[qkvo][AB]0")) {
                assertThat(value).as(name).isNotEqualTo(before.get(name));
            } else {
                assertThat(value).as(name).isEqualTo(before.get(name));
            }
        });
        assertThat(values(model.adapter("default").modules().get("attention.Wv").get("lora_B.weight")))
                .isEqualTo(after.get("attention_WvB0"));
    }

    @Test
    void adapter_savedAndLoaded_givesTheOutput(@TempDir Path directory) throws IOException {
        ComputationGraph base = graph();
        AdaptedNetwork<ComputationGraph> model = inject(base, ALL, SEED);
        fit(model.network(), 3);

        model.adapter("default").save(directory);

        assertThat(output(
                        DefaultAdapter.saved(AdaptedNetwork.of(base), directory).network()))
                .isEqualTo(output(model.network()));
    }

    @Test
    void mergeAndUnload_givesAStockGraphThatCanBeTrained() {
        AdaptedNetwork<ComputationGraph> model = inject(graph(), ALL, SEED);
        fit(model.network(), 3);

        ComputationGraph merged = model.mergeAndUnload();

        assertThat(merged.getConfiguration().toJson()).doesNotContain("lora4j");
        assertThat(output(merged)).containsExactly(output(model.network()), offset(MERGED));
        double[] weights = values(merged.paramTable().get("attention_Wq"));
        fit(merged, 1);
        assertThat(values(merged.paramTable().get("attention_Wq"))).isNotEqualTo(weights);
    }

    @Test
    void merge_computesTheSame_andUnmergeIsExact() {
        AdaptedNetwork<ComputationGraph> model = inject(graph(), ALL, SEED);
        fit(model.network(), 3);
        double[] attached = output(model.network());

        model.merge();
        assertThat(output(model.network())).containsExactly(attached, offset(MERGED));
        model.unmerge();

        assertThat(output(model.network())).isEqualTo(attached);
    }

    @Test
    void states_keepValuesAndUpdaterHistory() {
        AdaptedNetwork<ComputationGraph> model = inject(graph(), ALL, SEED);
        AdaptedNetwork<ComputationGraph> straight = inject(graph(), ALL, SEED);
        model.addAdapter("other", random("above.W"), 7);
        fit(model.network(), 3);

        model.activate("other");
        model.network();
        model.disable();
        model.enable();
        model.activate("default");
        fit(model.network(), 2);
        fit(straight.network(), 5);

        assertThat(values(model.network().params()))
                .isEqualTo(values(straight.network().params()));
    }

    @Test
    void modulesToSave_goOnWithTheirUpdaterHistory() {
        ComputationGraph base = graph();
        fit(base, 3);
        LoraConfig config =
                random("above.W").toBuilder().modulesToSave("attention.Wo").build();
        GraphAccess access = new GraphAccess();

        AdaptedNetwork<ComputationGraph> model = inject(base, config, SEED);

        ComputationGraph network = model.network();
        Map<String, List<INDArray>> known = UpdaterHistory.read(access.updater(base, false), access::key);
        Map<String, List<INDArray>> memory = UpdaterHistory.read(access.updater(network, false), access::key);
        assertThat(memory.get("attention/Wo")).hasSize(2).isEqualTo(known.get("attention/Wo"));
        Map<String, double[]> before = parameters(network);
        fit(network, 2);
        Map<String, double[]> after = parameters(network);
        assertThat(after.get("attention_Wo")).isNotEqualTo(before.get("attention_Wo"));
        assertThat(after.get("attention_Wq")).isEqualTo(before.get("attention_Wq"));
        assertThat(model.adapter("default").savedParameters()).containsOnlyKeys("attention.Wo.weight");
        assertThat(vertex(model.mergeAndUnload())).isEqualTo(vertex(base));
    }

    @Test
    void gradients_ofTheFactors_areThoseOfDifferences() {
        ComputationGraph network = inject(graph(projecting(), new NoOp()), random("Wq", "Wk", "Wv", "Wo"), SEED)
                .network();

        assertThat(gradientsHold(network)).isTrue();
    }

    @Test
    void gradients_ofAVertexThatLearnsAsAWhole_areThoseOfDifferences() {
        LoraConfig config = random("above.W").toBuilder()
                .modulesToSave("Wq", "Wk", "Wv", "Wo")
                .build();

        ComputationGraph network =
                inject(graph(projecting(), new NoOp()), config, SEED).network();

        // Stock vertices double theirs.
        assertThat(gradientsHold(network, "attention_Wq", "attention_Wk", "attention_Wv", "attention_Wo"))
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void gradients_throughAVertexThatIsNoTarget_areThoseOfDifferences(boolean projecting) {
        ComputationGraph base = graph(projecting ? projecting() : plain(), new NoOp());

        ComputationGraph network =
                inject(base, random("queries.W", "memory.W"), SEED).network();

        assertThat(output(network)).isNotEqualTo(output(base));
        assertThat(gradientsHold(network)).isTrue();
    }

    @Test
    void vertexWithoutProjections_cannotBeATarget() {
        assertThatThrownBy(() -> inject(graph(plain(), new NoOp()), random("attention"), SEED))
                .isInstanceOf(NoMatchingModuleException.class)
                .hasMessageContaining("\"attention\" cannot be adapted, this AttentionVertex has no weights");
    }

    private static ComputationGraph steady(IUpdater updater) {
        return graph(projecting(), updater, new Convolution1D.Builder(1).nOut(4).build());
    }

    @Test
    void backwardPass_stopsBelowTheLowestAdapter_throughBranchesAndVertices() {
        ComputationGraph base = steady(new NoOp());

        ComputationGraph network = inject(base, random("above.W"), SEED).network();

        for (String stopped : List.of("attention", "both")) {
            assertThat(network.getVertex(stopped))
                    .as(stopped)
                    .isInstanceOf(org.deeplearning4j.nn.graph.vertex.impl.FrozenVertex.class);
        }
        assertThat(gradientsHold(network)).isTrue();
    }

    @Test
    void networkWithStoppedVertices_savedAndCloned_trainsTheSame() throws IOException {
        AdaptedNetwork<ComputationGraph> model = inject(steady(new Adam(0.02)), random("above.W"), SEED);
        fit(model.network(), 2);

        assertRestoredTrainsTheSame(model);
    }

    @Test
    void adaptedNetwork_savedClonedAndAdopted_trainsTheSame() throws IOException {
        AdaptedNetwork<ComputationGraph> model = inject(graph(), ALL, SEED);
        fit(model.network(), 2);

        assertRestoredTrainsTheSame(model);
    }

    private void assertRestoredTrainsTheSame(AdaptedNetwork<ComputationGraph> model) throws IOException {
        ComputationGraph network = model.network();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ModelSerializer.writeModel(network, bytes, true);
        ComputationGraph restored =
                ModelSerializer.restoreComputationGraph(new ByteArrayInputStream(bytes.toByteArray()), true);
        ComputationGraph clone = network.clone();
        clone.getConfiguration().setIterationCount(network.getIterationCount());
        fit(network, 2);
        fit(clone, 2);
        double[] expected = values(network.params());

        model.adopt(restored);
        fit(model.network(), 2);

        assertThat(values(clone.params())).isEqualTo(expected);
        assertThat(values(model.network().params())).isEqualTo(expected);
    }

    /** Copies of configurations lack it in M2.1. */
    private static ComputationGraph withoutUpdater() {
        ComputationGraph graph = new ComputationGraph(graph().getConfiguration().clone());
        graph.init();
        return graph;
    }

    @Test
    void baseWithoutAnUpdaterOfTheVertex_isRefused_whereItWouldLearn() {
        ComputationGraph base = withoutUpdater();

        assertThatThrownBy(() -> inject(base, ALL, SEED))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("vertex \"attention\" (AttentionVertex): updater = null")
                .hasMessageContaining("setUpdater(...)");
        assertThat(inject(base, random("above.W"), SEED).network()).isNotNull();
    }

    @Test
    void loadedAdapter_overABaseWithoutAnUpdater_runsAndCannotBeTrained() {
        Adapter adapter = inject(graph(), random("Wq"), SEED).adapter("default");
        AdaptedNetwork<ComputationGraph> model = adapted(withoutUpdater());
        model.addAdapter("loaded", adapter);
        model.activate("loaded");

        assertThat(output(model.network())).isNotEqualTo(output(graph()));

        model.setTrainable("loaded", true);
        assertThatThrownBy(model::network)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("vertex \"attention\" (AttentionVertex): updater = null");
        model.setTrainable("loaded", false);
        assertThat(model.network()).isNotNull();
    }

    @Test
    void resizing_isRefused() {
        ComputationGraph network = inject(graph(), ALL, SEED).network();
        TransferLearning.GraphBuilder builder = new TransferLearning.GraphBuilder(network);

        assertThatThrownBy(() -> builder.nOutReplace("attention", 7, WeightInit.XAVIER))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("attention");
        assertThatThrownBy(() -> builder.nInReplace("attention", 7, WeightInit.XAVIER))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("attention");
        assertThatThrownBy(() -> builder.nOutReplace("queries", 7, WeightInit.XAVIER))
                .isInstanceOf(RuntimeException.class);
    }

    /** Of stock DL4J; the guide tells how to put them back. */
    @Test
    void transferLearning_ofAGraphWithAVertex_losesItsWeights() {
        // With one seed new values equal those that were never trained.
        ComputationGraph base = graph();
        base.params().addi(0.5);

        ComputationGraph edited = new TransferLearning.GraphBuilder(base)
                .nOutReplace("head", 4, WeightInit.XAVIER)
                .build();

        // The type is lost as well.
        assertThat(difference(edited, base, "above_W")).isLessThan(1e-5);
        assertThat(difference(edited, base, "attention_Wq")).isGreaterThan(0.1);
    }

    private static double difference(ComputationGraph one, ComputationGraph other, String parameter) {
        INDArray value = one.paramTable().get(parameter).castTo(DataType.DOUBLE);
        return value.distance2(other.paramTable().get(parameter));
    }
}
