/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.RunListener;
import org.lora4j.train.StepReport;
import org.lora4j.train.StopReason;

/** Text tasks that were stopped and go on from what was written down. */
class ResumedTaskTest {

    private static final String WEIGHTS = "adapter_model.safetensors";

    @TempDir
    Path folder;

    /** Stops the run after a step, as Ctrl-C does. */
    private record StopAfter(long step) implements RunListener {
        @Override
        public void onStep(StepReport report) {
            if (report.step() == step) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static List<LabeledText> labeled() {
        List<LabeledText> examples = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            examples.add(new LabeledText("a very good film " + "in ".repeat(i % 3 + 1), List.of("good")));
            examples.add(new LabeledText("a bad film " + "the ".repeat(i % 4 + 1), List.of("bad")));
        }
        return examples;
    }

    private TextClassifier.Builder classifier(String run) {
        return TextClassifier.builder(TinyEncoder.create())
                .epochs(3)
                .batchSize(4)
                .validationFraction(0)
                .quiet()
                .checkpoints(Checkpoints.in(folder.resolve(run)).withEverySteps(1));
    }

    @Test
    void aClassifier_endsWithTheBytesOfARunThatWasNotStopped() throws IOException {
        try (TextClassifier whole = classifier("whole").build().fit(labeled())) {
            whole.save(folder.resolve("a"));
        }
        try (TextClassifier stopped =
                classifier("stopped").listener(new StopAfter(7)).build().fit(labeled())) {
            assertThat(stopped.report().stopReason()).contains(StopReason.INTERRUPTED);
        }
        try (TextClassifier resumed = classifier("stopped").build().resume(labeled())) {
            assertThat(resumed.report().stopReason()).contains(StopReason.COMPLETED);
            resumed.save(folder.resolve("b"));
        }
        assertThat(Files.readAllBytes(folder.resolve("b").resolve(WEIGHTS)))
                .isEqualTo(Files.readAllBytes(folder.resolve("a").resolve(WEIGHTS)));
    }

    private SentenceEncoder.Builder search(String run) {
        return SentenceEncoder.builder(TinyEncoder.create())
                .epochs(3)
                .batchSize(4)
                .validationFraction(0)
                .quiet()
                .checkpoints(Checkpoints.in(folder.resolve(run)).withEverySteps(1));
    }

    @Test
    void aSentenceEncoder_endsWithTheBytesOfARunThatWasNotStopped() throws IOException {
        List<SentenceExample> pairs = new ArrayList<>();
        for (String word : List.of("card", "rate", "film", "york", "paris", "high", "low", "good")) {
            pairs.add(SentenceExample.pair("where is my " + word, "the " + word));
        }
        try (SentenceEncoder whole = search("whole").build().fit(pairs)) {
            whole.save(folder.resolve("a"));
        }
        try (SentenceEncoder stopped =
                search("stopped").listener(new StopAfter(3)).build().fit(pairs)) {
            assertThat(stopped.report().stopReason()).contains(StopReason.INTERRUPTED);
        }
        try (SentenceEncoder resumed = search("stopped").build().resume(pairs)) {
            resumed.save(folder.resolve("b"));
        }
        assertThat(Files.readAllBytes(folder.resolve("b").resolve(WEIGHTS)))
                .isEqualTo(Files.readAllBytes(folder.resolve("a").resolve(WEIGHTS)));
    }

    @Test
    void withoutCheckpoints_resumeIsRefused() {
        try (TextClassifier task = TextClassifier.builder(TinyEncoder.create()).build()) {
            assertThatThrownBy(() -> task.resume(labeled()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("checkpoints(Checkpoints.in(directory))");
        }
    }
}
