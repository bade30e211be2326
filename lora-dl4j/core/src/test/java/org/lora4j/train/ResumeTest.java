/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.checkpoint.CheckpointFolder;
import org.lora4j.internal.checkpoint.SoundNonsense;
import org.lora4j.train.TrainableParameter.Kind;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.RmsProp;

class ResumeTest {

    /** Files and threads, and no numbers that depend on the instructions of a processor: not repeated with fewer of them. */
    private static final String ANY_PROCESSOR = "any-processor";

    private static final int STEPS = 9;

    @TempDir
    private Path folder;

    /** Regression in FLOAT whose gradients also depend on the seed of the pass, as with dropout. */
    private static TestModel noisy() {
        INDArray w = Nd4j.zeros(DataType.FLOAT, 2, 1);
        return new TestModel(List.of(TestModel.parameter("w", Kind.WEIGHT, w)), (in, seed) -> {
            INDArray x = in.get("x").castTo(DataType.FLOAT);
            INDArray error = x.mmul(w).subi(in.get("y").castTo(DataType.FLOAT));
            double loss = error.mul(error).meanNumber().doubleValue();
            float noise = (float) new SplittableRandom(seed).nextDouble();
            INDArray dw = x.transpose().mmul(error).muli(noise);
            return new LossAndGradients(loss, TestModel.gradients("w", dw));
        });
    }

