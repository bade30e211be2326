/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.dl4j.Networks.normal;

import java.util.HashSet;
import java.util.Set;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.conf.graph.AttentionVertex;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution1D;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.impl.FrozenVertex;
import org.deeplearning4j.nn.layers.FrozenLayer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.layer.LoraAttentionVertex;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Where gradients stop in graphs: DL4J cannot add the gradient of one consumer to none of another. */
class GraphReachTest {

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

    private static ComputationGraphConfiguration.GraphBuilder builder() {
        return new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(new NoOp())
                .weightInit(new NormalDistribution(0, 0.6))
                .graphBuilder()
                .addInputs("in")
                .addLayer("left", new Convolution1D.Builder(1).nOut(3).build(), "in")
                .addLayer("right", new Convolution1D.Builder(1).nOut(3).build(), "in")
                .addVertex("below", new ElementWiseVertex(ElementWiseVertex.Op.Add), "left", "right");
    }

    private static ComputationGraph graph(ComputationGraphConfiguration.GraphBuilder builder, String top) {
        ComputationGraph graph = new ComputationGraph(builder.addLayer(
                        "head",
                        new RnnOutputLayer.Builder(LossFunction.MCXENT).nOut(3).build(),
                        top)
                .setOutputs("head")
                .setInputTypes(InputType.recurrent(2, 4))
                .build());
        graph.init();
        return graph;
    }

    private static ComputationGraph adapted(ComputationGraph base, String... targets) {
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .initialization(Initialization.RANDOM)
                .targetModules(targets)
                .build();
        return DefaultAdapter.fresh(AdaptedNetwork.of(base), config, 5).network();
    }

    private static boolean isLowest(ComputationGraph network, String layer) {
        LayerVertex vertex =
                (LayerVertex) network.getConfiguration().getVertices().get(layer);
        return LayerKinds.settings(vertex.getLayerConf().getLayer())
                .orElseThrow()
                .lowest();
    }

    private static void assertStoppedBelow(ComputationGraph network) {
        assertThat(network.getLayer("left")).isInstanceOf(FrozenLayer.class);
        assertThat(network.getLayer("right")).isInstanceOf(FrozenLayer.class);
        assertThat(network.getVertex("below")).isInstanceOf(FrozenVertex.class);
    }

    private static void assertGradientsHold(ComputationGraph network) {
        Set<String> frozen = new HashSet<>(network.paramTable().keySet());
        frozen.removeIf(name -> name.matches(".*_\\w+[AB]0"));
        boolean holds = GradientCheckUtil.checkGradients(new GradientCheckUtil.GraphConfig()
                .net(network)
                .inputs(new INDArray[] {normal(2, 2, 4)})
                .labels(new INDArray[] {
                    Networks.classes(8, 3).reshape(2, 4, 3).permute(0, 2, 1).dup('c')
                })
                .excludeParams(frozen)
                .epsilon(1e-6)
                .maxRelError(1e-5)
                .minAbsoluteError(1e-8)
                .print(GradientCheckUtil.PrintMode.FAILURES_ONLY));
        assertThat(holds).isTrue();
    }

    @Test
    void consumersThatAllCan_leaveTheirSourceWithoutGradient() {
        ComputationGraph base = graph(
                builder()
                        .addLayer("one", new LSTM.Builder().nOut(3).build(), "below")
                        .addLayer("two", new LSTM.Builder().nOut(3).build(), "below")
                        .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "one", "two"),
                "sum");

        ComputationGraph network = adapted(base, "one.W", "two.RW");

        assertStoppedBelow(network);
        assertThat(isLowest(network, "one")).isTrue();
        assertThat(isLowest(network, "two")).isTrue();
        assertGradientsHold(network);
    }

    @Test
    void consumerBesideOneThatAlwaysHasAGradient_hasOneAsWell() {
        ComputationGraph base = graph(
                builder()
                        .addLayer("one", new LSTM.Builder().nOut(3).build(), "below")
                        .addLayer(
                                "two",
                                new Bidirectional(
                                        Bidirectional.Mode.ADD,
                                        new LSTM.Builder().nOut(3).build()),
                                "below")
                        .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "one", "two"),
                "sum");

        ComputationGraph network = adapted(base, "one.W", "fW", "bW");

        assertStoppedBelow(network);
        assertThat(isLowest(network, "one")).isFalse();
        assertGradientsHold(network);
    }

    @Test
    void vertexOfSeveralSources_thatAreAllStopped_isTheLowest() {
        AttentionVertex attention = new AttentionVertex.Builder()
                .nInQueries(3)
                .nInKeys(3)
                .nInValues(3)
                .nHeads(2)
                .headSize(2)
                .nOut(3)
                .projectInput(true)
                .build();
        ComputationGraph base =
                graph(builder().addVertex("attention", attention, "left", "right", "below"), "attention");

        ComputationGraph network = adapted(base, "Wq", "Wv");

        assertStoppedBelow(network);
        LoraAttentionVertex vertex =
                (LoraAttentionVertex) network.getConfiguration().getVertices().get("attention");
        assertThat(vertex.lora().lowest()).isTrue();
        assertGradientsHold(network);
    }

    @Test
    void vertexThatNeedsOneOfItsSources_makesItsNeighborsNeedTheirs() {
        AttentionVertex attention = new AttentionVertex.Builder()
                .nInQueries(3)
                .nInKeys(3)
                .nInValues(3)
                .nHeads(2)
                .headSize(2)
                .nOut(3)
                .projectInput(true)
                .build();
        ComputationGraph base = graph(
                builder()
                        .addLayer("one", new LSTM.Builder().nOut(3).build(), "below")
                        .addVertex("attention", attention, "below", "one", "one"),
                "attention");

        ComputationGraph network = adapted(base, "one.W", "Wq");

        assertThat(isLowest(network, "one")).isFalse();
        assertGradientsHold(network);
    }
}
