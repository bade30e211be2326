/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.engine.GradientCheck;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.method.ModuleShape;
import org.lora4j.train.TrainableParameter;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What holds for every way to spell a module. A new form is done when its case in {@link FormCase} passes here. */
class SiteFormContractTest {

    /** Sums of at most 60 products of numbers of order 1 in double precision. */
    private static final double EXACT = 1e-10;

    static List<FormCase> forms() {
        return FormCase.all();
    }

    private static LoraConfig config(Initialization start) {
        return LoraConfig.builder()
                .rank(2)
                .alpha(3)
                .targetModules(ModuleSelector.regex("m(\\..*)?"))
                .initialization(start)
                .build();
    }

    @ParameterizedTest
    @MethodSource("forms")
    void inject_inFloat_leavesTheOutputEqualInEveryValue(FormCase form) {
        FormCase.Maker m = form.make(DataType.FLOAT);

        AdaptedSameDiff model =
                DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config(Initialization.KAIMING_UNIFORM), 1);

        assertSameValues(model.output(m.inputs, "y").get("y"), m.output());
    }

    @ParameterizedTest
    @MethodSource("forms")
    void inject_inDouble_leavesTheOutputEqualInEveryValue(FormCase form) {
        FormCase.Maker m = form.make(DataType.DOUBLE);

        AdaptedSameDiff model =
                DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config(Initialization.KAIMING_UNIFORM), 1);

        assertSameValues(model.output(m.inputs, "y").get("y"), m.output());
    }

    @ParameterizedTest
    @MethodSource("forms")
    void adapter_withRandomFactors_changesTheOutput(FormCase form) {
        FormCase.Maker m = form.make(DataType.DOUBLE);

        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config(Initialization.RANDOM), 1);

        assertThat(difference(model.output(m.inputs, "y").get("y"), m.output())).isGreaterThan(1e-3);
    }

    @ParameterizedTest
    @MethodSource("forms")
    void merge_inDouble_computesWhatTheAttachedAdapterComputes(FormCase form) {
        FormCase.Maker m = form.make(DataType.DOUBLE);
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config(Initialization.RANDOM), 1);
        INDArray attached = model.output(m.inputs, "y").get("y");

        model.merge();

        assertThat(difference(model.output(m.inputs, "y").get("y"), attached)).isLessThan(EXACT);
    }

    @ParameterizedTest
    @MethodSource("forms")
    void unmerge_givesBackTheAttachedOutputInEveryValue(FormCase form) {
        FormCase.Maker m = form.make(DataType.FLOAT);
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config(Initialization.RANDOM), 1);
        INDArray attached = model.output(m.inputs, "y").get("y");
        model.merge();

        model.unmerge();

        assertSameValues(model.output(m.inputs, "y").get("y"), attached);
    }

    @ParameterizedTest
    @MethodSource("forms")
    void disable_givesTheBaseOutputAgainAndAgain(FormCase form) {
        FormCase.Maker m = form.make(DataType.FLOAT);
        INDArray base = m.output();
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config(Initialization.RANDOM), 1);
        INDArray adapted = model.output(m.inputs, "y").get("y");

        for (int i = 0; i < 2; i++) {
            model.disable();
            assertSameValues(model.output(m.inputs, "y").get("y"), base);
            model.enable();
            assertSameValues(model.output(m.inputs, "y").get("y"), adapted);
        }
    }

    @ParameterizedTest
    @MethodSource("forms")
    void graph_savedAndLoadedByStockSameDiff_computesTheSame(FormCase form) {
        FormCase.Maker m = form.make(DataType.DOUBLE);
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config(Initialization.RANDOM), 1);
        INDArray adapted = model.output(m.inputs, "y").get("y");

        SameDiff loaded = Graphs.saveAndLoad(model.graph());

        assertSameValues(loaded.output(m.inputs, "y").get("y"), adapted);
    }

    @ParameterizedTest
    @MethodSource("forms")
    void base_loadedFromAFile_hasTheSameModules(FormCase form) {
        FormCase.Maker m = form.make(DataType.FLOAT);

        GraphModules loaded = GraphModules.find(Graphs.saveAndLoad(m.sd));

        assertThat(loaded.toString()).isEqualTo(GraphModules.find(m.sd).toString());
        assertThat(loaded.modules()).isNotEmpty();
    }

    @ParameterizedTest
    @MethodSource("forms")
    void graph_hasTheFactorsAsItsOnlyVariables(FormCase form) {
        FormCase.Maker m = form.make(DataType.FLOAT);
        AdaptedSameDiff model =
                DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config(Initialization.KAIMING_UNIFORM), 1);

        List<String> variables = model.graph().variables().stream()
                .filter(v -> v.getVariableType() == VariableType.VARIABLE)
                .map(SDVariable::name)
                .toList();

        assertThat(variables)
                .containsExactlyInAnyOrderElementsOf(model.trainableParameters().stream()
                        .map(TrainableParameter::name)
                        .toList());
    }

    @ParameterizedTest
    @MethodSource("forms")
    void gradient_ofEveryValueOfEveryFactor_equalsTheNumericOne(FormCase form) {
        FormCase.Maker m = form.make(DataType.DOUBLE);
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config(Initialization.RANDOM), 1);
        List<String> factors = model.trainableParameters().stream()
                .map(TrainableParameter::name)
                .toList();

        double error = GradientCheck.check(model.graph(), m.inputs, factors);

        assertThat(error).isLessThan(GradientCheck.TOLERANCE);
    }

    @ParameterizedTest
    @MethodSource("forms")
    void everyFactor_hasMovedAfterTwoSteps_andTheBaseHasNot(FormCase form) {
        FormCase.Maker m = form.make(DataType.DOUBLE);
        Map<String, INDArray> before = Graphs.leaves(m.sd);
        AdaptedSameDiff model =
                DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config(Initialization.KAIMING_UNIFORM), 1);
        GraphExecutor executor = model.executor();
        Map<String, Map<String, INDArray>> start = model.adapter("default").modules();

        for (int step = 0; step < 2; step++) {
            LossAndGradients result = executor.gradients(m.inputs, step);
            model.trainableParameters()
                    .forEach(
                            p -> p.value().subi(result.gradients().get(p.name()).mul(0.01)));
        }

        model.adapter("default")
                .modules()
                .forEach((path, factors) -> factors.forEach((suffix, factor) -> assertThat(
                                difference(factor, start.get(path).get(suffix)))
                        .as(path + " " + suffix)
                        .isGreaterThan(0)));
        Graphs.leaves(m.sd).forEach((name, array) -> assertSameValues(array, before.get(name)));
    }

    static List<FormCase> formsWithActivations() {
        return FormCase.all().stream()
                .filter(form -> !form.name.equals("attention"))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("formsWithActivations")
    void dropout_changesTheTrainingLossExceptOfLookups(FormCase form) {
        FormCase.Maker m = form.make(DataType.DOUBLE);
        LoraConfig dropping =
                config(Initialization.RANDOM).toBuilder().dropout(0.5).build();
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), dropping, 1);
        double clean = loss(model, m.inputs);

        double dropped = model.executor().gradients(m.inputs, 1).loss();

        boolean lookup = model.modules().get(0).shape().kind() == ModuleShape.Kind.EMBEDDING;
        assertThat(Math.abs(dropped - clean) > 1e-6).isEqualTo(!lookup);
        assertThat(loss(model, m.inputs)).isEqualTo(clean);
    }

    private static double difference(INDArray a, INDArray b) {
        return a.sub(b).amaxNumber().doubleValue();
    }

    private static void assertSameValues(INDArray found, INDArray expected) {
        Graphs.assertSameValues(found, expected);
    }

    private static double loss(AdaptedSameDiff model, Map<String, INDArray> inputs) {
        return model.output(inputs, "loss").get("loss").sumNumber().doubleValue();
    }
}
