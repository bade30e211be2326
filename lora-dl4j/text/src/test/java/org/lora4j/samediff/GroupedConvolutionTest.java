/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** An adapter of a grouped convolution on a graph that spells it as a dense one. */
class GroupedConvolutionTest {

    private static final String CASE = "lora-conv2d-grouped";

    @Test
    void merge_findsPlaceInTheDenseWeight_whichPeftRefuses() throws IOException {
        PeftCase golden = PeftCase.open(CASE);
        AdaptedSameDiff model = DefaultAdapter.saved(AdaptedSameDiff.of(golden.graph), golden.directory);

        model.merge();

        golden.assertClose(model.output(golden.inputs(), "y").get("y"), golden.io.get("y_adapter"));
        golden.assertClose(model.mergeAndUnload().output(golden.inputs(), "y").get("y"), golden.io.get("y_adapter"));
    }

    @Test
    void training_keepsTheBlocks() throws IOException {
        PeftCase golden = PeftCase.open(CASE);
        AdaptedSameDiff model = DefaultAdapter.saved(AdaptedSameDiff.of(golden.graph), golden.directory);
        model.setTrainable("default", true);

        LossAndGradients step = model.executor().gradients(golden.inputs(), 1);
        model.trainableParameters()
                .forEach(p -> p.value().subi(step.gradients().get(p.name()).mul(1e-2)));

        INDArray b = model.adapter("default").modules().get("conv1").get("lora_B.weight");
        assertThat(b.shape()).containsExactly(8, 1, 1, 1);
        INDArray expected = Adapter.load(golden.directory)
                .modules()
                .get("conv1")
                .get("lora_B.weight")
                .sub(golden.io.get("grad.base_model.model.conv1.lora_B.weight").mul(1e-2));
        golden.assertClose(b, expected);
    }

    @Test
    void graph_savedByStockSameDiff_computesTheSame() throws IOException {
        PeftCase golden = PeftCase.open(CASE);
        AdaptedSameDiff model = DefaultAdapter.saved(AdaptedSameDiff.of(golden.graph), golden.directory);

        Map<String, INDArray> loaded = Graphs.saveAndLoad(model.graph()).output(golden.inputs(), "y");

        golden.assertClose(loaded.get("y"), golden.io.get("y_adapter"));
    }

    @Test
    void dense_putsEachBlockInItsPlace() {
        INDArray blocks = Nd4j.createFromArray(1f, 2, 3, 4).reshape(4, 1, 1, 1);

        INDArray dense = Grouped.dense(blocks, 2);

        assertThat(dense.reshape(4, 2)).isEqualTo(Nd4j.createFromArray(new float[][] {{1, 0}, {2, 0}, {0, 3}, {0, 4}}));
    }

    @Test
    void weightThatIsNotInGroups_isRefused() throws IOException {
        PeftCase golden = PeftCase.open(CASE);
        golden.graph.getVariable("conv1.weight").getArr().putScalar(new long[] {0, 0, 3, 0}, 0.5f);

        assertThatThrownBy(() -> DefaultAdapter.saved(AdaptedSameDiff.of(golden.graph), golden.directory))
                .hasMessageContaining("module \"conv1\": lora_B.weight has shape [8, 1, 1, 1] for 2 groups of channels,"
                        + " but the weight in the graph is not split into 2 groups");
    }

    @Test
    void denseFactorsOnABlockDiagonalWeight_areTakenAsTheyAre() throws IOException {
        PeftCase golden = PeftCase.open(CASE);
        LoraConfig config = Adapter.load(golden.directory).loraConfig();
        AdaptedSameDiff model = AdaptedSameDiff.of(golden.graph);

        model.addAdapter("dense", config, 1);

        assertThat(model.adapter("dense")
                        .modules()
                        .get("conv1")
                        .get("lora_B.weight")
                        .shape())
                .containsExactly(8, 2, 1, 1);
    }

    @Test
    void freshAdapter_hasTheShapesOfPeft() throws IOException {
        PeftCase golden = PeftCase.open(CASE);
        golden.graph.constant("conv1.groups", Nd4j.scalar(2));
        AdaptedSameDiff model = AdaptedSameDiff.of(golden.graph);
        LoraConfig config = LoraConfig.builder().rank(2).targetModules("conv1").build();

        model.addAdapter("default", config, 3);

        Adapter.load(golden.directory)
                .modules()
                .get("conv1")
                .forEach((suffix, tensor) -> assertThat(model.adapter("default")
                                .modules()
                                .get("conv1")
                                .get(suffix)
                                .shape())
                        .isEqualTo(tensor.shape()));
        assertThatThrownBy(
                        () -> model.addAdapter("odd", config.toBuilder().rank(3).build(), 3))
                .hasMessageContaining("rank = 3; expected a multiple of its 2 groups");
        assertThatThrownBy(() -> model.addAdapter(
                        "whole",
                        LoraConfig.builder()
                                .targetModules(model.modules().get(1).path())
                                .modulesToSave("conv1")
                                .build(),
                        3))
                .hasMessageContaining("\"conv1.weight\" is the weight of a convolution over 2 groups of channels");
    }

    @Test
    void groupsThatTheWeightDoesNotHave_areRefused() throws IOException {
        PeftCase golden = PeftCase.open(CASE);
        golden.graph.constant("conv1.groups", Nd4j.scalar(4));
        AdaptedSameDiff model = AdaptedSameDiff.of(golden.graph);

        assertThatThrownBy(() -> model.addAdapter(
                        "default",
                        LoraConfig.builder().rank(4).targetModules("conv1").build(),
                        3))
                .hasMessageContaining("\"conv1.groups\" is 4, but the weight has numbers outside these groups");
        assertThatThrownBy(() -> TrainableGraph.of(golden.graph, TrainableGraph.weights(golden.graph)))
                .hasMessageContaining("\"conv1.weight\"")
                .hasMessageContaining("groups of channels");
    }
}
