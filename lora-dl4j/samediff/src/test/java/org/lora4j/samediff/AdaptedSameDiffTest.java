/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.NoMatchingModuleException;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.method.LoraMethod;
import org.lora4j.model.AdaptedModelContract;
import org.lora4j.model.MergeReport;
import org.lora4j.model.ParameterSummary;
import org.lora4j.train.TrainableParameter;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** The verbs and states of an adapted graph, on {@code relu(x W1 + b1) W2 + b2} with a squared loss. */
class AdaptedSameDiffTest {

    private final INDArray w1 = Nd4j.createFromArray(new double[][] {{1, -2, 0.5}, {0.25, 1, -1}});
    private final INDArray w2 = Nd4j.createFromArray(new double[][] {{1, 0.5}, {-1, 2}, {0.5, 0.25}});
    private final INDArray x = Nd4j.createFromArray(new double[][] {{1, 2}, {-1, 0.5}});
    private final Map<String, INDArray> inputs =
            Map.of("x", x, "labels", Nd4j.createFromArray(new double[][] {{1, 0}, {0, 1}}));
    private final SameDiff base = SameDiff.create();

    @BeforeEach
    void build() {
        SDVariable in = base.placeHolder("x", DataType.DOUBLE, -1, 2);
        SDVariable labels = base.placeHolder("labels", DataType.DOUBLE, -1, 2);
        SDVariable b1 = base.var("fc1.bias", Nd4j.createFromArray(0.5, 0.25, -0.5));
        SDVariable hidden = base.nn().relu(in.mmul(base.var("fc1.weight", w1)).add(b1), 0);
        SDVariable b2 = base.var("fc2.bias", Nd4j.createFromArray(0.125, -0.25));
        SDVariable y = hidden.mmul(base.var("fc2.weight", w2)).add("y", b2);
        SDVariable error = y.sub(labels);
        error.mul(error).sum("loss");
        base.setLossVariables("loss");
        base.setTrainingConfig(TrainingConfig.builder()
                .updater(new Sgd(0.1))
                .dataSetFeatureMapping("x")
                .dataSetLabelMapping("labels")
                .minimize("loss")
                .build());
    }

    private static LoraConfig.Builder config(String... targets) {
        return LoraConfig.builder().rank(1).alpha(2).targetModules(targets).initialization(Initialization.RANDOM);
    }

    @Test
    void inject_copiesNoWeightOfTheBase() {
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(base), config("fc1", "fc2").build(), 1);