    private static Batches batches() {
        List<Batch> all = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            all.add(TestModel.rows(new double[] {i, 1 - i}, new double[] {0.5 * i, 2}));
        }
        return Batches.shuffled(all);
    }

    private static TrainingPlan plan(Optimizer optimizer) {
        return TrainingPlan.builder()
                .epochs(3)
                .accumulation(2)
                .optimizer(optimizer)
                .schedule(LearningRateSchedule.linear(Warmup.steps(2)))
                .keepBest(true)
                .seed(11)
                .build();
    }

    /** Best after the second of three epochs. */
    private static Validation evaluation(TestModel model) {
        return Validation.lowerIsBetter("distance", () -> Math.abs(model.values(0)[0] - 0.3));
    }

    private Trainer.Builder trainer(TestModel model, Optimizer optimizer) {
        return Trainer.builder(model).plan(plan(optimizer)).validation(evaluation(model));
    }

    static Stream<Optimizer> optimizers() {
        return Stream.of(
                AdamW.of(0.05),
                AdamOptimizer.of(0.05),
                SgdOptimizer.of(0.01).withMomentum(0.9),
                Nd4jOptimizer.of(new RmsProp(0.01)));
    }

    @ParameterizedTest
    @MethodSource("optimizers")
    void resume_afterAStopAtAnyStep_endsWithTheBitsOfAnUninterruptedRun(Optimizer optimizer) {
        TestModel straight = noisy();
        TrainingResult expected = trainer(straight, optimizer).build().train(batches());
        assertThat(expected.steps()).isEqualTo(STEPS);

        for (int stop = 1; stop < STEPS; stop++) {
            Checkpoints checkpoints = Checkpoints.in(folder.resolve("stop" + stop));
            int last = stop;
            TrainingResult cut = trainer(noisy(), optimizer)
                    .checkpoints(checkpoints)
                    .listener(interruptAfter(last))
                    .build()
                    .train(batches());
            assertThat(cut.stopReason()).isEqualTo(StopReason.INTERRUPTED);

            TestModel resumed = noisy();
            TrainingResult result =
                    trainer(resumed, optimizer).checkpoints(checkpoints).build().resume(batches());

            assertThat(resumed.values(0)).as("stopped after step %s", stop).isEqualTo(straight.values(0));
            assertThat(result.losses()).isEqualTo(expected.losses());
            assertThat(result.bestMetric()).isEqualTo(expected.bestMetric());
            assertThat(result.bestEpoch()).isEqualTo(expected.bestEpoch());
            assertThat(result.epochs())
                    .extracting(EpochReport::meanLoss)
                    .isEqualTo(expected.epochs().stream()
                            .map(EpochReport::meanLoss)
                            .toList());
            assertThat(result.norms()).isEqualTo(expected.norms());
        }
    }

    private static RunListener interruptAfter(long step) {
        return new RunListener() {
            @Override
            public void onStep(StepReport report) {
                if (report.step() == step) {
                    Thread.currentThread().interrupt();
                }
            }
        };
    }

    /** As a signal comes at any time: the file that is being written is finished, and the run ends after the next step. */
    @Test
    void interrupt_whileACheckpointIsWritten_endsTheRunAndLosesNothing() {
        TestModel straight = noisy();
        trainer(straight, AdamW.of(0.05)).build().train(batches());
        Checkpoints checkpoints = Checkpoints.in(folder).withEverySteps(1);
        TestModel model = noisy();
        List<Boolean> written = new ArrayList<>();
        Trainable interrupted = new SavingModel(model, directory -> {
            if (written.isEmpty()) {
                written.add(false);
                Thread.currentThread().interrupt();
            }
            Path file = directory.resolve("adapter.bin");
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                channel.write(ByteBuffer.wrap(new byte[] {1}));
            } catch (ClosedByInterruptException e) {
                throw new InterruptedIOException(file.toString());
            }
            written.set(0, true);
        });

        TrainingResult cut = Trainer.builder(interrupted)
                .plan(plan(AdamW.of(0.05)))
                .validation(evaluation(model))
                .checkpoints(checkpoints)
                .build()
                .train(batches());

        assertThat(cut.stopReason()).isEqualTo(StopReason.INTERRUPTED);
        assertThat(cut.steps()).isEqualTo(2);
        assertThat(written).containsExactly(true);
        assertThat(Thread.interrupted()).isFalse();
        TestModel resumed = noisy();
        trainer(resumed, AdamW.of(0.05)).checkpoints(checkpoints).build().resume(batches());
        assertThat(resumed.values(0)).isEqualTo(straight.values(0));
    }

    /** A model that also saves something beside its checkpoints. */
    private record SavingModel(TestModel model, Saving saving) implements Trainable {

        interface Saving {
            void to(Path directory) throws IOException;
        }

        @Override
        public List<TrainableParameter> trainableParameters() {
            return model.trainableParameters();
        }

        @Override
        public GraphExecutor executor() {
            return model.executor();
        }

        @Override
        public void saveAdapter(Path directory) throws IOException {
            saving.to(directory);
        }
    }

    @Test
    void resume_ofARunThatHasEnded_givesItsResultAgain() {
        Checkpoints checkpoints = Checkpoints.in(folder);
        TestModel first = noisy();
        TrainingResult expected =
                trainer(first, AdamW.of(0.05)).checkpoints(checkpoints).build().train(batches());

        TestModel second = noisy();
        TrainingResult again =
                trainer(second, AdamW.of(0.05)).checkpoints(checkpoints).build().resume(batches());

        assertThat(again.losses()).isEqualTo(expected.losses());
        assertThat(again.stopReason()).isEqualTo(StopReason.COMPLETED);
        assertThat(second.values(0)).isEqualTo(first.values(0));
    }

    @Test
    void resume_withoutACheckpoint_startsTheRun() {
        TrainingResult result = trainer(noisy(), AdamW.of(0.05))
                .checkpoints(Checkpoints.in(folder.resolve("new")))
                .build()
                .resume(batches());

        assertThat(result.steps()).isEqualTo(STEPS);
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void train_keepsTheLastCheckpointsOnly() throws IOException {
        trainer(noisy(), AdamW.of(0.05))
                .checkpoints(Checkpoints.in(folder).withEverySteps(2).withKeep(3))
                .build()
                .train(batches());

        assertThat(files())
                .containsExactly(
                        "checkpoint-000000000006.safetensors",
                        "checkpoint-000000000008.safetensors",
                        "checkpoint-000000000009.safetensors");
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Tag(ANY_PROCESSOR)
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void resume_whenTheLastCheckpointIsDamaged_usesTheOneBefore(int kind) throws IOException {
        TestModel straight = noisy();
        trainer(straight, AdamW.of(0.05)).build().train(batches());
        Checkpoints checkpoints = Checkpoints.in(folder).withEverySteps(1).withKeep(2);
        trainer(noisy(), AdamW.of(0.05))
                .checkpoints(checkpoints)
                .listener(interruptAfter(5))
                .build()
                .train(batches());
        damage(folder.resolve("checkpoint-000000000005.safetensors"), kind);

        TestModel resumed = noisy();
        List<Long> steps = new ArrayList<>();
        trainer(resumed, AdamW.of(0.05))
                .checkpoints(checkpoints)
                .listener(new RunListener() {
                    @Override
                    public void onStep(StepReport report) {
                        steps.add(report.step());
                    }
                })
                .build()
                .resume(batches());

        assertThat(steps).startsWith(5L);
        assertThat(resumed.values(0)).isEqualTo(straight.values(0));
    }

    /** Values that nobody can have written, with a checksum that fits them. */
    @Tag(ANY_PROCESSOR)
    @ParameterizedTest
    @CsvSource({
        "position.passes, many",
        "position.passes, -1",
        "position.epoch, 99999999999",
        "position.inEpoch, yes",
        "position.ending, SOMEHOW",
        "log.epochSteps, 1.5",
        "log.epoch0.meanLoss, low",
        "log.epochs, ٣",
        "parameter0.startNorm, ''",
        "parameter0.updates, -7",
        "parameters, two",
        "mostParts, 0",
        "mostParts, 2000000000",
        "divergence.firstLoss, x",
        "watch.zeroSteps0, x",
        "best.metric, x",
        "best.reference, x"
    })
    void resume_whenTheLastCheckpointHoldsNonsense_usesTheOneBefore(String name, String value) throws IOException {
        TestModel straight = noisy();
        trainer(straight, AdamW.of(0.05)).build().train(batches());
        Checkpoints checkpoints = interruptedAfterFive();
        SoundNonsense.write(folder.resolve("checkpoint-000000000005.safetensors"), content -> content.put(name, value));

        TestModel resumed = noisy();
        trainer(resumed, AdamW.of(0.05)).checkpoints(checkpoints).build().resume(batches());

        assertThat(resumed.values(0)).isEqualTo(straight.values(0));
    }

    @Tag(ANY_PROCESSOR)
    @ParameterizedTest
    @ValueSource(strings = {"parameter0.optimizer.m", "parameter0.value", "best.values.0", "log.losses", "log.nanos"})
    void resume_whenAllCheckpointsHoldNonsense_namesThemAndChangesNothing(String array) throws IOException {
        Checkpoints checkpoints = interruptedAfterFive();
        for (String file : files()) {
            SoundNonsense.write(folder.resolve(file), content -> content.put(array, Nd4j.zeros(DataType.FLOAT, 7, 7)));
        }
        TestModel resumed = noisy();
        Trainer trainer =
                trainer(resumed, AdamW.of(0.05)).checkpoints(checkpoints).build();

        assertThatThrownBy(() -> trainer.resume(batches()))
                .hasMessageContaining(array.equals("parameter0.value") ? "FLOAT[7, 7]" : "checkpoint-000000000005");
        assertThat(resumed.values(0)).containsExactly(0, 0);
    }

    private Checkpoints interruptedAfterFive() {
        Checkpoints checkpoints = Checkpoints.in(folder).withEverySteps(1).withKeep(2);
        trainer(noisy(), AdamW.of(0.05))
                .checkpoints(checkpoints)
                .listener(interruptAfter(5))
                .build()
                .train(batches());
        return checkpoints;
    }

    @Test
    void resume_onAnInterruptedThread_takesNothingForDamage() {
        Checkpoints checkpoints = interruptedAfterFive();
        TestModel resumed = noisy();
        Thread.currentThread().interrupt();

        TrainingResult result = trainer(resumed, AdamW.of(0.05))
                .checkpoints(checkpoints)
                .build()
                .resume(batches());

        assertThat(result.stopReason()).isEqualTo(StopReason.INTERRUPTED);
        assertThat(result.steps()).isEqualTo(6);
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void train_interruptedAtAnyMoment_endsAsInterrupted_withAWholeCheckpoint() throws Exception {
        interruptOften(40);
    }

    @Tag("thorough")
    @Test
    void train_interruptedAtVeryManyMoments_endsAsInterrupted_withAWholeCheckpoint() throws Exception {
        interruptOften(2000);
    }

    private void interruptOften(int times) throws Exception {
        SplittableRandom random = new SplittableRandom(times);
        int interrupted = 0;
        for (int i = 0; i < times; i++) {
            Checkpoints checkpoints =
                    Checkpoints.in(folder.resolve("moment" + i)).withEverySteps(1);
            CompletableFuture<TrainingResult> result = new CompletableFuture<>();
            TrainingPlan endless =
                    plan(AdamW.of(0.05)).toBuilder().epochs(1_000_000).build();
            TestModel model = noisy();
            Thread training = new Thread(() -> {
                try {
                    result.complete(Trainer.builder(model)
                            .plan(endless)
                            .validation(evaluation(model))
                            .checkpoints(checkpoints)
                            .build()
                            .train(batches()));
                } catch (RuntimeException | Error e) {
                    result.completeExceptionally(e);
                }
            });
            training.start();
            Thread.sleep(random.nextInt(5), random.nextInt(1_000_000));
            training.interrupt();

            interrupted += result.get(60, TimeUnit.SECONDS).stopReason() == StopReason.INTERRUPTED ? 1 : 0;
            training.join();
            try (CheckpointFolder left = CheckpointFolder.open(checkpoints.directory())) {
                List<String> newest = new ArrayList<>();
                assertThat(left.useLatest(content -> newest.add(content.text("position.passes"))))
                        .isTrue();
                assertThat(left.files().get(0).getFileName().toString())
                        .isEqualTo(String.format(
                                Locale.ROOT,
                                "checkpoint-%012d.safetensors",
                                result.get().steps()));
            }
        }

        assertThat(interrupted).isEqualTo(times);
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void train_whileAnotherRunHasTheDirectory_refuses() {
        Checkpoints checkpoints = Checkpoints.in(folder);
        RunListener second = new RunListener() {
            @Override
            public void onTrainingStart(TrainingStart start) {
                Trainer other = trainer(noisy(), AdamW.of(0.05))
                        .checkpoints(checkpoints)
                        .build();
                assertThatThrownBy(() -> other.resume(batches()))
                        .isInstanceOf(UncheckedIOException.class)
                        .hasMessageContaining("another thread or process is writing there");
            }
        };

        TrainingResult result = trainer(noisy(), AdamW.of(0.05))
                .checkpoints(checkpoints)
                .listener(second)
                .build()
                .train(batches());

        assertThat(result.stopReason()).isEqualTo(StopReason.COMPLETED);
    }

    private static void damage(Path file, int kind) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        switch (kind) {
            case 0 -> bytes[bytes.length - 1] ^= 1;
            case 1 -> bytes = Arrays.copyOf(bytes, bytes.length / 2);
            case 2 -> bytes = new byte[0];
            // A digit of a value in the header.
            default -> {
                String text = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
                int at = text.indexOf("position.passes") + "position.passes\":\"".length();
                bytes[at] = (byte) (bytes[at] == '9' ? '8' : '9');
            }
        }
        Files.write(file, bytes);
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void resume_whenAllCheckpointsAreDamaged_refuses() throws IOException {
        Checkpoints checkpoints = Checkpoints.in(folder).withEverySteps(1);
        trainer(noisy(), AdamW.of(0.05))
                .checkpoints(checkpoints)
                .listener(interruptAfter(5))
                .build()
                .train(batches());
        for (String file : files()) {
            Files.write(folder.resolve(file), new byte[10]);
        }
        Trainer trainer =
                trainer(noisy(), AdamW.of(0.05)).checkpoints(checkpoints).build();

        assertThatThrownBy(() -> trainer.resume(batches()))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContainingAll("all 2 are damaged", "checkpoint-000000000005", "Remove them");
    }

    @Test
    void train_whenTheDirectoryHasCheckpoints_refuses() {
        Checkpoints checkpoints = Checkpoints.in(folder);
        trainer(noisy(), AdamW.of(0.05)).checkpoints(checkpoints).build().train(batches());
        Trainer trainer =
                trainer(noisy(), AdamW.of(0.05)).checkpoints(checkpoints).build();

        assertThatThrownBy(() -> trainer.train(batches()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll("1 checkpoints of an earlier run", "resume(batches)");
    }

    @Test
    void resume_withAnotherPlanOrModel_refusesAndChangesNothing() {
        Checkpoints checkpoints = Checkpoints.in(folder);
        trainer(noisy(), AdamW.of(0.05))
                .checkpoints(checkpoints)
                .listener(interruptAfter(5))
                .build()
                .train(batches());
        TestModel other = TestModel.regression();
        Trainer trainer =
                trainer(other, AdamW.of(0.07)).checkpoints(checkpoints).build();

        assertThatThrownBy(() -> trainer.resume(batches()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(
                        "learningRate=0.07", "learningRate=0.05", "2 parameters learn, expected 1", "DOUBLE[2, 1]");
        assertThat(other.values(0)).containsExactly(0, 0);
    }

    @Test
    void resume_withFewerBatches_refuses() {
        Checkpoints checkpoints = Checkpoints.in(folder);
        trainer(noisy(), AdamW.of(0.05))
                .checkpoints(checkpoints)
                .listener(interruptAfter(2))
                .build()
                .train(batches());
        Trainer trainer =
                trainer(noisy(), AdamW.of(0.05)).checkpoints(checkpoints).build();
        Batches fewer = Batches.inOrder(List.of(TestModel.rows(new double[] {1, 2})));

        assertThatThrownBy(() -> trainer.resume(fewer))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("gave 1 batches, and 4 were used");
    }

    @Test
    void resume_withoutCheckpoints_refuses() {
        Trainer trainer = trainer(noisy(), AdamW.of(0.05)).build();

        assertThatThrownBy(() -> trainer.resume(batches()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("checkpoints(Checkpoints.in(directory))");
    }

    @Test
    void train_whenACheckpointCannotBeWritten_stopsAndSaysWhichOneIsLeft() {
        Checkpoints checkpoints = Checkpoints.in(folder).withEverySteps(2);
        // In the way of the file of the second checkpoint.
        RunListener blocking = new RunListener() {
            @Override
            public void onStep(StepReport report) {
                if (report.step() == 3) {
                    try {
                        Path inTheWay = Files.createDirectory(folder.resolve("checkpoint-000000000004.safetensors"));
                        Files.createFile(inTheWay.resolve("file"));
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }
            }
        };
        Trainer trainer = trainer(noisy(), AdamW.of(0.05))
                .checkpoints(checkpoints)
                .listener(blocking)
                .build();

        assertThatThrownBy(() -> trainer.train(batches()))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContainingAll("after step 4 of the run", "cannot be written", "resume(batches)");
        assertThat(folder.resolve("checkpoint-000000000002.safetensors")).isRegularFile();
    }

    @Test
    void checkpoints_outOfRange_areRefusedTogether() {
        assertThatThrownBy(() -> new Checkpoints(folder, 0, java.time.Duration.ZERO, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("everySteps = 0", "every = PT0S", "keep = 0");
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void checkpoints_afterTime_areWritten() throws IOException {
        long[] now = {0};
        trainer(noisy(), AdamW.of(0.05))
                .checkpoints(Checkpoints.in(folder)
                        .withEvery(java.time.Duration.ofNanos(1000))
                        .withKeep(10))
                .nanoTime(() -> now[0] += 100)
                .listener(interruptAfter(8))
                .build()
                .train(batches());

        // Some steps apart, as a step asks the clock three times or so.
        assertThat(files().size()).isBetween(3, 5);
    }
}
