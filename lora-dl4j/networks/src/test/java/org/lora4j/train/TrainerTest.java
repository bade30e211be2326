/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.junit.jupiter.api.Test;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.train.TrainableParameter.Kind;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

class TrainerTest {

    private static final double EXACT = 1e-12;

    private static final Batch FIRST = TestModel.rows(new double[][] {{1, 0}, {0, 1}});
    private static final Batch SECOND = TestModel.rows(new double[][] {{1, 1}, {2, -1}});
    private static final Batch SMALL = TestModel.rows(new double[][] {{-1, 3}});

    private static TrainingPlan.Builder plan() {
        return TrainingPlan.builder().epochs(1).optimizer(SgdOptimizer.of(0.1));
    }

    private static Batch anything() {
        return Batch.of(Map.of("x", Nd4j.scalar(1.0)), 4);
    }

    private static TrainingResult train(TestModel model, TrainingPlan.Builder plan, Batch... batches) {
        return Trainer.builder(model).plan(plan.build()).build().train(Batches.inOrder(List.of(batches)));
    }

    @Test
    void train_ofALinearModel_findsItsCoefficients() {
        TestModel model = TestModel.regression();

        TrainingResult result = train(model, plan().epochs(400).optimizer(SgdOptimizer.of(0.1)), FIRST, SECOND, SMALL);

        assertThat(model.values(0)).containsExactly(new double[] {3, -2}, within(1e-4));
        assertThat(model.values(1)).containsExactly(new double[] {1}, within(1e-4));
        assertThat(result.stopReason()).isEqualTo(StopReason.COMPLETED);
        assertThat(result.steps()).isEqualTo(1200);
        assertThat(result.losses()).hasSize(1200);
        assertThat(result.lastLoss()).isLessThan(1e-8);
        assertThat(result.withoutGradient()).isEmpty();
    }

    @Test
    void train_ofOneStep_givesTheLossAndTheStepByHand() {
        TestModel model = TestModel.regression();

        TrainingResult result = train(model, plan(), FIRST);

        // y = (4, -1), w = b = 0: loss 17 / 2, dw = -(4, -1), db = -3; rate 0.1.
        assertThat(result.losses()).containsExactly(8.5);
        assertThat(model.values(0)).containsExactly(new double[] {0.4, -0.1}, within(EXACT));
        assertThat(model.values(1)).containsExactly(new double[] {0.3}, within(EXACT));
        assertThat(result.norms().get(1).start()).isZero();
        assertThat(result.norms().get(1).end()).isCloseTo(0.3, within(EXACT));
    }

    @Test
    void train_withAccumulation_isOneStepOfTheLargeBatch() {
        TestModel accumulated = TestModel.regression();
        TestModel large = TestModel.regression();
        Batch all = TestModel.rows(new double[][] {{1, 0}, {0, 1}, {1, 1}, {2, -1}, {-1, 3}});

        TrainingResult inParts = train(accumulated, plan().accumulation(3), FIRST, SECOND, SMALL);
        TrainingResult inOne = train(large, plan(), all);

        assertThat(inParts.steps()).isEqualTo(1);
        assertThat(inParts.losses().get(0)).isCloseTo(inOne.losses().get(0), within(EXACT));
        assertThat(accumulated.values(0)).containsExactly(large.values(0), within(EXACT));
        assertThat(accumulated.values(1)).containsExactly(large.values(1), within(EXACT));
    }

    @Test
    void train_withAccumulation_appliesWhatIsLeftAtTheEndOfAnEpoch() {
        TestModel model = TestModel.slope(Kind.WEIGHT, 0);

        TrainingResult result = train(model, plan().accumulation(2), anything(), anything(), anything());

        assertThat(result.steps()).isEqualTo(2);
        assertThat(model.values(0)).containsExactly(new double[] {-0.2}, within(EXACT));
    }

    @Test
    void train_withWeights_averagesByThem() {
        TestModel model = new TestModel(
                TestModel.slope(Kind.WEIGHT, 0).parameters(),
                (in, seed) -> new LossAndGradients(
                        in.get("x").getDouble(0),
                        TestModel.gradients("p", in.get("x").reshape(1).dup())));
        Batch one = Batch.of(Map.of("x", Nd4j.scalar(1.0)), 1).withWeight(3);
        Batch two = Batch.of(Map.of("x", Nd4j.scalar(5.0)), 7).withWeight(1);

        TrainingResult result = train(model, plan().accumulation(2), one, two);

        // (3 * 1 + 1 * 5) / 4
        assertThat(result.losses()).containsExactly(2.0);
        assertThat(model.values(0)).containsExactly(new double[] {-0.2}, within(EXACT));
    }

