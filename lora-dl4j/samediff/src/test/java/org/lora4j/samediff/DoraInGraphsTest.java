/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.internal.engine.GradientCheck;
import org.lora4j.internal.graph.GraphCopy;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.method.AdapterMethod.Place;
import org.lora4j.method.DoraMethod;
import org.lora4j.method.LoraMethod;
import org.lora4j.method.ModuleShape;
import org.lora4j.random.RandomStreams;
import org.lora4j.samediff.OpPlan.Attachment;
import org.lora4j.samediff.OpPlan.Factor;
import org.lora4j.samediff.OpPlan.Leaf;
import org.lora4j.samediff.OpPlan.SitePlan;
import org.lora4j.train.TrainableParameter;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** DoRA (Liu et al., 2024, arXiv 2402.09353) on every form, from what a site offers alone: no host knows of it. */
class DoraInGraphsTest {

    private static final LoraConfig CONFIG = LoraConfig.builder()
            .rank(2)
            .alpha(3)
            .targetModules(ModuleSelector.regex("m(\\..*)?"))
            .initialization(Initialization.RANDOM)
            .dora(true)
            .build();

    private static final double SCALING = 1.5;

    static List<FormCase> forms() {
        return FormCase.all();
    }

    /** A model whose magnitudes are not the lengths of the directions. */
    private static AdaptedSameDiff moved(FormCase.Maker m) {
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), CONFIG, 1);
        model.trainableParameters().stream()
                .filter(p -> p.kind() == TrainableParameter.Kind.BIAS_OR_NORM)
                .forEach(p -> p.value()
                        .muli(RandomStreams.uniform(
                                        RandomStreams.of(5, p.name()),
                                        0.5,
                                        DataType.DOUBLE,
                                        p.value().shape())
                                .addi(1)));
        return model;
    }

    @ParameterizedTest
    @MethodSource("forms")
    void fresh_givesTheOutputOfTheBase(FormCase form) {
        FormCase.Maker m = form.make(DataType.DOUBLE);
        LoraConfig zero = CONFIG.toBuilder()
                .initialization(Initialization.KAIMING_UNIFORM)
                .build();

        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), zero, 1);

        assertThat(largest(model.output(m.inputs, "y").get("y").sub(m.output())))
                .isLessThan(1e-12);
    }

    @ParameterizedTest
    @MethodSource("forms")
    void merge_computesWhatTheAttachedAdapterComputes(FormCase form) {
        FormCase.Maker m = form.make(DataType.DOUBLE);
        AdaptedSameDiff model = moved(m);
        INDArray attached = model.output(m.inputs, "y").get("y");

        model.merge();

        assertThat(largest(model.output(m.inputs, "y").get("y").sub(attached))).isLessThan(1e-10);
        assertThat(largest(attached.sub(m.output()))).isGreaterThan(1e-3);
    }

    @ParameterizedTest
    @MethodSource("forms")
    void gradient_isTheNumericOneWithTheLengthsHeldConstant(FormCase form) {
        FormCase.Maker m = form.make(DataType.DOUBLE);
        AdaptedSameDiff model = moved(m);
        Map<String, INDArray> gradients =
                model.executor().gradients(m.inputs, 1).gradients();
        Map<String, INDArray> lengths = lengths(m.sd, model);

        for (TrainableParameter p : model.trainableParameters()) {
            INDArray numeric = Nd4j.create(DataType.DOUBLE, p.value().shape());
            for (long i = 0; i < p.value().length(); i++) {
                double x = p.value().getDouble(i);
                p.value().putScalar(i, x + 1e-5);
                double up = lossWithLengths(m, model, lengths);
                p.value().putScalar(i, x - 1e-5);
                double down = lossWithLengths(m, model, lengths);
                p.value().putScalar(i, x);
                numeric.putScalar(i, (up - down) / 2e-5);
            }
            double scale = Math.max(1e-3, largest(numeric));
            assertThat(largest(gradients.get(p.name()).sub(numeric)) / scale)
                    .as(p.name())
                    .isLessThan(GradientCheck.TOLERANCE);
        }
    }

    private static INDArray rows(ModuleShape shape, INDArray weight) {
        return shape.kind() == ModuleShape.Kind.EMBEDDING
                ? weight.transpose().dup('c')
                : weight.dup('c').reshape(shape.outputs(), -1);
    }

    private static INDArray direction(SameDiff base, LiveAdapter.Part part) {
        GraphModule module = part.module();
        INDArray weight = base.getVariable(module.weight()).getArr();
        INDArray peft = module.weightLayout().toPeft(weight, module.shape());
        INDArray sum = new LoraMethod().mergedWeight(module.shape(), peft, part.toPeft(), part.scaling());
        return rows(module.shape(), sum);
    }

    private static Map<String, INDArray> lengths(SameDiff base, AdaptedSameDiff model) {
        Map<String, INDArray> lengths = new LinkedHashMap<>();
        model.live("default")
                .modules()
                .forEach((path, part) -> lengths.put(path, direction(base, part).norm2(1)));
        return lengths;
    }

    /** The loss of the base with the weights m * V / length. */
    private static double lossWithLengths(FormCase.Maker m, AdaptedSameDiff model, Map<String, INDArray> lengths) {
        GraphCopy merged = GraphCopy.of(m.sd);
        model.live("default").modules().forEach((path, part) -> {
            GraphModule module = part.module();
            INDArray rows = direction(m.sd, part);
            INDArray magnitude =
                    part.toPeft().get(DoraMethod.MAGNITUDE).dup('c').reshape(rows.rows(), 1);
            rows.muliColumnVector(magnitude.div(lengths.get(path).dup('c').reshape(rows.rows(), 1)));
            INDArray peft = module.shape().kind() == ModuleShape.Kind.EMBEDDING
                    ? rows.transpose().dup('c')
                    : rows.reshape(module.shape().weight());
            long[] shape = m.sd.getVariable(module.weight()).getArr().shape();
            merged.leaf(
                    module.weight(),
                    VariableType.CONSTANT,
                    module.weightLayout().fromPeft(peft, shape));
        });
        return merged.build().output(m.inputs, "loss").get("loss").getDouble(0);
    }

    @Test
    void dropout_actsOnBothTermsOfTheUpdateAndNotOnTheBase() {
        FormCase.Maker m = new FormCase.Maker(DataType.DOUBLE);
        m.x("x", 2, 2).mmul(m.weight("m.weight", 2, 2)).add("y", m.weight("m.bias", 2));
        m.sd.getVariable("m.weight").setArray(Nd4j.createFromArray(new double[][] {{3, 1}, {4, 2}}));
        m.sd.getVariable("m.bias").setArray(Nd4j.createFromArray(10.0, 20.0));
        GraphModule module = GraphModules.find(m.sd).get("m");
        Map<String, Factor> factors = new LinkedHashMap<>();
        factors.put(LoraMethod.A, leaf("a", Nd4j.createFromArray(new double[][] {{1}, {0}})));
        factors.put(LoraMethod.B, leaf("b", Nd4j.createFromArray(new double[][] {{2, 0}})));
        factors.put(DoraMethod.MAGNITUDE, leaf("mag", Nd4j.createFromArray(1.0, 5.0)));
        Attachment dora =
                new Attachment(new DoraMethod(), Place.OUTPUT, factors, Map.of(), SCALING, "mask", null, null);
        GraphCopy copy = GraphCopy.of(m.sd);
        copy.rewrite(
                module.uses().get(0),
                new OpPlan(
                        List.of(new SitePlan(module.sites().get(0), null, false, List.of(), List.of(dora))),
                        new LeafUpdates()));

        INDArray y = copy.build()
                .output(
                        Map.of(
                                "x", Nd4j.createFromArray(new double[][] {{1, 1}}),
                                "mask", Nd4j.createFromArray(new double[][] {{2, 0}})),
                        "y")
                .get("y");

        // V = W + 1.5 A B has the columns (6, 4) and (1, 2); dropped x is (2, 0).
        double first = 1 / Math.sqrt(52);
        double second = 5 / Math.sqrt(5);
        assertThat(y.getDouble(0, 0)).isCloseTo(7 + 10 + (first - 1) * 6 + first * 6, within(1e-12));
        assertThat(y.getDouble(0, 1)).isCloseTo(3 + 20 + (second - 1) * 2, within(1e-12));
    }

    private static Factor leaf(String name, INDArray array) {
        return new Factor(new Leaf(name, VariableType.VARIABLE, array), null);
    }

    static List<FormCase> formsWithActivations() {
        return FormCase.all().stream()
                .filter(form -> GraphModules.find(form.make(DataType.FLOAT).sd).modules().stream()
                        .noneMatch(m -> m.fedByWeight() || m.shape().kind() == ModuleShape.Kind.EMBEDDING))
                .toList();
    }

    /** The form of training, in which the base is applied to dropped activations, where nothing happens to be dropped. */
    @ParameterizedTest
    @MethodSource("formsWithActivations")
    void dropout_thatDropsNothing_computesWhatInferenceComputes(FormCase form) {
        FormCase.Maker m = form.make(DataType.DOUBLE);
        AdaptedSameDiff model = AdaptedSameDiff.of(m.sd);
        LoraConfig dropping = CONFIG.toBuilder().dropout(1e-12).build();
        model.addAdapter("default", dropping, 1);
        model.activate("default");

        double trained = model.executor().gradients(m.inputs, 1).loss();

        double clean = model.output(m.inputs, "loss").get("loss").getDouble(0);
        assertThat(trained).isCloseTo(clean, within(1e-5 * Math.max(1, Math.abs(clean))));
    }

    @Test
    void outputOfLengthZero_staysZeroAndFinite() {
        FormCase.Maker m = new FormCase.Maker(DataType.FLOAT);
        m.x("x", 3, 2).mmul("y", m.weight("m.weight", 2, 2));
        m.sd.getVariable("m.weight").setArray(Nd4j.createFromArray(new float[][] {{1, 0}, {1, 0}}));
        m.sd.getVariable("y").sum("loss");
        m.sd.setLossVariables("loss");
        LoraConfig zero = CONFIG.toBuilder()
                .initialization(Initialization.KAIMING_UNIFORM)
                .build();
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), zero, 1);

        INDArray y = model.output(m.inputs, "y").get("y");
        Map<String, INDArray> gradients =
                model.executor().gradients(m.inputs, 1).gradients();

        assertThat(y.getColumn(1).amaxNumber().doubleValue()).isZero();
        gradients
                .values()
                .forEach(g ->
                        assertThat(Double.isFinite(g.sumNumber().doubleValue())).isTrue());
    }

    @Test
    void magnitudes_areGains_andFactorsAreFactors() {
        FormCase.Maker m = FormCase.all().get(0).make(DataType.FLOAT);

        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), CONFIG, 1);

        assertThat(model.trainableParameters())
                .extracting(p -> p.name() + " " + p.kind())
                .containsExactly(
                        "m.lora_A.default FACTOR",
                        "m.lora_B.default FACTOR",
                        "m.lora_magnitude_vector.default BIAS_OR_NORM");
    }

    private static double largest(INDArray array) {
        return array.amaxNumber().doubleValue();
    }
}
