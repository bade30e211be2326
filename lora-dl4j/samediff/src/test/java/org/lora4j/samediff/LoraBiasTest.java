/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.internal.engine.GradientCheck;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.method.ModuleShape;
import org.lora4j.train.TrainableParameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A bias on B: {@code y = W x + b + scaling * (B A x + c)}. */
class LoraBiasTest {

    private static LoraConfig config(Initialization start) {
        return LoraConfig.builder()
                .rank(2)
                .alpha(3)
                .targetModules(ModuleSelector.regex("m(\\..*)?"))
                .initialization(start)
                .loraBias(true)
                .build();
    }

    static List<FormCase> formsWithOutputs() {
        return FormCase.all().stream()
                .filter(form -> GraphModules.find(form.make(DataType.FLOAT).sd).modules().stream()
                        .noneMatch(m -> m.fedByWeight() || m.shape().kind() == ModuleShape.Kind.EMBEDDING))
                .toList();
    }

    static List<FormCase> formsWithBias() {
        return formsWithOutputs().stream()
                .filter(form -> GraphModules.find(form.make(DataType.FLOAT).sd)
                                .modules()
                                .get(0)
                                .bias()
                        != null)
                .toList();
    }

    @ParameterizedTest
    @MethodSource("formsWithOutputs")
    void inject_leavesTheOutputEqualInEveryValue(FormCase form) {
        FormCase.Maker m = form.make(DataType.FLOAT);

        AdaptedSameDiff model =
                DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config(Initialization.KAIMING_UNIFORM), 1);

        Graphs.assertSameValues(model.output(m.inputs, "y").get("y"), m.output());
    }

    @ParameterizedTest
    @MethodSource("formsWithOutputs")
    void gradient_equalsTheNumericOne(FormCase form) {
        FormCase.Maker m = form.make(DataType.DOUBLE);
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config(Initialization.RANDOM), 1);
        List<String> names = model.trainableParameters().stream()
                .map(TrainableParameter::name)
                .toList();

        double error = GradientCheck.check(model.graph(), m.inputs, names);

        assertThat(error).isLessThan(GradientCheck.TOLERANCE);
        assertThat(names).contains("m.lora_B.bias.default");
    }

    @ParameterizedTest
    @MethodSource("formsWithBias")
    void merge_addsToTheBias_andUnmergeGivesItBack(FormCase form) {
        FormCase.Maker m = form.make(DataType.DOUBLE);
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config(Initialization.RANDOM), 1);
        INDArray attached = model.output(m.inputs, "y").get("y");

        model.merge();
        INDArray merged = model.output(m.inputs, "y").get("y");
        model.unmerge();

        assertThat(merged.sub(attached).amaxNumber().doubleValue()).isLessThan(1e-10);
        Graphs.assertSameValues(model.output(m.inputs, "y").get("y"), attached);
    }

    @Test
    void merge_withoutABias_saysWhyAndChangesNothing() {
        FormCase.Maker m = new FormCase.Maker(DataType.FLOAT);
        m.x("x", 3, 5).mmul("y", m.weight("m.weight", 5, 4));
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config(Initialization.RANDOM), 1);

        assertThatThrownBy(model::merge)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("merge, modules \"m\": the update has a bias (loraBias) and the module none")
                .hasMessageEndingWith("Nothing was merged: keep the adapter attached.");
        assertThat(model.mergedAdapters()).isEmpty();
    }

    @Test
    void merge_ofTwoAdaptersOneByOne_equalsBothAtOnce() {
        FormCase.Maker m = FormCase.all().get(0).make(DataType.FLOAT);
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config(Initialization.RANDOM), 1);
        model.addAdapter("other", config(Initialization.RANDOM), 2);
        model.activate("default", "other");
        model.merge();
        INDArray together = model.output(m.inputs, "y").get("y");
        model.unmerge();

        model.merge("default");
        model.merge("other");

        Graphs.assertSameValues(model.output(m.inputs, "y").get("y"), together);
    }

    @Test
    void projectionsInsideAnOp_areRefused() {
        FormCase attention = FormCase.all().stream()
                .filter(form -> form.name.equals("attention"))
                .findFirst()
                .orElseThrow();
        FormCase.Maker m = attention.make(DataType.FLOAT);

        assertThatThrownBy(() -> DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config(Initialization.RANDOM), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("loraBias with projections inside an attention op")
                .hasMessageContaining("m.q");
    }
}
