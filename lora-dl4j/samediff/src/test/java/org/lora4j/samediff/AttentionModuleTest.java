/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.internal.engine.GradientCheck;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.train.TrainableParameter;
import org.nd4j.autodiff.samediff.SDIndex;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** torch.nn.MultiheadAttention: two projections, of which PEFT adapts both under the name of the module. */
class AttentionModuleTest {

    /** One head over three rows of four numbers, and a classifier. */
    private static FormCase.Maker network(DataType type, boolean transposed) {
        FormCase.Maker m = new FormCase.Maker(type);
        SDVariable x = m.x("x", 3, 4);
        SDVariable in =
                transposed ? m.weight("block.mha.in_proj_weight", 4, 12) : m.weight("block.mha.in_proj_weight", 12, 4);
        SDVariable qkv = m.sd.mmul(x, in, false, !transposed, false).add(m.weight("block.mha.in_proj_bias", 12));
        SDVariable q = columns(qkv, 0);
        SDVariable scores = m.sd.mmul(q, columns(qkv, 4), false, true, false).mul(0.5);
        SDVariable mixed = m.sd.nn().softmax(scores, -1).mmul(columns(qkv, 8));
        SDVariable out = m.sd.mmul(mixed, m.weight("block.mha.out_proj.weight", 4, 4), false, true, false)
                .add(m.weight("block.mha.out_proj.bias", 4));
        SDVariable y = m.sd.mmul("y", m.sd.math().tanh(out), m.weight("head.weight", 2, 4), false, true, false);
        y.mul(y).sum("loss");
        m.sd.setLossVariables("loss");
        return m;
    }

    /** The same network with a slice of the weight for each of the three. */
    private static FormCase.Maker sliced(DataType type) {
        FormCase.Maker m = new FormCase.Maker(type);
        SDVariable x = m.x("x", 3, 4);
        SDVariable in = m.weight("block.mha.in_proj_weight", 12, 4);
        SDVariable bias = m.weight("block.mha.in_proj_bias", 12);
        SDVariable[] projected = new SDVariable[3];
        for (int i = 0; i < 3; i++) {
            SDVariable w = in.get(SDIndex.interval(4L * i, 4L * i + 4), SDIndex.all());
            projected[i] = m.sd.mmul(x, w, false, true, false).add(bias.get(SDIndex.interval(4L * i, 4L * i + 4)));
        }
        SDVariable scores =
                m.sd.mmul(projected[0], projected[1], false, true, false).mul(0.5);
        SDVariable mixed = m.sd.nn().softmax(scores, -1).mmul(projected[2]);
        SDVariable out = m.sd.mmul(mixed, m.weight("block.mha.out_proj.weight", 4, 4), false, true, false)
                .add(m.weight("block.mha.out_proj.bias", 4));
        SDVariable y = m.sd.mmul("y", m.sd.math().tanh(out), m.weight("head.weight", 2, 4), false, true, false);
        y.mul(y).sum("loss");
        m.sd.setLossVariables("loss");
        return m;
    }

    private static SDVariable columns(SDVariable x, long from) {
        return x.get(SDIndex.all(), SDIndex.interval(from, from + 4));
    }

    private static LoraConfig.Builder config() {
        return LoraConfig.builder().rank(2).alpha(3).targetModules("mha").initialization(Initialization.RANDOM);
    }

    @Test
    void modules_areTheAttentionAndItsOutput() {
        FormCase.Maker m = network(DataType.FLOAT, false);

        GraphModules modules = GraphModules.find(m.sd);

        assertThat(modules.paths()).containsExactly("block.mha", "block.mha.out_proj", "head");
        assertThat(modules.get("block.mha").shape().outputs()).isEqualTo(12);
        assertThat(GraphParameter.of(m.sd, modules.modules()))
                .extracting(GraphParameter::path)
                .contains("block.mha.in_proj_weight", "block.mha.in_proj_bias", "block.mha.out_proj.bias");
    }

