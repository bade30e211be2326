/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.NoMatchingModuleException;
import org.lora4j.internal.engine.GradientCheck;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.random.RandomStreams;
import org.lora4j.train.TrainableParameter;
import org.nd4j.autodiff.samediff.SDIndex;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Parameters that are adapted as such: stacked experts and matrices. */
class TargetParametersTest {

    private static final int EXPERTS = 2;

    /** y = relu(x up) down for every expert at once, with up [2, 3, 4] and down [2, 4, 3]. */
    private static FormCase.Maker batched(DataType type) {
        FormCase.Maker m = new FormCase.Maker(type);
        SDVariable up = m.weight("moe.experts.up_proj", EXPERTS, 3, 4);
        SDVariable down = m.weight("moe.experts.down_proj", EXPERTS, 4, 3);
        SDVariable h = m.sd.math().tanh(m.x("x", EXPERTS, 5, 3).mmul(up));
        SDVariable y = h.mmul("y", down);
        y.mul(y).sum("loss");
        m.sd.setLossVariables("loss");
        return m;
    }

    /** The same with a slice for each expert. */
    private static FormCase.Maker sliced(DataType type) {
        FormCase.Maker m = new FormCase.Maker(type);
        SDVariable up = m.weight("moe.experts.up_proj", EXPERTS, 3, 4);
        SDVariable x = m.x("x", 5, 3);
        SDVariable y = null;
        for (int e = 0; e < EXPERTS; e++) {
            SDVariable h = m.sd.math().tanh(x.mmul(up.get(SDIndex.point(e), SDIndex.all(), SDIndex.all())));
            y = y == null ? h : y.add(h);
        }
        y = m.sd.identity("y", y);
        y.mul(y).sum("loss");
        m.sd.setLossVariables("loss");
        return m;
    }

    private static LoraConfig.Builder config(String... parameters) {
        return LoraConfig.builder()
                .rank(2)
                .alpha(6)
                .targetParameters(parameters)
                .initialization(Initialization.RANDOM);
    }

    private static List<String> names(AdaptedSameDiff model) {
        return model.trainableParameters().stream()
                .map(TrainableParameter::name)
                .toList();
    }

    @Test
    void inject_leavesTheOutputEqualInEveryValue() {
        for (FormCase.Maker m : List.of(batched(DataType.FLOAT), sliced(DataType.FLOAT))) {
            LoraConfig fresh = config("up_proj")
                    .initialization(Initialization.KAIMING_UNIFORM)
                    .build();

            AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), fresh, 1);

