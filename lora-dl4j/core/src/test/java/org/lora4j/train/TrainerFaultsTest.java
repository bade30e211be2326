/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.train.TrainableParameter.Kind;
import org.lora4j.train.TrainingFailedException.Reason;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class TrainerFaultsTest {

    private static final double NAN = Double.NaN;

    private static TrainingPlan.Builder plan() {
        return TrainingPlan.builder().epochs(10).optimizer(SgdOptimizer.of(0.25));
    }

    private static Batch batch(double... x) {
        return Batch.of(Map.of("x", Nd4j.create(x)), x.length);
    }

    private static TrainingFailedException failure(TestModel model, TrainingPlan.Builder plan, Batch... batches) {
        return catchThrowableOfType(TrainingFailedException.class, () -> train(model, plan, batches));
    }

    private static TrainingResult train(TestModel model, TrainingPlan.Builder plan, Batch... batches) {
        return Trainer.builder(model).plan(plan.build()).build().train(Batches.inOrder(List.of(batches)));
    }

    /** Two parameters; loss and the gradient of the second from the step number. */
    private static TestModel failing(int atPass, double loss, double gradient) {
        int[] pass = {0};
        return new TestModel(
                List.of(
                        TestModel.parameter("fine", Kind.WEIGHT, Nd4j.create(new double[] {1})),
                        TestModel.parameter("bad", Kind.WEIGHT, Nd4j.create(new double[] {1}))),
                (in, seed) -> {
                    pass[0]++;
                    boolean fails = pass[0] == atPass;
                    return new LossAndGradients(
                            fails ? loss : 1,
                            TestModel.gradients(
                                    "fine", Nd4j.create(new double[] {1}),
                                    "bad", Nd4j.create(new double[] {fails ? gradient : 1})));
                });
    }

    @Test
    void train_whenTheLossIsNaN_namesEverythingAndLeavesTheStepUnapplied() {
        TestModel model = failing(3, NAN, NAN);

        TrainingFailedException failure = failure(model, plan(), batch(1), batch(2));

        assertThat(failure)
                .hasMessage(
                        "Trainer, step 3 of the run, in epoch 2 (loss NaN, learning rate 0.25): the loss is not finite;"
                                + " expected a finite number. Gradients that are not finite: \"bad\". The likely cause is a learning"
                                + " rate that is too high: lower it, warm up longer or clip the gradients. Otherwise look for a"
                                + " logarithm or a division of 0 in the loss. This step was not applied: the parameters are as they"
                                + " were before it.");
        assertThat(failure.reason()).isEqualTo(Reason.LOSS_NOT_FINITE);
        assertThat(failure.step()).isEqualTo(3);
        assertThat(failure.epoch()).isEqualTo(2);
        assertThat(failure.loss()).isNaN();
        assertThat(failure.learningRate()).isEqualTo(0.25);
        assertThat(failure.parameters()).containsExactly("bad");
        assertThat(failure.best()).isEmpty();
        assertThat(model.values(0)).containsExactly(0.5);
        assertThat(model.values(1)).containsExactly(0.5);
    }

    @Test
    void train_whenOneGradientIsInfinite_updatesNoParameter() {
        TestModel model = failing(1, 1, Double.POSITIVE_INFINITY);

        TrainingFailedException failure = failure(model, plan(), batch(1));

        assertThat(failure.reason()).isEqualTo(Reason.GRADIENT_NOT_FINITE);
        assertThat(failure.parameters()).containsExactly("bad");
        assertThat(failure)
                .hasMessageContaining(
                        "gradients that are not finite: \"bad\"; expected finite numbers. No update has happened"
                                + " yet and the input is finite, so the learning rate is not the cause");
        assertThat(model.values(0)).containsExactly(1);
        assertThat(model.values(1)).containsExactly(1);
    }

    @Test
    void train_whenTheSecondBatchOfAStepIsBad_updatesNoParameter() {
        TestModel model = failing(2, 1, NAN);

        TrainingFailedException failure = failure(model, plan().accumulation(2), batch(1), batch(2));

        assertThat(failure.step()).isEqualTo(1);
        assertThat(model.values(0)).containsExactly(1);
    }

    @Test
    void train_whenTheInputIsNaN_namesThePlaceholder() {
        TrainingFailedException failure = failure(failing(1, NAN, NAN), plan(), batch(1, NAN));

        assertThat(failure)
                .hasMessageContaining(
                        "The batch holds values that are not finite, in placeholder \"x\": clean the input.");
    }

    @Test
    void train_whenTheInputIsNaN_namesTheBatchAndThePlace() {
        TestModel model = failing(4, NAN, NAN);

        TrainingFailedException failure = failure(model, plan(), batch(1), batch(2), batch(3), batch(1, 2, NAN, NAN));

        assertThat(failure)
                .hasMessageContaining(
                        "It is batch 4 of epoch 1; \"x\" holds NaN at [2] (2 of 4 values are not finite).");
    }

    @Test
    void train_whenTheLossIsFiniteThoughTheInputIsNaN_isRefusedBeforeTheUpdate() {
        // The loss of this model does not look at its input, as ReLU makes 0 of NaN.
        TestModel model = failing(99, NAN, NAN);

        TrainingFailedException failure = failure(model, plan(), batch(1), batch(2, NAN));

        assertThat(failure.reason()).isEqualTo(Reason.INPUT_NOT_FINITE);
        assertThat(failure.step()).isEqualTo(2);
        assertThat(failure)
                .hasMessageContaining("in placeholder \"x\": clean the input. It is batch 2 of epoch 1; \"x\" holds"
                        + " NaN at [1] (1 of 2 values is not finite)")
                .hasMessageContaining("TrainingPlan.allowNotFinite(name)")
                .hasMessageContaining("This step was not applied");
        assertThat(model.values(0)).as("one step was applied").containsExactly(0.75);
    }

    @Test
    void train_whenTheLossIsFiniteAndTheInputIsInfinite_goesOn() {
        // As an additive mask is.
        TrainingResult result =
                train(failing(99, NAN, NAN), plan().epochs(1), batch(1), batch(2, Double.NEGATIVE_INFINITY));

        assertThat(result.steps()).isEqualTo(2);
    }

    @Test
    void train_whenAPlaceholderMayHoldNaN_goesOn() {
        TrainingResult result =
                train(failing(99, NAN, NAN), plan().epochs(1).allowNotFinite("x"), batch(1), batch(2, NAN));

        assertThat(result.steps()).isEqualTo(2);
    }

    @Test
    void train_whenTheSecondBatchOfAStepIsNotFinite_countsBatches() {
        TrainingFailedException failure =
                failure(failing(99, NAN, NAN), plan().accumulation(2), batch(1), batch(2), batch(3), batch(NAN));

        assertThat(failure.step()).isEqualTo(2);
        assertThat(failure).hasMessageContaining("It is batch 4 of epoch 1");
    }

    @Test
    void train_whenAnUpdateOverflowed_namesTheParameter() {
        INDArray p = Nd4j.create(new float[] {1});
        TestModel model = new TestModel(
                List.of(TestModel.parameter("p", Kind.WEIGHT, p)),
                (in, seed) -> new LossAndGradients(
                        p.getDouble(0), TestModel.gradients("p", Nd4j.create(new float[] {Float.MAX_VALUE}))));

        TrainingFailedException failure = failure(model, plan().optimizer(SgdOptimizer.of(10)), batch(1));

        assertThat(failure.step()).isEqualTo(2);
        assertThat(failure)
                .hasMessageContaining(
                        "The update before made values that are not finite, in \"p\": the learning rate is too high.");
    }

    @Test
    void train_whenItFails_givesTheBestParametersToTheCaller() {
        TestModel model = failing(3, NAN, 1);
        Trainer trainer = Trainer.builder(model)
                .plan(plan().keepBest(true).build())
                .validation(Validation.lowerIsBetter("loss", () -> model.values(0)[0] == 0.75 ? 0 : 1))
                .build();

        TrainingFailedException failure = catchThrowableOfType(
                TrainingFailedException.class, () -> trainer.train(Batches.inOrder(List.of(batch(1)))));
        assertThat(model.values(0)).containsExactly(0.5);
        failure.best().orElseThrow().restore();

        assertThat(model.values(0)).containsExactly(0.75);
        assertThat(failure)
                .hasMessageEndingWith("The best parameters, of epoch 1 (loss 0.0), are in best() of this exception.");
    }

    /** A factor that gets a gradient only from {@code fromPass} on, a weight that never gets one, and one that learns. */
    private static TestModel cut(int fromPass) {
        int[] pass = {0};
        return new TestModel(
                List.of(
                        TestModel.parameter("loraA", Kind.FACTOR, Nd4j.ones(DataType.DOUBLE, 2)),
                        TestModel.parameter("loraB", Kind.FACTOR, Nd4j.ones(DataType.DOUBLE, 2)),
                        TestModel.parameter("head", Kind.WEIGHT, Nd4j.ones(DataType.DOUBLE, 2))),
                (in, seed) -> {
                    pass[0]++;
                    return new LossAndGradients(
                            1,
                            TestModel.gradients(
                                    "loraA",
                                            pass[0] < fromPass
                                                    ? Nd4j.zeros(DataType.DOUBLE, 2)
                                                    : Nd4j.ones(DataType.DOUBLE, 2),
                                    "loraB", Nd4j.ones(DataType.DOUBLE, 2),
                                    "head", Nd4j.zeros(DataType.DOUBLE, 2)));
                });
    }

    @Test
    void train_whenAFactorGetsNoGradientInThreeSteps_stopsAndNamesIt() {
        TestModel model = cut(99);

        TrainingFailedException failure = failure(model, plan(), batch(1));

        assertThat(failure.reason()).isEqualTo(Reason.NO_GRADIENT);
        assertThat(failure.step()).isEqualTo(3);
        assertThat(failure.parameters()).containsExactly("loraA");
        assertThat(failure)
                .hasMessageContaining(
                        "no gradient reaches 1 of 2 low-rank factors, \"loraA\": it was exactly 0 in three steps")
                .hasMessageContaining("TrainingPlan.allowWithoutGradient(regex)");
        assertThat(model.values(1)).as("two steps were applied").containsExactly(0.5, 0.5);
    }

    @Test
    void train_whenAFactorGetsItsGradientInTheThirdStep_goesOn() {
        TrainingResult result = train(cut(3), plan(), batch(1));

        assertThat(result.stopReason()).isEqualTo(StopReason.COMPLETED);
        assertThat(result.withoutGradient()).containsExactly("head");
    }

    @Test
    void train_whenAFactorWithoutGradientIsAllowed_reportsItOnly() {
        TrainingResult byName = train(cut(99), plan().allowWithoutGradient("lora."), batch(1));
        TrainingResult byModule = train(cut(99), plan().allowWithoutGradient("module\\.loraA"), batch(1));

        assertThat(byName.withoutGradient()).containsExactly("loraA", "head");
        assertThat(byModule.withoutGradient()).containsExactly("loraA", "head");
    }

    @Test
    void train_stepsOfRateZero_doNotCountAsStepsWithoutGradient() {
        LearningRateSchedule late = (step, epoch, total) -> step < 5 ? 0 : 1;

        TrainingFailedException failure = failure(cut(99), plan().schedule(late), batch(1));

        assertThat(failure.step()).isEqualTo(8);
    }

    @Test
    void train_whenGradientsAreMissingOrMisshapen_listsAllBeforeAnyUpdate() {
        TestModel model = new TestModel(
                List.of(
                        TestModel.parameter("a", Kind.WEIGHT, Nd4j.ones(DataType.DOUBLE, 2)),
                        TestModel.parameter("b", Kind.WEIGHT, Nd4j.ones(DataType.DOUBLE, 2)),
                        TestModel.parameter("c", Kind.WEIGHT, Nd4j.ones(DataType.DOUBLE, 2))),
                (in, seed) -> new LossAndGradients(
                        1,
                        TestModel.gradients("a", Nd4j.ones(DataType.DOUBLE, 2), "c", Nd4j.ones(DataType.DOUBLE, 3))));

        assertThatThrownBy(() -> train(model, plan(), batch(1)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(
                        "Trainer: 2 problems: no gradient for \"b\"; the executor gave gradients for \"a\", \"c\". Make the"
                                + " executor after the last change of what is trainable; the gradient of \"c\" has shape [3], expected"
                                + " [2]");
        assertThat(model.values(0)).containsExactly(1, 1);
    }

    @Test
    void train_whenGradientsAreClosedOrOfAnotherType_listsBoth() {
        INDArray closed = Nd4j.ones(DataType.DOUBLE, 2);
        closed.close();
        TestModel model = new TestModel(
                List.of(
                        TestModel.parameter("a", Kind.WEIGHT, Nd4j.ones(DataType.DOUBLE, 2)),
                        TestModel.parameter("b", Kind.WEIGHT, Nd4j.ones(DataType.DOUBLE, 2))),
                (in, seed) ->
                        new LossAndGradients(1, TestModel.gradients("a", closed, "b", Nd4j.ones(DataType.FLOAT16, 2))));

        assertThatThrownBy(() -> train(model, plan(), batch(1)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(
                        "Trainer: 2 problems: the gradient of \"a\" is closed; gradients belong to the trainer from the"
                                + " moment they are returned; the gradient of \"b\" has type HALF, expected FLOAT or DOUBLE");
    }

    @Test
    void train_withoutTrainableParameters_isRefused() {
        TestModel model = new TestModel(List.of(), (in, seed) -> new LossAndGradients(0, Map.of()));

        assertThatThrownBy(() -> train(model, plan(), batch(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Trainer: the model has no trainable parameter; expected at least one. Set an adapter trainable"
                                + " first");
    }

    @Test
    void train_withBadParametersAndPlan_listsEveryProblem() {
        INDArray shared = Nd4j.ones(DataType.DOUBLE, 1);
        INDArray closed = Nd4j.ones(DataType.DOUBLE, 2);
        closed.close();
        TestModel model = new TestModel(
                List.of(
                        TestModel.parameter("a", Kind.WEIGHT, shared),
                        TestModel.parameter("b", Kind.WEIGHT, shared),
                        TestModel.parameter("b", Kind.WEIGHT, Nd4j.create(new double[] {NAN})),
                        TestModel.parameter("half", Kind.WEIGHT, Nd4j.ones(DataType.FLOAT16, 1)),
                        TestModel.parameter("closed", Kind.WEIGHT, closed)),
                (in, seed) -> new LossAndGradients(0, Map.of()));
        TrainingPlan.Builder plan = plan().keepBest(true)
                .group(ParameterGroup.matchingName("z.*"))
                .group(ParameterGroup.matchingName("a"))
                .group(ParameterGroup.matchingModule("module\\.a"));

        assertThatThrownBy(() -> train(model, plan, batch(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Trainer: 8 problems: "
                        + "parameters \"a\" and \"b\" are one array, which would be updated twice; expected one parameter for it; "
                        + "two parameters are called \"b\", expected one; "
                        + "parameter \"half\" has type HALF, expected FLOAT or DOUBLE. Train in FLOAT and convert afterwards; "
                        + "the array of parameter \"closed\" is closed; "
                        + "values that are NaN or infinite before training in \"b\"; expected finite ones. Load or initialize"
                        + " the model again; "
                        + "parameter group \"name z.*\" matches nothing; the parameters are \"a\", \"b\", \"b\", \"half\", \"closed\"; "
                        + "parameter \"a\" is in 2 groups, \"name a\", \"module module\\.a\"; expected one at most; "
                        + "the plan keeps the best parameters or stops early, but there is no evaluation; expected"
                        + " evaluation(...) on the trainer");
    }

    @Test
    void train_withManyParameters_cutsTheListInMessagesAtTen() {
        List<TrainableParameter> many = IntStream.range(0, 12)
                .mapToObj(i -> TestModel.parameter("p" + i, Kind.WEIGHT, Nd4j.ones(DataType.DOUBLE, 1)))
                .toList();
        TestModel model = new TestModel(many, (in, seed) -> new LossAndGradients(0, Map.of()));

        assertThatThrownBy(() -> train(model, plan().group(ParameterGroup.matchingName("q")), batch(1)))
                .hasMessageEndingWith("\"p8\", \"p9\", and 2 more");
    }

    @Test
    void train_whenTheScheduleNeedsAnUnknownNumberOfSteps_saysWhatToDo() {
        Batches unknown = (epoch, seed) -> List.of(batch(1)).iterator();
        Trainer trainer = Trainer.builder(TestModel.slope(Kind.WEIGHT, 0))
                .plan(plan().schedule(LearningRateSchedule.linear(Warmup.none()))
                        .build())
                .build();

        assertThatThrownBy(() -> trainer.train(unknown))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("needs the number of steps, but the batches do not tell their number; expected"
                        + " batches.withBatchesPerEpoch(n), or a plan with steps(n) and no epochs");
        assertThat(trainer.train(unknown.withBatchesPerEpoch(1)).steps()).isEqualTo(10);
    }

    @Test
    void train_whenTheSourceIsEmpty_saysSoInWhateverEpoch() {
        Batches once = (epoch, seed) -> epoch == 1 ? List.of(batch(1)).iterator() : Collections.emptyIterator();
        Trainer trainer = Trainer.builder(TestModel.slope(Kind.WEIGHT, 0))
                .plan(plan().build())
                .build();

        assertThatThrownBy(() -> trainer.train((epoch, seed) -> Collections.emptyIterator()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("Trainer, epoch 1: the source gave no batch; expected at least one.");
        assertThatThrownBy(() -> trainer.train(once)).hasMessageStartingWith("Trainer, epoch 2:");
    }

    @Test
    void train_whenTheScheduleGivesANegativeFactor_isRefusedBeforeTheStep() {
        TestModel model = TestModel.slope(Kind.WEIGHT, 0);

        assertThatThrownBy(() -> train(model, plan().schedule((step, epoch, total) -> -1), batch(1)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("learning rate 0.25 of the optimizer and factor -1.0 of the schedule");
        assertThat(model.values(0)).containsExactly(0);
    }

    @Test
    void train_fromAListenerOfTheSameTrainer_isRefused() {
        Trainer[] trainer = new Trainer[1];
        Batches batches = Batches.inOrder(List.of(batch(1)));
        trainer[0] = Trainer.builder(TestModel.slope(Kind.WEIGHT, 0))
                .plan(plan().build())
                .listener(new RunListener() {
                    @Override
                    public void onStep(StepReport report) {
                        trainer[0].train(batches);
                    }
                })
                .build();

        assertThatThrownBy(() -> trainer[0].train(batches))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(
                        "Trainer: train() while a run is in progress; expected one run at a time. Make a trainer per"
                                + " thread");
    }

    @Test
    void build_withoutPlan_isRefused() {
        assertThatThrownBy(() -> Trainer.builder(TestModel.regression()).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Trainer: no plan; expected plan(TrainingPlan.builder().epochs(3).build()) or the like");
    }

    /** One weight p; loss and gradient by the number of the pass, from 1. */
    private static TestModel scripted(IntToDoubleFunction loss, IntToDoubleFunction gradient) {
        int[] pass = {0};
        return new TestModel(
                List.of(TestModel.parameter("p", Kind.WEIGHT, Nd4j.create(new double[] {1}))), (in, seed) -> {
                    pass[0]++;
                    return new LossAndGradients(
                            loss.applyAsDouble(pass[0]),
                            TestModel.gradients("p", Nd4j.create(new double[] {gradient.applyAsDouble(pass[0])})));
                });
    }

    @Test
    void train_whenTheLossStaysFarAboveItsStart_stopsAndNamesTheModule() {
        TestModel model = scripted(pass -> pass <= 3 ? pass : 16, pass -> 0.5);

        TrainingFailedException failure =
                failure(model, plan().epochs(60).divergence(new Divergence(5, 1000, 4)), batch(1));

        assertThat(failure.reason()).isEqualTo(Reason.LOSS_DIVERGED);
        assertThat(failure.step()).as("three of the start, four above").isEqualTo(7);
        assertThat(failure.parameters()).containsExactly("p");
        assertThat(failure)
                .hasMessageStartingWith(
                        "Trainer, step 7 of the run, in epoch 7 (loss 16.0, learning rate 0.25): the loss"
                                + " has been more than 5.0 times that of the start, 3.0, in each of the last 4 steps; expected it to"
                                + " fall. The gradient is largest in \"p\" of module \"module.p\". The learning rate is too high")
                .hasMessageContaining("Earlier parameters were not kept: use keepBest(true)")
                .hasMessageContaining("TrainingPlan.divergence(Divergence.never())");
        assertThat(model.values(0)).as("six steps of 0.125 were applied").containsExactly(0.25);
    }

    @Test
    void train_whenTheLossComesBackInTime_goesOn() {
        TestModel model = scripted(pass -> pass % 4 == 0 ? 1 : 100, pass -> 0.5);
        Divergence rule = new Divergence(1.5, 1000, 4);
        TestModel late = scripted(pass -> pass <= 3 ? 1 : pass % 4 == 0 ? 1 : 100, pass -> 0.5);

        assertThat(train(model, plan().epochs(20).divergence(rule), batch(1)).stopReason())
                .isEqualTo(StopReason.COMPLETED);
        assertThat(train(late, plan().epochs(20).divergence(rule), batch(1)).stopReason())
                .isEqualTo(StopReason.COMPLETED);
    }

    @Test
    void train_whenDivergenceIsAllowed_goesOn() {
        TestModel model = scripted(pass -> pass <= 3 ? 1 : 1e9, pass -> pass <= 3 ? 1 : 1e9);

        TrainingResult result = train(model, plan().epochs(60).divergence(Divergence.never()), batch(1));

        assertThat(result.steps()).isEqualTo(60);
    }

    @Test
    void train_whenTheGradientStaysFarAboveItsStart_stops() {
        TestModel model = scripted(pass -> pass <= 3 ? 1 : 2, pass -> pass <= 3 ? 1 : 2000);

        TrainingFailedException failure = failure(model, plan().epochs(60), batch(1));

        assertThat(failure.reason()).isEqualTo(Reason.GRADIENT_EXPLODED);
        assertThat(failure.step()).isEqualTo(23);
        assertThat(failure)
                .hasMessageContaining(
                        "the norm of the gradient, now 2000.0, has been more than 1000.0 times that of the"
                                + " start, 1.0, in each of the last 20 steps");
    }

    @Test
    void train_whenLargeGradientsComeWithAFallingLoss_goesOn() {
        TestModel model = scripted(pass -> pass <= 3 ? 1 : 0.5, pass -> pass <= 3 ? 1 : 2000);

        assertThat(train(model, plan().epochs(60), batch(1)).stopReason()).isEqualTo(StopReason.COMPLETED);
    }

    @Test
    void train_whenNothingLearnsInThreeStepsInARow_stops() {
        TestModel model = scripted(pass -> 1, pass -> pass == 2 ? 1 : 0);

        TrainingFailedException failure = failure(model, plan(), batch(1));

        assertThat(failure.reason()).isEqualTo(Reason.NO_GRADIENT);
        assertThat(failure.step()).isEqualTo(5);
        assertThat(failure)
                .hasMessageContaining(
                        "no gradient reaches any of the 1 parameters that learn: all were exactly 0 in three"
                                + " steps in a row; expected other values. Look at the labels and masks of the batches");
    }

    @Test
    void train_whenALossOfZeroTeachesNothing_tellsListenersAndGoesOn() {
        TestModel model = scripted(pass -> 0, pass -> pass == 2 ? 1 : 0);
        List<Long> without = new ArrayList<>();
        RunListener listener = new RunListener() {
            @Override
            public void onStepWithoutEffect(StepReport report) {
                without.add(report.step());
            }
        };

        Trainer.builder(model)
                .plan(plan().epochs(4).build())
                .listener(listener)
                .build()
                .train(Batches.inOrder(List.of(batch(1))));

        assertThat(without).containsExactly(1L, 3L, 4L);
    }

    private static TestModel throwing(Throwable thrown) {
        return new TestModel(
                List.of(TestModel.parameter("p", Kind.WEIGHT, Nd4j.create(new double[] {1}))), (in, seed) -> {
                    if (thrown instanceof Error error) {
                        throw error;
                    }
                    throw (RuntimeException) thrown;
                });
    }

    @Test
    void train_whenNativeMemoryEnds_saysSoWithTheBatchAndTheLimits() {
        OutOfMemoryError error = new OutOfMemoryError("Cannot allocate new FloatPointer(9): totalBytes = 3G");

        TrainingFailedException failure = failure(throwing(error), plan(), batch(1, 2));

        assertThat(failure.reason()).isEqualTo(Reason.OUT_OF_MEMORY);
        assertThat(failure)
                .hasCause(error)
                .hasMessage("Trainer, step 1 of the run, in epoch 1: out of native memory (Cannot allocate new"
                        + " FloatPointer(9): totalBytes = 3G) for a batch of x DOUBLE[2]; expected one that fits. Use smaller"
                        + " batches with accumulation(n), shorter sequences, model.recomputingActivations() on a SameDiff graph,"
                        + " or raise the limits"
                        + " -Dorg.bytedeco.javacpp.maxbytes and -Dorg.bytedeco.javacpp.maxphysicalbytes. This step was not"
                        + " applied: the parameters are as they were before it.");
    }

    @Test
    void train_whenTheHeapEnds_saysSo() {
        TrainingFailedException failure = failure(throwing(new OutOfMemoryError("Java heap space")), plan(), batch(1));

        assertThat(failure).hasMessageContaining("out of memory on the Java heap (Java heap space)");
        assertThat(failure).hasMessageContaining("or raise -Xmx.");
    }

    @Test
    void train_whenAnOpCannotAllocate_saysThatMemoryEnded() {
        RuntimeException wrapped =
                new IllegalArgumentException("graph input", new RuntimeException("Failed to allocate 99 bytes"));
        RuntimeException other = new IllegalArgumentException("graph input", new RuntimeException("bad shape"));

        assertThat(failure(throwing(wrapped), plan(), batch(1)).reason()).isEqualTo(Reason.OUT_OF_MEMORY);
        assertThatThrownBy(() -> train(throwing(other), plan(), batch(1))).isSameAs(other);
    }
}
