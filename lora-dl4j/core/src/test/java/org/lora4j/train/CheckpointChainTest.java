/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.checkpoint.CheckpointContent;
import org.lora4j.internal.checkpoint.CheckpointFolder;
import org.lora4j.train.CheckpointChain.Link;
import org.lora4j.train.TrainableParameter.Kind;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Checkpoints name the one before them, so that none can be exchanged, changed, renamed or removed. */
class CheckpointChainTest {

    private static final int STEPS = 10;

    @TempDir
    private Path folder;

    private Path kept;
    private TrainingResult result;

    private static TestModel model() {
        INDArray w = Nd4j.zeros(DataType.FLOAT, 2, 1);
        return new TestModel(List.of(TestModel.parameter("w", Kind.WEIGHT, w)), (in, seed) -> {
            INDArray x = in.get("x").castTo(DataType.FLOAT);
            INDArray error = x.mmul(w).subi(in.get("y").castTo(DataType.FLOAT));
            INDArray dw = x.transpose().mmul(error);
            return new LossAndGradients(error.mul(error).meanNumber().doubleValue(), TestModel.gradients("w", dw));
        });
    }

    private static Batches batches() {
        List<Batch> all = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            all.add(TestModel.rows(new double[] {i, 1 - i}, new double[] {0.5 * i, 2}));
        }
        return Batches.shuffled(all);
    }

    private static Trainer trainer(TestModel model, double rate, Checkpoints checkpoints) {
        return Trainer.builder(model)
                .plan(trainerPlan(rate))
                .checkpoints(checkpoints)
                .quiet()
                .build();
    }

    private static TrainingPlan trainerPlan(double rate) {
        return TrainingPlan.builder()
                .epochs(2)
                .optimizer(AdamW.of(rate))
                .seed(11)
                .build();
    }

    private static Checkpoints all(Path directory) {
        return Checkpoints.in(directory).withEverySteps(2).withKeep(100);
    }

    @BeforeEach
    void run() {
        kept = folder.resolve("kept");
        result = trainer(model(), 0.05, all(kept)).train(batches());
    }

    private List<String> problems() throws IOException {
        return CheckpointChain.read(kept).problems();
    }

    private Path file(int step) {
        return kept.resolve(String.format(Locale.ROOT, "checkpoint-%012d.safetensors", step));
    }

    @Test
    void chain_ofARun_isSound_andTheResultNamesItsLastOne() throws IOException {
        CheckpointChain chain = CheckpointChain.read(kept);

        assertThat(chain.problems()).isEmpty();
        assertThat(chain.links()).extracting(link -> link.record().step()).containsExactly(2L, 4L, 6L, 8L, (long)
                STEPS);
        assertThat(chain.links().get(0).record().before()).isEmpty();
        assertThat(chain.links().get(3).record().before())
                .contains(chain.links().get(2).record().hash());
        assertThat(result.checkpoint()).contains(chain.links().get(4).record());
    }

    @Test
    void sameRun_hasTheSameHashes_andAnotherOneHasNot() throws IOException {
        Path again = folder.resolve("again");
        Path other = folder.resolve("other");
        assertThat(trainer(model(), 0.05, all(again)).train(batches()).checkpoint())
                .isEqualTo(result.checkpoint());

        trainer(model(), 0.051, all(other)).train(batches());
        assertThat(CheckpointChain.read(other).links().get(0).record().hash())
                .isNotEqualTo(CheckpointChain.read(kept).links().get(0).record().hash());
    }

    @Test
    void checkpoint_exchangedForThatOfAnotherRun_isNamed() throws IOException {
        Path other = folder.resolve("other");
        trainer(model(), 0.051, all(other)).train(batches());
        Files.delete(file(6));
        Files.copy(other.resolve(file(6).getFileName()), file(6));

        assertThat(problems())
                .hasSize(2)
                .anySatisfy(problem -> assertThat(problem)
                        .startsWith("the checkpoint of step 6 names")
                        .contains("but that of step 4 has"));
    }

    @Test
    void checkpoint_whoseValuesWereChanged_isNamed_alsoIfItsOwnHashIsMadeToFit() throws IOException {
        CheckpointContent content = CheckpointFolder.read(file(6));
        content.put("parameter0.value", Nd4j.createFromArray(new float[][] {{0.25f}, {0.5f}}));
        try (CheckpointFolder written = CheckpointFolder.open(kept)) {
            written.write(6, content, 100);
        }
        assertThat(problems())
                .singleElement()
                .asString()
                .startsWith("the checkpoint checkpoint-000000000006.safetensors has the hash")
                .endsWith("it was changed");

        content.seal(6, content.before());
        try (CheckpointFolder written = CheckpointFolder.open(kept)) {
            written.write(6, content, 100);
        }
        assertThat(problems()).singleElement().asString().startsWith("the checkpoint of step 8 names");
    }

    @Test
    void checkpoint_removedFromTheMiddle_orRenamed_orCutShort_isNamed() throws IOException {
        byte[] six = Files.readAllBytes(file(6));
        Files.delete(file(6));
        assertThat(problems()).singleElement().asString().startsWith("the checkpoint of step 8 names");

        Files.write(file(7), six);
        assertThat(problems()).singleElement().asString().contains("is that of step 6: it was renamed");

        Files.delete(file(7));
        Files.write(file(6), Arrays.copyOf(six, six.length - 5));
        assertThat(problems())
                .anySatisfy(problem -> assertThat(problem)
                        .startsWith("the checkpoint checkpoint-000000000006.safetensors cannot be used"));
    }

    @Test
    void runUntilAStep_endsThere_andGoesOnToTheSameBits() throws IOException {
        Path pieces = folder.resolve("pieces");
        TestModel model = model();
        TrainingResult first = trainer(model, 0.05, all(pieces).withUntil(4)).train(batches());
        assertThat(first.stopReason()).isEqualTo(StopReason.INTERRUPTED);
        assertThat(first.steps()).isEqualTo(4);

        TrainingResult last = trainer(model(), 0.05, all(pieces)).resume(batches());

        assertThat(last.checkpoint()).isEqualTo(result.checkpoint());
        assertThat(last.losses()).isEqualTo(result.losses());
    }

    @Test
    void segment_trainedAgain_hasTheHashOfTheNextCheckpoint() throws IOException {
        CheckpointChain chain = CheckpointChain.read(kept);
        Path again = folder.resolve("again");
        CheckpointChain.copy(chain.links().get(1), again);

        trainer(model(), 0.05, all(again).withEverySteps(100).withUntil(6)).resume(batches());

        List<Link> links = CheckpointChain.read(again).links();
        assertThat(links.get(1).record()).isEqualTo(chain.links().get(2).record());
        assertThat(CheckpointChain.differences(chain.links().get(2), links.get(1)))
                .isEmpty();
        assertThat(CheckpointChain.differences(chain.links().get(2), links.get(0)))
                .containsKeys("w.value", "log.losses");
    }

    @Test
    void pieces_trainedAgainByOneCall_haveTheHashesOfTheirCheckpoints() throws IOException {
        List<Link> links = CheckpointChain.read(kept).links();
        Path again = folder.resolve("again");
        List<Long> steps = new ArrayList<>();
        // Steps 1 and 2, then 5 to 8 in two pieces that touch, then the end.
        Checkpoints pieces = all(again)
                .withEverySteps(100)
                .withUntil(2)
                .withPiece(file(4), OptionalLong.of(6))
                .withPiece(file(6), OptionalLong.of(8))
                .withPiece(file(8), OptionalLong.empty());

        TestModel model = model();
        TrainingResult last = Trainer.builder(model)
                .plan(trainerPlan(0.05))
                .checkpoints(pieces)
                .listener(new RunListener() {
                    @Override
                    public void onStep(StepReport report) {
                        steps.add(report.step());
                    }
                })
                .quiet()
                .build()
                .resume(batches());

        assertThat(steps).containsExactly(1L, 2L, 5L, 6L, 7L, 8L, 9L, 10L);
        assertThat(CheckpointChain.read(again).links())
                .extracting(link -> link.record().hash())
                .containsExactly(
                        links.get(0).record().hash(),
                        links.get(2).record().hash(),
                        links.get(3).record().hash(),
                        links.get(4).record().hash());
        assertThat(last.stopReason()).isEqualTo(StopReason.COMPLETED);
        assertThat(last.losses()).isEqualTo(result.losses());
        assertThat(Files.readAllBytes(file(6)))
                .as("what is taken up stays as it is")
                .isNotEmpty();
    }

    @Test
    void pieces_areEndedByAnInterrupt_andOneOfAnotherRunIsRefused() throws IOException {
        Checkpoints pieces = all(folder.resolve("again"))
                .withEverySteps(100)
                .withUntil(2)
                .withPiece(file(4), OptionalLong.of(8))
                .withPiece(file(8), OptionalLong.empty());
        TrainingResult cut = Trainer.builder(model())
                .plan(trainerPlan(0.05))
                .checkpoints(pieces)
                .listener(new RunListener() {
                    @Override
                    public void onStep(StepReport report) {
                        if (report.step() == 5) {
                            Thread.currentThread().interrupt();
                        }
                    }
                })
                .quiet()
                .build()
                .resume(batches());

        assertThat(cut.stopReason()).isEqualTo(StopReason.INTERRUPTED);
        assertThat(cut.steps()).isEqualTo(5);

        Checkpoints others = all(folder.resolve("other")).withUntil(2).withPiece(file(4), OptionalLong.empty());
        assertThatThrownBy(() -> trainer(model(), 0.06, others).resume(batches()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("The checkpoint was taken from another run");
        assertThatThrownBy(() -> all(kept).withPiece(file(4), OptionalLong.of(0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("until = 0, expected 1 or more");
    }

    @Test
    void checkpointWithoutARecord_asAnEarlierVersionWroteIt_isSaid() throws IOException {
        CheckpointContent content = new CheckpointContent();
        content.put("plan", "none");
        Path old = Files.createDirectory(folder.resolve("old"));
        try (CheckpointFolder written = CheckpointFolder.open(old)) {
            written.write(2, content, 1);
        }

        assertThat(CheckpointChain.read(old).problems())
                .singleElement()
                .asString()
                .contains("it has no record");
        assertThat(CheckpointChain.of(content)).isEqualTo(Optional.empty());
    }
}