    @Test
    void train_withStepsAndEpochs_endsAtTheFirst() {
        TestModel model = TestModel.slope(Kind.WEIGHT, 0);

        assertThat(train(model, plan().epochs(9).steps(3), anything(), anything())
                        .steps())
                .isEqualTo(3);
        assertThat(train(model, plan().epochs(2).steps(9), anything(), anything())
                        .steps())
                .isEqualTo(4);
    }

    @Test
    void train_withASchedule_followsItOverTheWholeRun() {
        List<Double> rates = new ArrayList<>();
        TestModel model = TestModel.slope(Kind.WEIGHT, 0);
        Trainer.builder(model)
                .plan(plan().epochs(2)
                        .schedule(LearningRateSchedule.linear(Warmup.none()))
                        .build())
                .listener(new RunListener() {
                    @Override
                    public void onStep(StepReport report) {
                        rates.add(report.learningRate());
                    }
                })
                .build()
                .train(Batches.inOrder(List.of(anything(), anything())));

        assertThat(rates).containsExactly(0.1, 0.1 * 0.75, 0.05, 0.025);
        assertThat(model.values(0)).containsExactly(new double[] {-0.25}, within(EXACT));
    }

    @Test
    void train_withGroups_usesTheirRatesAndDecays() {
        INDArray a = Nd4j.create(new double[] {1});
        INDArray b = Nd4j.create(new double[] {1});
        INDArray bias = Nd4j.create(new double[] {1});
        TestModel model = new TestModel(
                List.of(
                        TestModel.parameter("a", Kind.WEIGHT, a),
                        TestModel.parameter("b", Kind.WEIGHT, b),
                        TestModel.parameter("bias", Kind.BIAS_OR_NORM, bias)),
                (in, seed) -> new LossAndGradients(
                        0,
                        TestModel.gradients(
                                "a", Nd4j.create(new double[] {1}),
                                "b", Nd4j.create(new double[] {1}),
                                "bias", Nd4j.create(new double[] {1}))));

        train(
                model,
                plan().optimizer(SgdOptimizer.of(0.1).withWeightDecay(0.5))
                        .group(ParameterGroup.matchingModule("module\\.b")
                                .withLearningRate(0.01)
                                .withWeightDecay(0)),
                anything());

        assertThat(a.getDouble(0)).isCloseTo(1 - 0.1 * 1.5, within(EXACT));
        assertThat(b.getDouble(0)).isCloseTo(1 - 0.01, within(EXACT));
        assertThat(bias.getDouble(0)).as("no decay on a bias").isCloseTo(1 - 0.1, within(EXACT));
    }

    @Test
    void train_withDecayOnBiases_decaysThem() {
        TestModel model = TestModel.slope(Kind.BIAS_OR_NORM, 1);

        train(model, plan().optimizer(SgdOptimizer.of(0.1).withWeightDecay(0.5)).decayBiasAndNorm(true), anything());

        assertThat(model.values(0)).containsExactly(new double[] {1 - 0.1 * 1.5}, within(EXACT));
    }

    @Test
    void train_withClippingByNorm_scalesAllGradientsTogether() {
        // The gradient is (1, 1, 1, 1) of norm 2, limited to 0.5.
        TestModel model = TestModel.slope(Kind.WEIGHT, 0, 0, 0, 0);

        train(model, plan().clipping(GradientClipping.byGlobalNorm(0.5)), anything());

        double step = 0.1 * 0.5 / (2 + 1e-6);
        assertThat(model.values(0)).containsExactly(new double[] {-step, -step, -step, -step}, within(EXACT));
    }

    @Test
    void train_withClippingByALargeNorm_changesNothing() {
        TestModel model = TestModel.slope(Kind.WEIGHT, 0, 0, 0, 0);

        train(model, plan().clipping(GradientClipping.byGlobalNorm(2.1)), anything());

        assertThat(model.values(0)).containsExactly(-0.1, -0.1, -0.1, -0.1);
    }

