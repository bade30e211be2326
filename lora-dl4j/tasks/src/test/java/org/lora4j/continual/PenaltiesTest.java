/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.random.RandomStreams;
import org.lora4j.train.Batch;
import org.lora4j.train.Penalty;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.TrainableParameter.Kind;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class PenaltiesTest {

    // Central differences of a function in double precision with steps of 1e-5.
    private static final double DIFFERENCE = 1e-8;
    private static final double ROUNDING = 1e-12;
    private static final double STEP = 1e-5;

    private static TrainableParameter factor(String name, INDArray value) {
        String module = name.substring(0, name.indexOf(".lora"));
        return new TrainableParameter(name, module, Kind.FACTOR, value);
    }

    private static INDArray random(String name, long... shape) {
        return RandomStreams.normal(RandomStreams.of(5, name), 1, DataType.DOUBLE, shape);
    }

    private static Adapter adapter(Map<String, INDArray> a) {
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .alpha(2)
                .targetModules(a.keySet().toArray(String[]::new))
                .build();
        Map<String, Map<String, INDArray>> modules = new LinkedHashMap<>();
        a.forEach((path, array) -> modules.put(
                path,
                Map.of(
                        "lora_A.weight",
                        array.castTo(DataType.FLOAT),
                        "lora_B.weight",
                        Nd4j.ones(DataType.FLOAT, pointwise(3, array)))));
        return Adapter.of(config, modules, Map.of());
    }

    /** The shape of a B beside an A: a matrix, or a kernel of single points. */
    private static long[] pointwise(long out, INDArray a) {
        long[] shape = new long[a.rank()];
        Arrays.fill(shape, 1);
        shape[0] = out;
        shape[1] = a.size(0);
        return shape;
    }

    private static void requireGradients(Penalty penalty, List<TrainableParameter> parameters) {
        Map<String, INDArray> gradients = penalty.at(parameters).gradients();
        for (TrainableParameter parameter : parameters) {
            for (long i = 0; i < parameter.value().length(); i++) {
                double expected = difference(penalty, parameters, parameter.value(), i);
                INDArray gradient = gradients.get(parameter.name());
                double found = gradient == null ? 0 : gradient.dup('c').data().getDouble(i);
                assertThat(found).as("%s, element %d", parameter.name(), i).isCloseTo(expected, within(DIFFERENCE));
            }
        }
    }

    private static double difference(
            Penalty penalty, List<TrainableParameter> parameters, INDArray value, long element) {
        long row = element / value.size(1);
        long column = element % value.size(1);
        double old = value.getDouble(row, column);
        value.putScalar(row, column, old + STEP);
        double above = penalty.at(parameters).loss();
        value.putScalar(row, column, old - STEP);
        double below = penalty.at(parameters).loss();
        value.putScalar(row, column, old);
        return (above - below) / (2 * STEP);
    }

    @Test
    void orthogonality_isTheSumOfSizesOfInnerProducts() {
        INDArray before = Nd4j.createFromArray(new double[][] {{1, 2, 0}, {0, 0, 1}});
        INDArray learning = Nd4j.createFromArray(new double[][] {{3, -2, 5}});
        OrthogonalityPenalty penalty = OrthogonalityPenalty.of(0.5, List.of(adapter(Map.of("q", before))));
        TrainableParameter parameter = factor("q.lora_A.new", learning);

        LossAndGradients found = penalty.at(List.of(parameter));

        // |1 * 3 + 2 * (-2)| + |5| = 6; signs -1 and 1, so the gradient is 0.5 (-(1, 2, 0) + (0, 0, 1)).
        assertThat(found.loss()).isEqualTo(3);
        assertThat(found.gradients().get("q.lora_A.new").toDoubleMatrix())
                .isDeepEqualTo(new double[][] {{-0.5, -1, 0.5}});
    }

    @Test
    void orthogonality_hasTheGradientOfItsValue_inBothLayouts() {
        Adapter first = adapter(Map.of("q", random("q1", 2, 7), "v", random("v1", 2, 6)));
        Adapter second = adapter(Map.of("q", random("q2", 2, 7)));
        OrthogonalityPenalty penalty = OrthogonalityPenalty.of(0.7, List.of(first, second));
        List<TrainableParameter> parameters = List.of(
                factor("q.lora_A.new", random("q3", 3, 7)),
                factor("q.lora_B.new", random("q4", 5, 3)),
                factor("v.lora_A.new", random("v3", 6, 2)),
                factor("k.lora_A.new", random("k3", 2, 7)));

        assertThat(penalty.misfits(parameters)).isEmpty();
        requireGradients(penalty, parameters);
        assertThat(penalty.at(parameters).gradients()).containsOnlyKeys("q.lora_A.new", "v.lora_A.new");
    }

    @Test
    void orthogonality_doesNotDependOnTheLayout() {
        INDArray a = random("a", 3, 7);
        OrthogonalityPenalty penalty = OrthogonalityPenalty.of(1, List.of(adapter(Map.of("q", random("q1", 2, 7)))));

        double rows = penalty.at(List.of(factor("q.lora_A.new", a))).loss();
        double columns =
                penalty.at(List.of(factor("q.lora_A.new", a.transpose().dup()))).loss();

        assertThat(columns).isCloseTo(rows, within(ROUNDING));
    }

    @Test
    void orthogonality_withoutEarlierAdapters_isZero() {
        OrthogonalityPenalty penalty = OrthogonalityPenalty.of(1, List.of());
        List<TrainableParameter> parameters = List.of(factor("q.lora_A.new", random("a", 3, 7)));

        assertThat(penalty.misfits(parameters)).isEmpty();
        assertThat(penalty.at(parameters).loss()).isZero();
        assertThat(penalty.at(parameters).gradients()).isEmpty();
    }

    @Test
    void orthogonality_whenRanksFillTheSpace_saysSo() {
        OrthogonalityPenalty penalty = OrthogonalityPenalty.of(1, List.of(adapter(Map.of("q", random("q1", 2, 4)))));

        assertThat(penalty.misfits(List.of(factor("q.lora_A.new", random("a", 3, 4)))))
                .singleElement()
                .asString()
                .contains("module \"q\" has rank 3, and 2 in the 1 adapters before, expected together at most the 4");
    }

    @Test
    void orthogonality_onOtherModulesOrShapes_saysSo() {
        OrthogonalityPenalty penalty = OrthogonalityPenalty.of(1, List.of(adapter(Map.of("q", random("q1", 2, 7)))));

        assertThat(penalty.misfits(List.of(factor("v.lora_A.new", random("a", 3, 7)))))
                .singleElement()
                .asString()
                .contains("finds no factor A of the modules \"q\"");
        assertThat(penalty.misfits(List.of(factor("q.lora_A.new", random("a", 3, 8)))))
                .singleElement()
                .asString()
                .contains("A of module \"q\" has shape [3, 8], expected one that reads 7 features");
    }

    @Test
    void orthogonality_ofConvolutionsAndBadStrength_isRefusedInOneMessage() {
        Adapter convolution = adapter(Map.of("c", random("c", 2, 3, 3, 3)));
        Adapter wide = adapter(Map.of("q", random("q1", 2, 7)));
        Adapter narrow = adapter(Map.of("q", random("q2", 2, 6)));

        assertThatThrownBy(() -> OrthogonalityPenalty.of(-1, List.of(convolution, wide, narrow)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("3 problems")
                .hasMessageContaining("strength = -1.0")
                .hasMessageContaining("earlier[0], module \"c\": A has 4 dimensions")
                .hasMessageContaining("earlier[2], module \"q\": A reads 6 features, expected 7");
    }

    @Test
    void quadratic_towards_isHalfTheSquaredDistance() {
        INDArray value = Nd4j.createFromArray(new double[][] {{1, 2}});
        TrainableParameter parameter = factor("q.lora_A.x", value);
        QuadraticPenalty penalty = QuadraticPenalty.towards(3, List.of(parameter));
        value.assign(Nd4j.createFromArray(new double[][] {{2, 4}}));

        LossAndGradients found = penalty.at(List.of(parameter));

        // 3 / 2 (1 + 4); gradient 3 (1, 2).
        assertThat(found.loss()).isEqualTo(7.5);
        assertThat(found.gradients().get("q.lora_A.x").toDoubleMatrix()).isDeepEqualTo(new double[][] {{3, 6}});
        assertThat(value.toDoubleMatrix()).isDeepEqualTo(new double[][] {{2, 4}});
    }

    @Test
    void quadratic_elastic_weighsEachNumber_andHasTheGradientOfItsValue() {
        TrainableParameter a = factor("q.lora_A.x", random("a", 2, 3));
        TrainableParameter b = factor("q.lora_B.x", random("b", 3, 2));
        FisherDiagonal fisher = fisher(Map.of(a.name(), random("fa", 2, 3), b.name(), random("fb", 3, 2)), 1);
        QuadraticPenalty penalty = QuadraticPenalty.elastic(0.7, List.of(a, b), fisher);
        a.value().addi(random("da", 2, 3));
        b.value().addi(random("db", 3, 2));

        requireGradients(penalty, List.of(a, b));
    }

    @Test
    void quadratic_onUnknownOrReshapedParameters_saysSo() {
        QuadraticPenalty penalty = QuadraticPenalty.towards(1, List.of(factor("q.lora_A.x", random("a", 2, 3))));

        assertThat(penalty.misfits(List.of(factor("v.lora_A.x", random("a", 2, 3)))))
                .singleElement()
                .asString()
                .contains("knows none of the parameters that learn; expected some of \"q.lora_A.x\"");
        assertThat(penalty.misfits(List.of(factor("q.lora_A.x", random("a", 3, 2)))))
                .singleElement()
                .asString()
                .contains("parameter \"q.lora_A.x\" is DOUBLE[3, 2], expected DOUBLE[2, 3]");
    }

    @Test
    void quadratic_badInput_isRefusedInOneMessage() {
        TrainableParameter a = factor("q.lora_A.x", random("a", 2, 3));
        FisherDiagonal other = fisher(Map.of("v.lora_A.x", random("a", 2, 3)), 1);

        assertThatThrownBy(() -> QuadraticPenalty.elastic(Double.NaN, List.of(a), other))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 problems")
                .hasMessageContaining("the importances of \"q.lora_A.x\" are missing, expected shape [2, 3]")
                .hasMessageContaining("strength = NaN");
        assertThatThrownBy(() -> QuadraticPenalty.towards(1, List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no parameters to hold on to");
    }

    @Test
    void penalties_areEqual_whenStrengthAndValuesAre() {
        INDArray value = random("a", 2, 3);
        List<TrainableParameter> parameters = List.of(factor("q.lora_A.x", value));
        QuadraticPenalty penalty = QuadraticPenalty.towards(1, parameters);
        String text = penalty.toString();
        List<Adapter> earlier = List.of(adapter(Map.of("q", value)));

        assertThat(QuadraticPenalty.towards(1, parameters)).isEqualTo(penalty).hasSameHashCodeAs(penalty);
        assertThat(QuadraticPenalty.towards(2, parameters)).isNotEqualTo(penalty);
        assertThat(OrthogonalityPenalty.of(1, earlier)).isEqualTo(OrthogonalityPenalty.of(1, earlier));
        value.putScalar(0, 0, 7);
        assertThat(penalty.toString()).isEqualTo(text);
        assertThat(QuadraticPenalty.towards(1, parameters)).isNotEqualTo(penalty);
        assertThat(OrthogonalityPenalty.of(1, List.of(adapter(Map.of("q", value)))))
                .isNotEqualTo(OrthogonalityPenalty.of(1, earlier));
    }

    /** A model whose gradients are the values of the placeholder "g"; its parameters are named as the given arrays. */
    private record Given(Map<String, INDArray> parameters) implements Trainable, GraphExecutor {

        @Override
        public List<TrainableParameter> trainableParameters() {
            List<TrainableParameter> all = new ArrayList<>();
            parameters.forEach((name, value) -> all.add(factor(name, value)));
            return all;
        }

        @Override
        public GraphExecutor executor() {
            return this;
        }

        @Override
        public Map<String, INDArray> output(Map<String, INDArray> placeholders, Collection<String> outputs) {
            throw new UnsupportedOperationException("not needed");
        }

        @Override
        public LossAndGradients gradients(Map<String, INDArray> placeholders, long seed) {
            return new LossAndGradients(0, placeholders);
        }

        @Override
        public GraphExecutor fork() {
            return this;
        }
    }

    private static FisherDiagonal fisher(Map<String, INDArray> gradients, int examples) {
        return FisherDiagonal.of(
                new Given(gradients),
                List.of(new Batch(gradients, examples, examples, false)).iterator());
    }

    @Test
    void fisher_isTheMeanOverExamplesOfTheSquaredGradient() {
        INDArray first = Nd4j.createFromArray(new double[][] {{1, -2}});
        INDArray second = Nd4j.createFromArray(new double[][] {{3, 0}});
        Given model = new Given(Map.of("q.lora_A.x", first));

        FisherDiagonal fisher = FisherDiagonal.of(
                model,
                List.of(Batch.of(Map.of("q.lora_A.x", first), 1), Batch.of(Map.of("q.lora_A.x", second), 1))
                        .iterator());

        // (1 + 9) / 2, (4 + 0) / 2
        assertThat(fisher.of("q.lora_A.x").toDoubleMatrix()).isDeepEqualTo(new double[][] {{5, 2}});
        assertThat(fisher.examples()).isEqualTo(2);
    }

    @Test
    void fisher_ofABatchOfSeveral_undoesTheirMean() {
        INDArray gradient = Nd4j.createFromArray(new double[][] {{1, -2}});

        FisherDiagonal fisher = fisher(Map.of("q.lora_A.x", gradient), 4);

        // The sum of four gradients is 4 (1, -2); its square over 4 examples.
        assertThat(fisher.of("q.lora_A.x").toDoubleMatrix()).isDeepEqualTo(new double[][] {{4, 16}});
    }

    @Test
    void fisher_plus_addsWhatTheEarlierStillCounts() {
        FisherDiagonal earlier = fisher(Map.of("q.lora_A.x", Nd4j.createFromArray(new double[][] {{2, 0}})), 1);
        FisherDiagonal later = fisher(
                Map.of(
                        "q.lora_A.x", Nd4j.createFromArray(new double[][] {{1, 3}}),
                        "v.lora_A.x", Nd4j.createFromArray(new double[][] {{1, 1}})),
                1);

        FisherDiagonal sum = earlier.plus(0.5, later);

        assertThat(sum.of("q.lora_A.x").toDoubleMatrix()).isDeepEqualTo(new double[][] {{3, 9}});
        assertThat(sum.of("v.lora_A.x").toDoubleMatrix()).isDeepEqualTo(new double[][] {{1, 1}});
        assertThat(earlier.of("q.lora_A.x").toDoubleMatrix()).isDeepEqualTo(new double[][] {{4, 0}});
        assertThatThrownBy(() -> earlier.plus(2, later))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("decay = 2.0");
        assertThatThrownBy(() -> earlier.of("q.lora_A.y"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no importances of \"q.lora_A.y\"; closest: \"q.lora_A.x\"");
    }

    @Test
    void fisher_withoutBatchesOrWithNaN_isRefused() {
        INDArray bad = Nd4j.createFromArray(new double[][] {{Double.NaN, 0}});
        Given model = new Given(Map.of("q.lora_A.x", bad));

        assertThatThrownBy(() -> FisherDiagonal.of(model, List.<Batch>of().iterator()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no batches");
        assertThatThrownBy(() -> fisher(Map.of("q.lora_A.x", bad), 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("the gradient of \"q.lora_A.x\" is not finite");
    }
}