        assertThat(List.of("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"))
                .allSatisfy(name -> assertThat(
                                model.graph().getVariable(name).getArr().data().address())
                        .isEqualTo(base.getVariable(name).getArr().data().address()));
    }

    private INDArray y(AdaptedSameDiff model) {
        return model.output(inputs, "y").get("y");
    }

    private INDArray baseOutput() {
        return base.output(inputs, "y").get("y");
    }

    private static Adapter adapter(LoraConfig config, Map<String, Map<String, INDArray>> modules) {
        return Adapter.of(config, modules, Map.of());
    }

    /** Rank 1 on fc2, alpha 2: the update of W2 is 2 * (a b), in PEFT's layout A [1, 3] and B [2, 1]. */
    private static Adapter handmade(double... a) {
        return adapter(
                config("fc2").build(),
                Map.of(
                        "fc2",
                        Map.of(
                                LoraMethod.A, Nd4j.createFromArray(new double[][] {a}),
                                LoraMethod.B, Nd4j.createFromArray(new double[][] {{1}, {-1}}))));
    }

    private AdaptedSameDiff withTwo() {
        AdaptedSameDiff model = AdaptedSameDiff.of(base);
        model.addAdapter("one", handmade(1, 0, 0));
        model.addAdapter("two", handmade(0, 0.5, 0));
        return model;
    }

    // hidden = relu(x W1 + b1) = [[2, 0.25, 0], [0, 2.75, 0]]
    // y = hidden W2 + b2 = [[1.875, 1.25], [-2.625, 5.25]]
    @Test
    void output_withAHandmadeAdapter_isTheHandCalculatedOne() {
        AdaptedSameDiff model = withTwo();
        model.activate("one");

        // 2 * hidden[:, 0] * [1, -1] on top
        Graphs.assertSameValues(y(model), Nd4j.createFromArray(new double[][] {{5.875, -2.75}, {-2.625, 5.25}}));
    }

    @Test
    void output_withTwoActiveAdapters_addsBothUp() {
        AdaptedSameDiff model = withTwo();
        model.activate("one", "two");

        // and hidden[:, 1] * [1, -1]
        Graphs.assertSameValues(y(model), Nd4j.createFromArray(new double[][] {{6.125, -3.0}, {0.125, 2.5}}));
    }

    @Test
    void output_withNoActiveAdapter_isTheBases() {
        Graphs.assertSameValues(y(withTwo()), baseOutput());
    }

    @Test
    void merge_ofOneOfTwoActiveAdapters_keepsTheOtherAttached() {
        AdaptedSameDiff model = withTwo();
        model.activate("one", "two");
        INDArray before = y(model);

        model.merge("two");

        Graphs.assertSameValues(y(model), before);
        assertThat(model.mergedAdapters()).containsExactly("two");
        assertThat(model.activeAdapters()).containsExactly("one", "two");
    }

    @Test
    void merge_reportsLargestChangeAndMemory() {
        AdaptedSameDiff model = withTwo();
        model.activate("one");

        MergeReport report = model.merge();

        assertThat(report).isEqualTo(new MergeReport(List.of("one"), 1, 2, 0, "fc2", 48));
        assertThat(model.parameterSummary().mergedBytes()).isEqualTo(48);
    }

    @Test
    void merge_ofAFloatBase_reportsWhatRoundingCosts() {
        SameDiff floats = SameDiff.create();
        floats.placeHolder("x", DataType.FLOAT, -1, 1).mmul("y", floats.var("m", Nd4j.createFromArray(new float[][] {
            {1f}
        })));
        AdaptedSameDiff model = AdaptedSameDiff.of(floats);
        // 2^-26 is lost next to 1 in single precision.
        model.addAdapter(
                "tiny",
                adapter(
                        LoraConfig.builder().rank(1).alpha(1).targetModules("m").build(),
                        Map.of(
                                "m",
                                Map.of(
                                        LoraMethod.A, Nd4j.createFromArray(new float[][] {{(float) Math.pow(2, -26)}}),
                                        LoraMethod.B, Nd4j.createFromArray(new float[][] {{1f}})))));
        model.activate("tiny");

        MergeReport report = model.merge();

        assertThat(report.largestRounding()).isEqualTo(Math.pow(2, -26));
    }

    @Test
    void merge_toAValueThatIsNotFinite_isRefusedAndChangesNothing() {
        AdaptedSameDiff model = AdaptedSameDiff.of(base);
        model.addAdapter("bad", handmade(Double.MAX_VALUE, 0, 0));
        model.activate("bad");

        assertThatThrownBy(model::merge)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("module \"fc2\"")
                .hasMessageContaining("holds Infinity in DOUBLE; expected values that are finite");
        assertThat(model.mergedAdapters()).isEmpty();
    }

    @Test
    void base_isUntouchedByEverything() {
        Map<String, INDArray> leaves = Graphs.leaves(base);
        Map<String, VariableType> types = types(base);
        List<String> ops = List.copyOf(base.getOps().keySet());
        TrainingConfig training = base.getTrainingConfig();
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(base),
                config("fc1").modulesToSave("fc2").bias(BiasTraining.ALL).build(),
                1);

        y(model);
        sgd(model, 3);
        model.merge();
        y(model);
        model.unmerge();
        model.mergeAndUnload();

        Graphs.leaves(base).forEach((name, array) -> Graphs.assertSameValues(array, leaves.get(name)));
        assertThat(types(base)).isEqualTo(types);
        assertThat(base.getOps().keySet()).containsExactlyElementsOf(ops);
        assertThat(base.getLossVariables()).containsExactly("loss");
        assertThat(base.getTrainingConfig()).isSameAs(training);
        assertThat(model.unload()).isSameAs(base);
        assertThat(base.getVariable("fc1.weight").getArr().data()).isSameAs(w1.data());
    }

    private static Map<String, VariableType> types(SameDiff graph) {
        return graph.variables().stream().collect(Collectors.toMap(SDVariable::name, SDVariable::getVariableType));
    }

    private double sgd(AdaptedSameDiff model, int steps) {
        GraphExecutor executor = model.executor();
        double loss = 0;
        for (int step = 0; step < steps; step++) {
            LossAndGradients result = executor.gradients(inputs, step);
            loss = result.loss();
            model.trainableParameters()
                    .forEach(
                            p -> p.value().subi(result.gradients().get(p.name()).mul(0.01)));
        }
        return loss;
    }

    @Test
    void training_isSeenByTheGraphAtOnce() {
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(base), config("fc1", "fc2").build(), 1);
        double before = sgd(model, 1);

        sgd(model, 20);

        double after = model.output(inputs, "loss").get("loss").getDouble(0);
        assertThat(after).isLessThan(before / 2);
    }

    @Test
    void graph_canBeTrainedByStockSameDiff() {
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(base), config("fc1", "fc2").build(), 1);
        double before = model.output(inputs, "loss").get("loss").getDouble(0);

        model.graph().fit(new org.nd4j.linalg.dataset.DataSet(inputs.get("x"), inputs.get("labels")));

        assertThat(model.output(inputs, "loss").get("loss").getDouble(0)).isNotEqualTo(before);
    }

    @Test
    void inject_intoAGraphThatWasTrained_works() {
        var data = new org.nd4j.linalg.dataset.DataSet(inputs.get("x"), inputs.get("labels"));
        base.fit(data);
        INDArray trained = baseOutput();

        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(base),
                config("fc1", "fc2")
                        .initialization(Initialization.KAIMING_UNIFORM)
                        .build(),
                1);

        Graphs.assertSameValues(y(model), trained);
        model.graph().fit(data);
        assertThat(y(model).sub(trained).amaxNumber().doubleValue()).isGreaterThan(0);
        Graphs.assertSameValues(baseOutput(), trained);
    }

    @Test
    void training_twiceWithOneSeed_givesTheSameFactorsBitForBit() {
        AdaptedSameDiff one = DefaultAdapter.fresh(
                AdaptedSameDiff.of(base), config("fc1", "fc2").dropout(0.25).build(), 9);
        AdaptedSameDiff two = DefaultAdapter.fresh(
                AdaptedSameDiff.of(base), config("fc1", "fc2").dropout(0.25).build(), 9);

        sgd(one, 5);
        sgd(two, 5);

        assertThat(two.adapter("default")).isEqualTo(one.adapter("default"));
    }

    @Test
    void mergeAndUnload_isAPlainGraphWithTheBasesTypesAndTheAdaptedOutput() {
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(base), config("fc1", "fc2").build(), 1);
        INDArray adapted = y(model);

        SameDiff plain = Graphs.saveAndLoad(model.mergeAndUnload());

        assertThat(plain.output(inputs, "y").get("y").sub(adapted).amaxNumber().doubleValue())
                .isLessThan(1e-12);
        assertThat(types(plain)).isEqualTo(types(base));
        assertThat(plain.getLossVariables()).containsExactly("loss");
    }

    @Test
    void aMergedGraphThatWasSavedAndLoaded_canBeAdaptedAgain() {
        AdaptedSameDiff first = DefaultAdapter.fresh(
                AdaptedSameDiff.of(Graphs.saveAndLoad(base)), config("fc1").build(), 1);
        SameDiff merged = Graphs.saveAndLoad(first.mergeAndUnload());
        AdaptedSameDiff second = DefaultAdapter.fresh(
                AdaptedSameDiff.of(merged), config("fc1", "fc2").build(), 2);
        INDArray adapted = y(second);

        SameDiff again = Graphs.saveAndLoad(second.mergeAndUnload());

        assertThat(again.output(inputs, "y").get("y").sub(adapted).amaxNumber().doubleValue())
                .isLessThan(1e-12);
    }

    @Test
    void adapter_ofOneModel_givesTheSameOutputInAnother() {
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(base),
                config("fc1")
                        .modulesToSave("fc2")
                        .bias(BiasTraining.ADAPTED_ONLY)
                        .build(),
                1);
        sgd(model, 3);
        AdaptedSameDiff other = AdaptedSameDiff.of(Graphs.saveAndLoad(base));

        other.addAdapter("copy", model.adapter("default"));
        other.activate("copy");

        Graphs.assertSameValues(y(other), y(model));
    }

    @Test
    void adapter_isACopyThatTrainingDoesNotChange() {
        AdaptedSameDiff model =
                DefaultAdapter.fresh(AdaptedSameDiff.of(base), config("fc1").build(), 1);
        Adapter before = model.adapter("default");
        INDArray a = before.modules().get("fc1").get(LoraMethod.A).dup();

        sgd(model, 2);

        Graphs.assertSameValues(before.modules().get("fc1").get(LoraMethod.A), a);
    }

    @Test
    void modulesToSave_exportsThemInPeftsLayout() {
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(base), config("fc1").modulesToSave("fc2").build(), 1);

        Adapter adapter = model.adapter("default");

        assertThat(adapter.savedParameters()).containsOnlyKeys("fc2.weight", "fc2.bias");
        Graphs.assertSameValues(adapter.savedParameters().get("fc2.weight"), w2.transpose());
        assertThat(adapter.modules()).containsOnlyKeys("fc1");
    }

    @Test
    void modulesToSave_learnWhileTheBaseKeepsItsValues() {
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(base), config("fc1").modulesToSave("fc2").build(), 1);
        INDArray baseOutput = baseOutput();

        sgd(model, 2);

        assertThat(model.adapter("default").savedParameters().get("fc2.weight").equals(w2.transpose()))
                .isFalse();
        model.disable();
        Graphs.assertSameValues(y(model), baseOutput);
    }

    @Test
    void modulesToSave_alone_trainAHeadOnAFrozenBody() {
        LoraConfig head = LoraConfig.builder()
                .targetModules(ModuleSelector.none())
                .modulesToSave("fc2")
                .build();
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(base), head, 1);
        Graphs.assertSameValues(y(model), baseOutput());

        double before = sgd(model, 1);
        sgd(model, 10);

        assertThat(model.output(inputs, "loss").get("loss").getDouble(0)).isLessThan(before / 2);
        assertThat(model.trainableParameters())
                .extracting(TrainableParameter::kind)
                .containsExactlyInAnyOrder(TrainableParameter.Kind.WEIGHT, TrainableParameter.Kind.BIAS_OR_NORM);
    }

    @Test
    void modulesToSave_namingAModuleAroundOthers_saveAllWithinIt() {
        SameDiff graph = SameDiff.create();
        SDVariable in = graph.placeHolder("x", DataType.DOUBLE, -1, 2);
        SDVariable inner = in.mmul(graph.var("body.weight", Nd4j.ones(DataType.DOUBLE, 2, 2)));
        SDVariable hidden = inner.mmul(graph.var("head.dense.weight", Nd4j.ones(DataType.DOUBLE, 2, 2)));
        hidden.mmul("y", graph.var("head.out.weight", Nd4j.ones(DataType.DOUBLE, 2, 2)));

        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(graph), config("body").modulesToSave("head").build(), 1);

        assertThat(model.adapter("default").savedParameters()).containsOnlyKeys("head.dense.weight", "head.out.weight");
    }

    @Test
    void biasTraining_ofAdaptedModules_trainsTheirBiasesOnly() {
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(base),
                config("fc1").bias(BiasTraining.ADAPTED_ONLY).build(),
                1);

        assertThat(model.trainableParameters())
                .extracting(TrainableParameter::name)
                .containsExactly("fc1.lora_A.default", "fc1.lora_B.default", "fc1.bias");
        assertThat(model.trainableParameters())
                .extracting(TrainableParameter::kind)
                .containsExactly(
                        TrainableParameter.Kind.FACTOR,
                        TrainableParameter.Kind.FACTOR,
                        TrainableParameter.Kind.BIAS_OR_NORM);
    }

    @Test
    void disable_afterBiasesAreTrained_givesTheBaseOutput() {
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(base), config("fc1").bias(BiasTraining.ALL).build(), 1);
        INDArray before = base.output(inputs, "y").get("y");
        sgd(model, 3);
        INDArray trained = y(model);

        model.disable();

        Graphs.assertSameValues(y(model), before);
        assertThat(trained).isNotEqualTo(before);
    }

    @Test
    void biasTraining_ofAll_trainsEveryBias() {
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(base), config("fc1").bias(BiasTraining.ALL).build(), 1);

        assertThat(model.adapter("default").savedParameters()).containsOnlyKeys("fc1.bias", "fc2.bias");
    }

    @Test
    void activate_twoAdaptersWithCopiesOfOneParameter_isRefused() {
        AdaptedSameDiff model = AdaptedSameDiff.of(base);
        model.addAdapter("a", config("fc1").modulesToSave("fc2").build(), 1);
        model.addAdapter("b", config("fc1").modulesToSave("fc2").build(), 2);

        assertThatThrownBy(() -> model.activate("a", "b"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"a\" and \"b\" both hold a fully trained copy of \"fc2.weight\"");
        assertThat(model.activeAdapters()).isEmpty();
    }

    @Test
    void setTrainable_ofALoadedAdapter_makesItLearn() {
        AdaptedSameDiff model = withTwo();
        model.activate("one");

        model.setTrainable("one", true);

        assertThat(model.trainableParameters())
                .extracting(TrainableParameter::name)
                .containsExactlyInAnyOrder("fc2.lora_A.one", "fc2.lora_B.one");
    }

    @Test
    void addAdapter_withTheSameSeed_givesTheSameFactorsWhateverElseIsAdapted() {
        AdaptedSameDiff one =
                DefaultAdapter.fresh(AdaptedSameDiff.of(base), config("fc2").build(), 5);
        AdaptedSameDiff both = DefaultAdapter.fresh(
                AdaptedSameDiff.of(base), config("fc1", "fc2").build(), 5);

        Graphs.assertSameValues(
                both.adapter("default").modules().get("fc2").get(LoraMethod.A),
                one.adapter("default").modules().get("fc2").get(LoraMethod.A));
    }

    @Test
    void disabled_restoresTheStateFromBefore() {
        AdaptedSameDiff model = withTwo();
        model.activate("one");

        try (var off = model.disabled()) {
            assertThat(model.isEnabled()).isFalse();
            assertThat(model.graph()).isSameAs(base);
            assertThat(off).isNotNull();
        }

        assertThat(model.isEnabled()).isTrue();
    }

    @Test
    void graph_isKeptWhileTheStateIsTheSame() {
        AdaptedSameDiff model = withTwo();
        model.activate("one");
        SameDiff graph = model.graph();

        model.disable();
        model.enable();

        assertThat(model.graph()).isSameAs(graph);
    }

    @Test
    void merge_afterMoreTraining_usesTheNewValues() {
        AdaptedSameDiff model = withTwo();
        model.activate("one");
        model.setTrainable("one", true);
        INDArray factor = model.trainableParameters().get(0).value();
        model.merge();
        INDArray first = y(model);
        model.unmerge();

        // Below the tolerance with which ND4J compares arrays.
        factor.addi(1e-7);
        model.merge();

        assertThat(y(model).sub(first).amaxNumber().doubleValue()).isGreaterThan(1e-8);
    }

    @Test
    void removeAdapter_thatIsNotActive_leavesTheOthers() {
        AdaptedSameDiff model = withTwo();
        model.activate("two");
        INDArray before = y(model);

        model.removeAdapter("one");

        assertThat(model.adapterNames()).containsExactly("two");
        Graphs.assertSameValues(y(model), before);
    }

    @Test
    void removeAdapter_thenAddOneOfTheSameName_usesTheNewOne() {
        AdaptedSameDiff model = withTwo();
        model.removeAdapter("one");
        model.addAdapter("one", handmade(0, 0, 0));
        model.activate("one");

        Graphs.assertSameValues(y(model), baseOutput());
    }

    @Test
    void training_inTheWrongState_namesTheStateAndTheRepair() {
        AdaptedSameDiff empty = AdaptedSameDiff.of(base);
        AdaptedModelContract.assertState(empty::executor, "there is no adapter", "addAdapter");
        AdaptedSameDiff model = withTwo();
        AdaptedModelContract.assertState(model::mergeAndUnload, "no adapter is active", "unload() for the base");
        AdaptedModelContract.assertState(model::executor, "is active; expected one", "activate(name)");
        model.activate("one");
        AdaptedModelContract.assertState(
                model::trainableParameters, "is trainable; expected one", "setTrainable(name, true)");
        model.setTrainable("one", true);
        model.disable();
        AdaptedModelContract.assertState(model::executor, "adapters are disabled", "enable()");
        model.enable();
        model.merge();
        AdaptedModelContract.assertState(model::executor, "\"one\" is merged", "unmerge()");
    }

    @Test
    void addAdapter_withAnOddName_works() {
        AdaptedSameDiff model = AdaptedSameDiff.of(base);
        model.addAdapter("my task_1.v2 é", handmade(1, 0, 0));
        model.activate("my task_1.v2 é");

        Graphs.assertSameValues(
                Graphs.saveAndLoad(model.graph()).output(inputs, "y").get("y"), y(model));
    }

    @Test
    void inject_withTargetsThatMatchNothing_namesAllOfThemAndTheClosest() {
        LoraConfig config = config("fc1", "fc3", "nonsense")
                .rankPattern(Map.of("fc9", 2))
                .modulesToSave("head")
                .build();

        assertThatThrownBy(() -> DefaultAdapter.fresh(AdaptedSameDiff.of(base), config, 1))
                .isInstanceOf(NoMatchingModuleException.class)
                .hasMessageContaining("4 problems")
                .hasMessageContaining("targetModules \"fc3\" matches no module; closest: \"fc1\", \"fc2\"")
                .hasMessageContaining("targetModules \"nonsense\" matches no module")
                .hasMessageContaining("rankPattern \"fc9\" matches no module")
                .hasMessageContaining("modulesToSave \"head\" matches no module")
                .hasMessageContaining("Lora.modules(graph)");
    }

    @Test
    void inject_withATargetThatCannotBeAdapted_saysWhy() {
        base.mmul(
                "z",
                base.getVariable("x"),
                base.var("odd.weight", Nd4j.ones(DataType.DOUBLE, 2, 2)),
                false,
                false,
                true);

        assertThatThrownBy(() -> DefaultAdapter.fresh(
                        AdaptedSameDiff.of(base), config("odd").build(), 1))
                .isInstanceOf(NoMatchingModuleException.class)
                .hasMessageContaining("\"odd.weight\" cannot be adapted")
                .hasMessageContaining("transposes its result");
    }

    @Test
    void inject_withExcludesThatLeaveNothing_isRefused() {
        assertThatThrownBy(() -> DefaultAdapter.fresh(
                        AdaptedSameDiff.of(base),
                        config("fc1").excludeModules("fc1").build(),
                        1))
                .isInstanceOf(NoMatchingModuleException.class)
                .hasMessageContaining("select no module");
    }

    @Test
    void inject_withAllLinear_leavesTheHeadOut() {
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(base),
                LoraConfig.builder().targetModules(ModuleSelector.allLinear()).build(),
                1);

        assertThat(model.adapter("default").modules()).containsOnlyKeys("fc1");
        assertThat(model.status())
                .filteredOn(status -> status.outputHead())
                .extracting(status -> status.path())
                .containsExactly("fc2");
    }

    @Test
    void addAdapter_thatDoesNotFit_listsEveryProblemAndChangesNothing() {
        LoraConfig config = config("fc1", "fc2", "fc7").bias(BiasTraining.ALL).build();
        Map<String, Map<String, INDArray>> modules = new LinkedHashMap<>();
        modules.put(
                "fc2",
                Map.of(
                        LoraMethod.A, Nd4j.ones(DataType.DOUBLE, 1, 7),
                        LoraMethod.B, Nd4j.ones(DataType.DOUBLE, 2, 1)));
        modules.put(
                "fc7",
                Map.of(
                        LoraMethod.A, Nd4j.ones(DataType.DOUBLE, 1, 3),
                        LoraMethod.B, Nd4j.ones(DataType.DOUBLE, 2, 1)));
        Adapter adapter = Adapter.of(config, modules, Map.of("fc8.bias", Nd4j.ones(DataType.DOUBLE, 2)));
        AdaptedSameDiff model = AdaptedSameDiff.of(base);

        assertThatThrownBy(() -> model.addAdapter("foreign", adapter))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("6 problems")
                .hasMessageContaining("parameter \"fc1.bias\" is trained fully by the config, but the adapter has no")
                .hasMessageContaining("module \"fc2\": lora_A.weight has shape [1, 7]; expected [1, 3]")
                .hasMessageContaining("module \"fc7\" of the adapter is not in the graph; closest: \"fc1\", \"fc2\"")
                .hasMessageContaining("module \"fc1\" is adapted by the config, but the adapter has no tensors for it")
                .hasMessageContaining("parameter \"fc8.bias\" of the adapter is not in the graph");
        assertThat(model.adapterNames()).isEmpty();
    }

    @Test
    void graph_afterTheBaseChanged_isRefused() {
        AdaptedSameDiff model = withTwo();
        base.getVariable("y").add(1);

        assertThatThrownBy(model::graph)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("the base graph changed")
                .hasMessageContaining("was added");
    }

    @Test
    void parameterSummary_countsByHand() {
        AdaptedSameDiff model =
                DefaultAdapter.fresh(AdaptedSameDiff.of(base), config("fc1").build(), 1);

        ParameterSummary summary = model.parameterSummary();

        // base 6 + 3 + 6 + 2, factors 2 + 3
        assertThat(summary.total()).isEqualTo(22);
        assertThat(summary.trainable()).isEqualTo(5);
        assertThat(summary.percentage()).isCloseTo(100.0 * 5 / 22, within(1e-12));
        assertThat(summary).hasToString("trainable parameters: 5 of 22 (22.7273 %)");
        assertThat(summary.modules())
                .containsExactly(new ParameterSummary.ModuleParameters("fc1", "default", 1, 5, 6, false));
    }

    @Test
    void status_tellsEveryModule() {
        AdaptedSameDiff model = withTwo();
        model.addAdapter("three", config("fc1").modulesToSave("fc2").build(), 1);
        model.activate("two", "one");

        assertThat(model.status()).hasSize(2).last().satisfies(status -> {
            assertThat(status.path()).isEqualTo("fc2");
            assertThat(status.adapters()).containsExactly("one", "two");
            assertThat(status.active()).containsExactly("two", "one");
            assertThat(status.trainable()).isEmpty();
            assertThat(status.merged()).isEmpty();
            assertThat(status.saved()).containsExactly("three");
        });
    }

    @Test
    void dropout_actsInTrainingOnly() {
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(base), config("fc1", "fc2").dropout(0.5).build(), 1);
        AdaptedSameDiff without = DefaultAdapter.fresh(
                AdaptedSameDiff.of(base), config("fc1", "fc2").build(), 1);
        GraphExecutor executor = model.executor();

        Graphs.assertSameValues(executor.output(inputs, List.of("y")).get("y"), y(without));
        assertThat(model.graph().variables()).extracting(SDVariable::name).noneMatch(name -> name.contains("dropout"));
        double clean = without.executor().gradients(inputs, 1).loss();
        List<Double> losses = List.of(1L, 2L, 3L, 4L).stream()
                .map(seed -> executor.gradients(inputs, seed).loss())
                .distinct()
                .toList();
        assertThat(losses).hasSizeGreaterThan(1).anyMatch(loss -> loss != clean);
        assertThat(executor.gradients(inputs, 1).loss())
                .isEqualTo(executor.gradients(inputs, 1).loss());
    }

    @Test
    void dropout_onAttentionProjections_isRefused() {
        FormCase.Maker attention = FormCase.all().stream()
                .filter(form -> form.name.equals("attention"))
                .findFirst()
                .orElseThrow()
                .make(DataType.DOUBLE);

        assertThatThrownBy(() -> DefaultAdapter.fresh(
                        AdaptedSameDiff.of(attention.sd),
                        config("m.q").dropout(0.1).build(),
                        1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("dropout = 0.1")
                .hasMessageContaining("m.q");
    }
}