    @Test
    void train_withClippingByValue_limitsTheMeanGradient() {
        TestModel model = TestModel.slope(Kind.WEIGHT, 0, 0);

        train(
                model,
                plan().accumulation(3).clipping(GradientClipping.byValue(0.25)),
                anything(),
                anything().withWeight(1),
                anything().withWeight(2));

        assertThat(model.values(0)).containsExactly(new double[] {-0.025, -0.025}, within(EXACT));
    }

    @Test
    void train_reportsTheGradientNormBeforeClipping() {
        List<Double> norms = new ArrayList<>();
        Trainer.builder(TestModel.slope(Kind.WEIGHT, 0, 0, 0, 0))
                .plan(plan().accumulation(2)
                        .clipping(GradientClipping.byGlobalNorm(0.5))
                        .build())
                .listener(new RunListener() {
                    @Override
                    public void onStep(StepReport report) {
                        norms.add(report.gradientNorm());
                    }
                })
                .build()
                .train(Batches.inOrder(List.of(anything(), anything())));

        assertThat(norms).hasSize(1);
        assertThat(norms.get(0)).isCloseTo(2, within(EXACT));
    }

    @Test
    void train_twiceWithOneSeed_givesEqualBits() {
        double[] first = noisyRun(11);

        assertThat(noisyRun(11)).containsExactly(first);
        assertThat(noisyRun(12)).isNotEqualTo(first);
    }

    /** A regression whose gradient is scaled at random from the seed of the pass, as dropout does. */
    private static double[] noisyRun(long seed) {
        TestModel regression = TestModel.regression();
        TestModel noisy = new TestModel(regression.parameters(), (in, passSeed) -> {
            LossAndGradients pass = regression.gradients(in, passSeed);
            double factor = new SplittableRandom(passSeed).nextDouble();
            pass.gradients().values().forEach(gradient -> gradient.muli(factor));
            return pass;
        });
        Trainer.builder(noisy)
                .plan(plan().epochs(5).optimizer(AdamW.of(0.1)).seed(seed).build())
                .build()
                .train(Batches.shuffled(List.of(FIRST, SECOND, SMALL)));
        return regression.values(0);
    }

    @Test
    void train_givesEveryPassASeedOfItsOwn() {
        List<Long> seeds = new ArrayList<>();
        TestModel slope = TestModel.slope(Kind.WEIGHT, 0);
        TestModel model = new TestModel(slope.parameters(), (in, seed) -> {
            seeds.add(seed);
            return slope.gradients(in, seed);
        });

        train(model, plan().epochs(2).accumulation(2), anything(), anything(), anything());

        assertThat(seeds).hasSize(6).doesNotHaveDuplicates();
    }

    @Test
    void train_fromADataSetIterator_usesItsArrays() {
        TestModel fromIterator = TestModel.regression();
        TestModel fromList = TestModel.regression();
        List<DataSet> sets = List.of(
                new DataSet(FIRST.placeholders().get("x"), FIRST.placeholders().get("y")),
                new DataSet(
                        SECOND.placeholders().get("x"), SECOND.placeholders().get("y")));

        Trainer.builder(fromIterator)
                .plan(plan().epochs(3).build())
                .build()
                .train(Batches.of(new ListDataSetIterator<>(sets, 1), DataSetPlaceholders.of("x", "y")));
        train(fromList, plan().epochs(3), FIRST, SECOND);

        assertThat(fromIterator.values(0)).containsExactly(fromList.values(0), within(EXACT));
    }

    @Test
    void train_withDisposableBatches_closesThemAfterTheirStepOnly() {
        List<INDArray> given = new ArrayList<>();
        Batches batches = (epoch, seed) -> new Iterator<>() {
            private int left = 3;

            @Override
            public boolean hasNext() {
                return left > 0;
            }

            @Override
            public Batch next() {
                assertThat(given).allMatch(INDArray::wasClosed);
                left--;
                given.add(Nd4j.ones(DataType.DOUBLE, 2));
                return Batch.disposable(Map.of("x", given.get(given.size() - 1)), 2);
            }
        };
        for (int accumulation : new int[] {1, 2}) {
            given.clear();
            // The gradient of sum(p x) is the input itself.
            TestModel model = new TestModel(
                    TestModel.slope(Kind.WEIGHT, 0, 0).parameters(),
                    (in, seed) -> new LossAndGradients(0, TestModel.gradients("p", in.get("x"))));

            Trainer.builder(model)
                    .plan(plan().accumulation(accumulation).build())
                    .build()
                    .train(batches);

            assertThat(given).hasSize(3).allMatch(INDArray::wasClosed);
            assertThat(model.values(0)[0]).isCloseTo(accumulation == 1 ? -0.3 : -0.2, within(EXACT));
        }
    }