    @Test
    void target_adaptsBoth_withRankAndAlphaOfTheModule() {
        FormCase.Maker m = network(DataType.FLOAT, false);
        LoraConfig patterns = config().rankPattern(Map.of("mha", 3))
                .alphaPattern(Map.of("mha", 9.0))
                .build();

        Map<String, Map<String, INDArray>> adapted = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), patterns, 1)
                .adapter("default")
                .modules();

        assertThat(adapted).containsOnlyKeys("block.mha", "block.mha.base_layer.out_proj");
        assertThat(adapted.get("block.mha").get("lora_B.weight").shape()).containsExactly(12, 3);
        assertThat(adapted.get("block.mha.base_layer.out_proj")
                        .get("lora_A.weight")
                        .shape())
                .containsExactly(3, 4);
    }

    @Test
    void update_isAddedOnceToBothWeights() {
        for (boolean transposed : new boolean[] {false, true}) {
            FormCase.Maker m = network(DataType.DOUBLE, transposed);
            AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config().build(), 1);
            INDArray attached = model.output(m.inputs, "y").get("y");

            SameDiff merged = model.mergeAndUnload();

            assertThat(merged.output(m.inputs, "y")
                            .get("y")
                            .sub(attached)
                            .amaxNumber()
                            .doubleValue())
                    .isLessThan(1e-10);
            Map<String, INDArray> output = model.adapter("default").modules().get("block.mha.base_layer.out_proj");
            INDArray expected = m.sd.getVariable("block.mha.out_proj.weight")
                    .getArr()
                    .add(output.get("lora_B.weight")
                            .mmul(output.get("lora_A.weight"))
                            .mul(1.5));
            assertThat(merged.getVariable("block.mha.out_proj.weight")
                            .getArr()
                            .sub(expected)
                            .amaxNumber()
                            .doubleValue())
                    .isLessThan(1e-12);
        }
    }

    @Test
    void inject_leavesTheOutputEqualInEveryValue() {
        FormCase.Maker m = network(DataType.FLOAT, true);

        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(m.sd),
                config().initialization(Initialization.KAIMING_UNIFORM).build(),
                1);

        Graphs.assertSameValues(model.output(m.inputs, "y").get("y"), m.output());
    }

    @Test
    void gradient_equalsTheNumericOne() {
        FormCase.Maker m = network(DataType.DOUBLE, false);
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config().build(), 1);
        List<String> names = model.trainableParameters().stream()
                .map(TrainableParameter::name)
                .toList();

        double error = GradientCheck.check(model.graph(), m.inputs, names);

        assertThat(error).isLessThan(GradientCheck.TOLERANCE);
        assertThat(names).hasSize(4);
    }

    @Test
    void adapter_savedAndLoaded_computesTheSame(@TempDir Path folder) throws Exception {
        FormCase.Maker m = network(DataType.FLOAT, false);
        for (ModuleSelector targets : List.of(ModuleSelector.suffixes("mha"), ModuleSelector.allLinear())) {
            AdaptedSameDiff model = DefaultAdapter.fresh(
                    AdaptedSameDiff.of(m.sd),
                    config().targetModules(targets)
                            .bias(BiasTraining.ADAPTED_ONLY)
                            .build(),
                    1);

            model.adapter("default").save(folder.resolve("a"));
            AdaptedSameDiff again = DefaultAdapter.saved(AdaptedSameDiff.of(m.sd), folder.resolve("a"));

            Graphs.assertSameValues(
                    again.output(m.inputs, "y").get("y"),
                    model.output(m.inputs, "y").get("y"));
            assertThat(again.adapter("default").savedParameters()).containsOnlyKeys("block.mha.out_proj.bias");
            assertThat(again.adapter("default").config().targetModules().matches("block.mha"))
                    .isTrue();
        }
    }

    /** PEFT trains what is called bias; the bias of query, key and value has another name. */
    @Test
    void allBiases_areThoseOfTheOutputOnly() {
        FormCase.Maker m = network(DataType.FLOAT, false);
        LoraConfig all = config().bias(BiasTraining.ALL).build();

        assertThat(DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), all, 1)
                        .adapter("default")
                        .savedParameters())
                .containsOnlyKeys("block.mha.out_proj.bias");
    }

    @Test
    void graphThatSlicesTheWeight_takesTheSameAdapter() {
        FormCase.Maker whole = network(DataType.DOUBLE, false);
        FormCase.Maker parts = sliced(DataType.DOUBLE);
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(whole.sd), config().build(), 1);
        AdaptedSameDiff other = AdaptedSameDiff.of(parts.sd);
        other.addAdapter("default", model.adapter("default"));
        other.activate("default");
        INDArray expected = model.output(whole.inputs, "y").get("y");

        INDArray attached = other.output(whole.inputs, "y").get("y");
        other.merge();
        INDArray merged = other.output(whole.inputs, "y").get("y");
        other.unmerge();
        other.setTrainable("default", true);
        double error = GradientCheck.check(
                other.graph(),
                whole.inputs,
                other.trainableParameters().stream()
                        .map(TrainableParameter::name)
                        .toList());

        assertThat(attached.sub(expected).amaxNumber().doubleValue()).isLessThan(1e-12);
        assertThat(merged.sub(expected).amaxNumber().doubleValue()).isLessThan(1e-12);
        assertThat(error).isLessThan(GradientCheck.TOLERANCE);
        assertThat(other.adapter("default")).isEqualTo(model.adapter("default"));
        assertThat(GraphParameter.of(parts.sd, other.modules()))
                .filteredOn(GraphParameter::exclusive)
                .extracting(GraphParameter::path)
                .contains("block.mha.in_proj_weight", "block.mha.in_proj_bias");
    }

    @Test
    void dora_isRefused_becausePeftCannotLoadIt() {
        FormCase.Maker m = network(DataType.FLOAT, false);

        assertThatThrownBy(() -> DefaultAdapter.fresh(
                        AdaptedSameDiff.of(m.sd), config().dora(true).build(), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("dora with modules of the kind torch.nn.MultiheadAttention (\"block.mha\")");
    }

    @Test
    void load_withoutTheOutput_isRefused() {
        FormCase.Maker m = network(DataType.FLOAT, false);
        Adapter whole = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config().build(), 1)
                .adapter("default");
        Adapter half =
                Adapter.of(whole.config(), Map.of("block.mha", whole.modules().get("block.mha")), Map.of());
        AdaptedSameDiff model = AdaptedSameDiff.of(m.sd);

        assertThatThrownBy(() -> model.addAdapter("half", half))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(
                        "module \"block.mha.base_layer.out_proj\" is adapted by the config, but the adapter"
                                + " has no tensors for it");
    }
}