            Graphs.assertSameValues(model.output(m.inputs, "y").get("y"), m.output());
        }
    }

    @Test
    void gradient_equalsTheNumericOne() {
        for (FormCase.Maker m : List.of(batched(DataType.DOUBLE), sliced(DataType.DOUBLE))) {
            AdaptedSameDiff model = DefaultAdapter.fresh(
                    AdaptedSameDiff.of(m.sd), config("up_proj").build(), 1);

            double error = GradientCheck.check(model.graph(), m.inputs, names(model));

            assertThat(error).isLessThan(GradientCheck.TOLERANCE);
        }
    }

    @Test
    void update_isThatOfEveryExpert_withItsRowsOfAAndItsColumnsOfB() {
        FormCase.Maker m = batched(DataType.DOUBLE);
        AdaptedSameDiff model =
                DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config("up_proj").build(), 1);
        Map<String, INDArray> factors = model.adapter("default").modules().get("moe.experts");
        INDArray a = factors.get("lora_A.weight");
        INDArray b = factors.get("lora_B.weight");
        INDArray before = m.sd.getVariable("moe.experts.up_proj").getArr();

        INDArray merged =
                model.mergeAndUnload().getVariable("moe.experts.up_proj").getArr();

        assertThat(a.shape()).containsExactly(4, 4);
        assertThat(b.shape()).containsExactly(3, 4);
        for (int e = 0; e < EXPERTS; e++) {
            for (int o = 0; o < 3; o++) {
                for (int i = 0; i < 4; i++) {
                    // Scaling 6 / 2, rank 2: rows 2e and 2e + 1 of A, columns e and 2 + e of B.
                    double delta = 3
                            * (b.getDouble(o, e) * a.getDouble(2 * e, i)
                                    + b.getDouble(o, 2 + e) * a.getDouble(2 * e + 1, i));
                    assertThat(merged.getDouble(e, o, i) - before.getDouble(e, o, i))
                            .isCloseTo(delta, within(1e-12));
                }
            }
        }
    }

    @Test
    void merge_computesWhatTheAttachedAdapterComputes_andUnmergeIsExact() {
        FormCase.Maker m = sliced(DataType.DOUBLE);
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(m.sd), config("experts.up_proj").build(), 1);
        INDArray attached = model.output(m.inputs, "y").get("y");

        model.merge();
        INDArray merged = model.output(m.inputs, "y").get("y");
        model.unmerge();

        assertThat(merged.sub(attached).amaxNumber().doubleValue()).isLessThan(1e-10);
        Graphs.assertSameValues(model.output(m.inputs, "y").get("y"), attached);
    }

    @Test
    void twoParametersOfAModule_nest_theOneUsedLastOutermost() {
        FormCase.Maker m = batched(DataType.FLOAT);

        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(m.sd), config("down_proj", "up_proj").build(), 1);

        Map<String, Map<String, INDArray>> modules = model.adapter("default").modules();
        assertThat(modules).containsOnlyKeys("moe.experts", "moe.experts.base_layer");
        // down_proj [2, 4, 3] counts as [experts, out, in].
        assertThat(modules.get("moe.experts").get("lora_A.weight").shape()).containsExactly(4, 3);
        assertThat(modules.get("moe.experts").get("lora_B.weight").shape()).containsExactly(4, 4);
        assertThat(modules.get("moe.experts.base_layer").get("lora_A.weight").shape())
                .containsExactly(4, 4);
        assertThat(names(model))
                .containsExactly(
                        "moe.experts.up_proj.lora_A.default",
                        "moe.experts.up_proj.lora_B.default",
                        "moe.experts.down_proj.lora_A.default",
                        "moe.experts.down_proj.lora_B.default");
    }

    /** An adapter of both parameters with these shapes [out, in]. */
    private static Adapter both(long[] outer, long[] inner) {
        Map<String, Map<String, INDArray>> modules = new LinkedHashMap<>();
        modules.put("moe.experts", factors(outer, 1));
        modules.put("moe.experts.base_layer", factors(inner, 2));
        return Adapter.of(config("down_proj", "up_proj").build(), modules, Map.of());
    }

    private static Map<String, INDArray> factors(long[] shape, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return Map.of(
                "lora_A.weight", RandomStreams.uniform(random, 1, DataType.DOUBLE, 2 * EXPERTS, shape[1]),
                "lora_B.weight", RandomStreams.uniform(random, 1, DataType.DOUBLE, shape[0], 2 * EXPERTS));
    }

    @Test
    void nestedFactorsOfAFile_goWhereTheyFit() {
        FormCase.Maker m = batched(DataType.DOUBLE);
        AdaptedSameDiff model = AdaptedSameDiff.of(m.sd);

        model.addAdapter("usual", both(new long[] {4, 3}, new long[] {3, 4}));

        assertThat(model.live("usual")
                        .modules()
                        .get("moe.experts.down_proj")
                        .target()
                        .path())
                .isEqualTo("moe.experts");
        Adapter exchanged = both(new long[] {3, 4}, new long[] {4, 3});
        model.addAdapter("exchanged", exchanged);
        assertThat(model.live("exchanged")
                        .modules()
                        .get("moe.experts.up_proj")
                        .module()
                        .shape()
                        .inputs())
                .isEqualTo(3);
        assertThat(model.adapter("exchanged")).isEqualTo(exchanged);
    }

    @Test
    void factorsForInputsFirst_areReadSo_whereNothingElseFits() {
        FormCase.Maker m = sliced(DataType.DOUBLE);
        AdaptedSameDiff model = AdaptedSameDiff.of(m.sd);
        Map<String, INDArray> factors = factors(new long[] {4, 3}, 1);
        model.addAdapter("a", Adapter.of(config("up_proj").build(), Map.of("moe.experts", factors), Map.of()));
        model.activate("a");

        INDArray delta = model.mergeAndUnload()
                .getVariable("moe.experts.up_proj")
                .getArr()
                .sub(m.sd.getVariable("moe.experts.up_proj").getArr());

        INDArray a = factors.get("lora_A.weight");
        INDArray b = factors.get("lora_B.weight");
        double expected = 3 * (b.getDouble(3, 1) * a.getDouble(2, 2) + b.getDouble(3, 3) * a.getDouble(3, 2));
        assertThat(delta.getDouble(1, 2, 3)).isCloseTo(expected, within(1e-12));
        INDArray attached = model.output(m.inputs, "y").get("y");
        model.merge();
        assertThat(model.output(m.inputs, "y")
                        .get("y")
                        .sub(attached)
                        .amaxNumber()
                        .doubleValue())
                .isLessThan(1e-10);
    }

    @Test
    void matrix_isAdaptedForAllItsReaders() {
        FormCase.Maker m = new FormCase.Maker(DataType.DOUBLE);
        SDVariable w = m.weight("block.matrix", 3, 3);
        SDVariable y = m.sd.identity("y", m.x("x", 5, 3).mmul(w).mul(w.sum()));
        y.mul(y).sum("loss");
        m.sd.setLossVariables("loss");
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(m.sd), config("block.matrix").build(), 1);
        INDArray attached = model.output(m.inputs, "y").get("y");

        double error = GradientCheck.check(model.graph(), m.inputs, names(model));
        SameDiff merged = model.mergeAndUnload();

        assertThat(error).isLessThan(GradientCheck.TOLERANCE);
        assertThat(merged.output(m.inputs, "y")
                        .get("y")
                        .sub(attached)
                        .amaxNumber()
                        .doubleValue())
                .isLessThan(1e-10);
        assertThat(model.adapter("default").modules()).containsOnlyKeys("block");
    }

    @Test
    void weightOfAModule_isAdaptedInPeftsLayout_whateverItsOwn() {
        FormCase.Maker m = FormCase.all().get(0).make(DataType.DOUBLE);
        AdaptedSameDiff asParameter = DefaultAdapter.fresh(
                AdaptedSameDiff.of(m.sd), config("m.weight").build(), 1);
        Adapter adapter = asParameter.adapter("default");
        AdaptedSameDiff asModule = AdaptedSameDiff.of(m.sd);

        asModule.addAdapter(
                "same",
                Adapter.of(
                        LoraConfig.builder().rank(2).alpha(6).targetModules("m").build(), adapter.modules(), Map.of()));
        asModule.activate("same");

        assertThat(asModule.output(m.inputs, "y")
                        .get("y")
                        .sub(asParameter.output(m.inputs, "y").get("y"))
                        .amaxNumber()
                        .doubleValue())
                .isLessThan(1e-12);
    }

    @Test
    void status_showsTheParameter() {
        FormCase.Maker m = sliced(DataType.FLOAT);

        AdaptedSameDiff model =
                DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config("up_proj").build(), 1);

        assertThat(model.status())
                .extracting(status -> status.path() + " " + status.shape() + " " + status.active())
                .containsExactly("moe.experts.up_proj experts [2, 3, 4] [default]");
        assertThat(model.parameterSummary().trainable()).isEqualTo(4 * 4 + 3 * 4);
    }

    @Test
    void whatCannotBe_isListedTogether() {
        FormCase.Maker m = batched(DataType.FLOAT);
        m.sd.getVariable("y").add(m.weight("moe.experts.gain", 3));
        m.sd.getVariable("y").mmul(m.weight("root", 2, 3, 3));

        assertThatThrownBy(() -> DefaultAdapter.fresh(
                        AdaptedSameDiff.of(m.sd),
                        config("up_prj", "gain", "root").build(),
                        1))
                .isInstanceOf(NoMatchingModuleException.class)
                .hasMessageContaining("targetParameters \"up_prj\" matches no parameter; closest: \"up_proj\"")
                .hasMessageContaining("\"moe.experts.gain\" has shape [3], expected a matrix or a stack of matrices")
                .hasMessageContaining("\"root\" belongs to no module");
    }

    @Test
    void load_withFactorsThatFitNoParameter_namesTheShapes() {
        FormCase.Maker m = sliced(DataType.DOUBLE);
        AdaptedSameDiff model = AdaptedSameDiff.of(m.sd);
        Adapter foreign =
                Adapter.of(config("up_proj").build(), Map.of("moe.experts", factors(new long[] {5, 4}, 1)), Map.of());

        assertThatThrownBy(() -> model.addAdapter("a", foreign))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("module \"moe.experts\": lora_B.weight has shape [5, 4]; expected [3, 4]");
    }

    @Test
    void load_withoutTheFactorsOfTheSecondParameter_isRefused() {
        FormCase.Maker m = batched(DataType.DOUBLE);
        AdaptedSameDiff model = AdaptedSameDiff.of(m.sd);
        Adapter half = Adapter.of(
                config("up_proj", "down_proj").build(), Map.of("moe.experts", factors(new long[] {4, 3}, 1)), Map.of());

        assertThatThrownBy(() -> model.addAdapter("a", half))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("module \"moe.experts.base_layer\" is adapted by the config, but the adapter has"
                        + " no tensors for it");
    }

    @Test
    void parameterThatATargetModuleOwns_isRefused() {
        FormCase.Maker m = FormCase.all().get(0).make(DataType.FLOAT);

        assertThatThrownBy(() -> DefaultAdapter.fresh(
                        AdaptedSameDiff.of(m.sd),
                        config("m.weight").targetModules("m").build(),
                        1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"m\" is adapted through targetModules and through targetParameters");
    }

    @Test
    void twoAdapters_onOneParameter_addUp() {
        FormCase.Maker m = sliced(DataType.DOUBLE);
        AdaptedSameDiff model =
                DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config("up_proj").build(), 1);
        model.addAdapter("b", config("up_proj").build(), 2);
        model.activate("default", "b");
        INDArray attached = model.output(m.inputs, "y").get("y");

        model.merge("b");

        assertThat(model.output(m.inputs, "y")
                        .get("y")
                        .sub(attached)
                        .amaxNumber()
                        .doubleValue())
                .isLessThan(1e-10);
    }
}