    @Test
    void train_closesGradientsButNeitherInputsNorParameters() {
        List<INDArray> gradients = new ArrayList<>();
        INDArray p = Nd4j.create(new double[] {1, 2});
        INDArray q = Nd4j.create(new double[] {1, 2});
        INDArray r = Nd4j.create(new double[] {1, 2});
        INDArray x = Nd4j.ones(DataType.DOUBLE, 2);
        TestModel model = new TestModel(
                List.of(
                        TestModel.parameter("p", Kind.WEIGHT, p),
                        TestModel.parameter("q", Kind.WEIGHT, q),
                        TestModel.parameter("r", Kind.WEIGHT, r)),
                (in, seed) -> {
                    gradients.add(Nd4j.ones(DataType.DOUBLE, 2));
                    return new LossAndGradients(
                            0, TestModel.gradients("p", gradients.get(0), "q", in.get("x"), "r", r));
                });

        train(model, plan(), Batch.of(Map.of("x", x), 2));

        assertThat(gradients.get(0).wasClosed()).isTrue();
        assertThat(x.wasClosed()).isFalse();
        assertThat(r.wasClosed()).isFalse();
        assertThat(q.data().asDouble()).containsExactly(0.9, 1.9);
        assertThat(r.data().asDouble()).containsExactly(new double[] {0.9, 1.8}, within(EXACT));
    }

    @Test
    void train_whenInterrupted_endsAfterTheStepAndClearsTheFlag() {
        TestModel model = TestModel.slope(Kind.WEIGHT, 0);
        List<String> evaluated = new ArrayList<>();

        TrainingResult result = Trainer.builder(model)
                .plan(plan().epochs(5).build())
                .validation(Validation.lowerIsBetter("loss", () -> {
                    evaluated.add("once");
                    return 0;
                }))
                .listener(new RunListener() {
                    @Override
                    public void onStep(StepReport report) {
                        if (report.step() == 3) {
                            Thread.currentThread().interrupt();
                        }
                    }
                })
                .build()
                .train(Batches.inOrder(List.of(anything(), anything())));

        assertThat(result.stopReason()).isEqualTo(StopReason.INTERRUPTED);
        assertThat(result.steps()).isEqualTo(3);
        assertThat(evaluated).as("only after the whole first epoch").hasSize(1);
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        assertThat(model.values(0)).containsExactly(new double[] {-0.3}, within(EXACT));
    }

    @Test
    void train_reportsTimesOfTheClock() {
        AtomicLong now = new AtomicLong();
        List<StepReport> reports = new ArrayList<>();
        // Two readings a step, which takes 1 s, then 3 s, then 2 s; one at the end of the epoch.
        long[] readings = {0, 1, 1, 4, 4, 6, 6};
        TrainingResult result = Trainer.builder(TestModel.slope(Kind.WEIGHT, 0))
                .plan(plan().steps(4).epochs(1).build())
                .nanoTime(() -> readings[(int) now.getAndIncrement()] * 1_000_000_000L)
                .quiet() // Progress reads the clock, too.
                .listener(new RunListener() {
                    @Override
                    public void onStep(StepReport report) {
                        reports.add(report);
                    }
                })
                .build()
                .train(Batches.inOrder(List.of(anything(), anything(), anything())));

        StepReport second = reports.get(1);
        assertThat(second.seconds()).isEqualTo(3);
        assertThat(second.elapsedSeconds()).isEqualTo(4);
        assertThat(second.examplesPerSecond()).isEqualTo(2);
        assertThat(second.totalSteps()).hasValue(3);
        assertThat(second.secondsLeft()).as("too early to say").isEmpty();
        assertThat(result.meanStepSeconds()).isEqualTo(2);
        assertThat(result.medianStepSeconds()).isEqualTo(2);
        assertThat(result.secondsPerEpoch()).isEqualTo(6);
    }

