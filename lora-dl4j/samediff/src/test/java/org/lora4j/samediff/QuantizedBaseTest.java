/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.SplitExecutor;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.quant.Quantization;
import org.lora4j.quant.QuantizedGraph;
import org.lora4j.quant.StoredWeights;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.TrainingResult;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Adapters on a base whose weights are stored in fewer bits. */
class QuantizedBaseTest {

    /** Two orders of F32 sums. */
    private static final double ROUNDING = 1e-4;

    private static final INDArray X = random(7, 12, 16);
    private static final INDArray LABELS = labels();

    static Stream<Quantization> all() {
        return Stream.of(
                Quantization.bf16(), Quantization.f16(), Quantization.int8(), Quantization.nf4DoubleQuantized());
    }

    private static INDArray random(long seed, long... shape) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[(int) Nd4j.create(DataType.FLOAT, shape).length()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-0.5, 0.5);
        }
        return Nd4j.create(values, shape, 'c');
    }

    private static INDArray labels() {
        INDArray labels = Nd4j.zeros(DataType.FLOAT, 12, 4);
        for (int i = 0; i < 12; i++) {
            labels.putScalar(i, i % 4, 1);
        }
        return labels;
    }

    private static SameDiff base(INDArray one, INDArray two) {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 16);
        SDVariable labels = graph.placeHolder("labels", DataType.FLOAT, -1, 4);
        SDVariable first = x.mmul(graph.constant("encoder.one.weight", one))
                .add(graph.constant("encoder.one.bias", random(2, 32)));
        SDVariable second = graph.math()
                .tanh(first)
                .mmul(graph.constant("encoder.two.weight", two))
                .add(graph.constant("encoder.two.bias", random(4, 8)));
        SDVariable logits = graph.math()
                .tanh(second)
                .mmul(graph.constant("head.weight", random(5, 8, 4)))
                .add("logits", graph.constant("head.bias", random(6, 4)));
        graph.loss().softmaxCrossEntropy("loss", labels, logits, null);
        graph.setLossVariables("loss");
        return graph;
    }

    private static SameDiff base() {
        return base(random(1, 16, 32), random(3, 32, 8));
    }

    private static QuantizedGraph small(Quantization way) {
        return way.apply(base(), name -> name.startsWith("encoder."));
    }

    /** The F32 graph of the values that the stored weights stand for. */
    private static SameDiff expanded(SameDiff small) {
        return base(StoredWeights.value(small, "encoder.one.weight"), StoredWeights.value(small, "encoder.two.weight"));
    }

    private static LoraConfig.Builder config() {
        return LoraConfig.builder().rank(2).alpha(4).targetModules("one", "two");
    }

    private static final Map<String, INDArray> INPUT = Map.of("x", X, "labels", LABELS);

    private static INDArray logits(AdaptedSameDiff model) {
        return model.output(Map.of("x", X), "logits").get("logits");
    }

    private static TrainingResult train(AdaptedSameDiff model, int steps) {
        TrainingPlan plan =
                TrainingPlan.builder().steps(steps).optimizer(AdamW.of(0.02)).build();
        return Trainer.builder(model).plan(plan).build().train(Batches.inOrder(List.of(Batch.of(INPUT, 12))));
    }

    private static void assertClose(INDArray found, INDArray expected) {
        assertThat(found.sub(expected).amaxNumber().doubleValue())
                .isLessThan(ROUNDING * Math.max(1, expected.amaxNumber().doubleValue()));
    }

    @ParameterizedTest
    @MethodSource("all")
    void modules_areThoseOfTheBase(Quantization way) {
        SameDiff small = small(way).graph();

        GraphModules found = GraphModules.find(small);

        assertThat(found.paths()).isEqualTo(GraphModules.find(base()).paths()).contains("encoder.one", "encoder.two");
        assertThat(found.get("encoder.one").shape())
                .isEqualTo(GraphModules.find(base()).get("encoder.one").shape());
        assertThat(found.notAdaptable()).isEmpty();
        assertThat(AdaptedSameDiff.of(small).parameterSummary().total())
                .isEqualTo(AdaptedSameDiff.of(base()).parameterSummary().total());
    }

    @ParameterizedTest
    @MethodSource("all")
    void gradientsAndOutputs_areThoseOnTheValuesTheyStandFor(Quantization way) {
        SameDiff small = small(way).graph();
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(small), config().build(), 1);
        AdaptedSameDiff expected = DefaultAdapter.fresh(AdaptedSameDiff.of(expanded(small)), config().build(), 1);

        TrainingResult trained = train(model, 20);
        TrainingResult reference = train(expected, 20);

        assertThat(trained.lastLoss()).isLessThan(trained.losses().get(0) - 0.05);
        for (int i = 0; i < 20; i++) {
            assertThat(Math.abs(trained.losses().get(i) - reference.losses().get(i)))
                    .isLessThan(ROUNDING);
        }
        assertClose(logits(model), logits(expected));
    }

    @ParameterizedTest
    @MethodSource("all")
    void adapter_trainedOnStoredWeights_fitsTheF32Base(Quantization way) {
        SameDiff small = small(way).graph();
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(small), config().build(), 1);
        train(model, 3);
        Adapter adapter = model.adapter("default");
        AdaptedSameDiff onF32 = AdaptedSameDiff.of(expanded(small));

        onF32.addAdapter("default", adapter);
        onF32.activate("default");

        assertClose(logits(onF32), logits(model));
    }

    @ParameterizedTest
    @MethodSource("all")
    void merge_putsAnF32WeightInItsPlace_andUnmergeTakesItBack(Quantization way) {
        SameDiff small = small(way).graph();
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(small), config().build(), 1);
        train(model, 5);
        INDArray before = logits(model);

        model.merge();
        INDArray merged = logits(model);
        model.unmerge();

        assertClose(merged, before);
        assertThat(merged.data().asFloat())
                .as("one product rounds once")
                .isNotEqualTo(before.data().asFloat());
        assertThat(logits(model).data().asFloat()).isEqualTo(before.data().asFloat());
    }

    @ParameterizedTest
    @MethodSource("all")
    void mergeAndUnload_canBeQuantizedAgainWithTheErrorReported(Quantization way) {
        AdaptedSameDiff model =
                DefaultAdapter.fresh(AdaptedSameDiff.of(small(way).graph()), config().build(), 1);
        train(model, 5);
        INDArray before = logits(model);

        SameDiff merged = model.mergeAndUnload();
        QuantizedGraph again = way.apply(merged, Set.of("encoder.one.weight", "encoder.two.weight")::contains);

        assertClose(merged.output(Map.of("x", X), "logits").get("logits"), before);
        assertThat(merged.variables())
                .as("nothing is left of what was stored")
                .extracting(SDVariable::name)
                .containsExactlyInAnyOrderElementsOf(
                        base().variables().stream().map(SDVariable::name).toList());
        assertThat(again.weights())
                .hasSize(2)
                .allSatisfy(entry ->
                        assertThat(entry.relativeError()).isGreaterThan(0).isLessThan(0.12));
        double norm = before.norm2Number().doubleValue();
        INDArray requantized = again.graph().output(Map.of("x", X), "logits").get("logits");
        assertThat(requantized.sub(before).norm2Number().doubleValue()).isLessThan(0.2 * norm);
    }

    @Test
    void inject_withAStartFromTheWeight_keepsTheOutput() {
        SameDiff small = small(Quantization.int8()).graph();

        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(small),
                config().initialization(Initialization.PISSA).build(),
                1);

        assertClose(logits(model), logits(AdaptedSameDiff.of(small)));
    }

    @Test
    void modulesToSave_ofAStoredWeight_trainsAnF32Copy() {
        SameDiff small = small(Quantization.int8()).graph();
        INDArray stored = StoredWeights.value(small, "encoder.two.weight");
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(small),
                LoraConfig.builder()
                        .rank(2)
                        .targetModules("one")
                        .modulesToSave("two")
                        .build(),
                1);
        INDArray before = logits(model);
        assertClose(before, logits(AdaptedSameDiff.of(small)));

        train(model, 3);

        assertThat(logits(model)).isNotEqualTo(before);
        assertThat(StoredWeights.value(small, "encoder.two.weight")).isEqualTo(stored);
        assertThat(model.adapter("default").savedParameters().keySet()).contains("encoder.two.weight");
    }

    @ParameterizedTest
    @MethodSource("all")
    void split_withAdaptersAbove_keepsActivationsAndNoWeights(Quantization way) {
        SameDiff small = small(way).graph();
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(small),
                LoraConfig.builder().rank(2).targetModules("two").build(),
                1);
        LossAndGradients whole = model.executor().gradients(INPUT, 1);

        SplitExecutor split = model.executor().split();
        Map<String, INDArray> kept = split.prefix(INPUT);
        LossAndGradients found = split.suffix(INPUT, kept, 1);

        assertThat(split.description().activations()).noneMatch(name -> name.contains("weight"));
        assertThat(found.loss()).isEqualTo(whole.loss());
        assertThat(found.gradients()).isEqualTo(whole.gradients());
    }
}