    @Test
    void train_tellsTheTimeLeftFromSteadySteps_andNothingBefore() {
        // Planning takes 60 s in the first step and 40 s for another shape in the seventh, others take 1 s or 2 s.
        long[] durations = {60, 9, 5, 1, 2, 1, 40, 2, 1, 2};
        List<OptionalDouble> left = new ArrayList<>();
        long[] now = {0};
        int[] reading = {0};
        Trainer.builder(TestModel.slope(Kind.WEIGHT, 0))
                .plan(plan().epochs(durations.length).build())
                .nanoTime(() -> {
                    // Two readings a step, and one at the end of each epoch.
                    if (reading[0] % 3 == 1) {
                        now[0] += durations[reading[0] / 3] * 1_000_000_000L;
                    }
                    reading[0]++;
                    return now[0];
                })
                .quiet() // Progress reads the clock, too.
                .listener(new RunListener() {
                    @Override
                    public void onStep(StepReport report) {
                        left.add(report.secondsLeft());
                    }
                })
                .build()
                .train(Batches.inOrder(List.of(anything())));

        assertThat(left.subList(0, 4)).containsOnly(OptionalDouble.empty());
        assertThat(left.get(4)).as("five steps of 1.5 s").hasValue(7.5);
        assertThat(left.get(6).getAsDouble()).as("three of 4 / 3 s").isEqualTo(4);
        assertThat(left.get(9)).hasValue(0);
    }

    @Test
    void result_asText_isALine() {
        TestModel model = TestModel.slope(
                Kind.WEIGHT, IntStream.range(0, 50).asDoubleStream().toArray());
        TrainingResult result = Trainer.builder(model)
                .plan(plan().epochs(500)
                        .optimizer(SgdOptimizer.of(1e-3))
                        .keepBest(true)
                        .build())
                .validation(Validation.lowerIsBetter("sum", () -> model.values(0)[0]))
                .build()
                .train(Batches.inOrder(List.of(anything())));

        assertThat(result.toString())
                .hasSizeLessThan(300)
                .startsWith("TrainingResult[COMPLETED after 500 steps in 500 epochs, loss 1225 to 1200")
                .contains("best metric -0.5000 of epoch 500 (restored)", "1 parameters]");
    }

    @Test
    void train_callsListenersInOrderOfEvents() {
        List<String> events = new ArrayList<>();
        RunListener listener = new RunListener() {
            @Override
            public void onTrainingStart(TrainingStart start) {
                events.add("start " + start.totalSteps().getAsLong() + " steps, " + start.values() + " values");
            }

            @Override
            public void onStep(StepReport report) {
                events.add("step " + report.step() + " of epoch " + report.epoch());
            }

            @Override
            public void onEpochEnd(EpochReport report) {
                events.add("epoch " + report.epoch() + ", " + report.steps() + " steps, " + report.examples()
                        + " examples");
            }

            @Override
            public void onTrainingEnd(TrainingResult result) {
                events.add("end " + result.stopReason());
            }
        };
        Trainer.builder(TestModel.slope(Kind.WEIGHT, 0, 0))
                .plan(plan().epochs(2).steps(3).build())
                .listener(listener)
                .build()
                .train(Batches.inOrder(List.of(anything(), anything())));

        assertThat(events)
                .containsExactly(
                        "start 3 steps, 2 values",
                        "step 1 of epoch 1",
                        "step 2 of epoch 1",
                        "epoch 1, 2 steps, 8 examples",
                        "step 3 of epoch 2",
                        "epoch 2, 1 steps, 4 examples",
                        "end COMPLETED");
    }

    @Test
    void train_reportsTheMeanLossOfEachEpochByWeight() {
        TestModel model = new TestModel(
                TestModel.slope(Kind.WEIGHT, 0).parameters(),
                (in, seed) -> new LossAndGradients(
                        in.get("x").getDouble(0), TestModel.gradients("p", Nd4j.ones(DataType.DOUBLE, 1))));
        Batch light = Batch.of(Map.of("x", Nd4j.scalar(1.0)), 1);
        Batch heavy = Batch.of(Map.of("x", Nd4j.scalar(5.0)), 3);

        TrainingResult result = train(model, plan().epochs(2), light, heavy);

        // (1 * 1 + 3 * 5) / 4, in both epochs.
        assertThat(result.epochs()).extracting(EpochReport::meanLoss).containsExactly(4.0, 4.0);
    }
}
