/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.train.Batches;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.RunListener;
import org.lora4j.train.StepReport;
import org.lora4j.train.StopReason;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;

/** A directory of checkpoints is one of PEFT's, too. */
class CheckpointAdapterTest {

    @TempDir
    Path folder;

    private static final List<LabeledText> TRAIN = TinyEncoder.reviews(24, 1);

    private Trainer.Builder trainer(TextClassifier classifier) {
        return Trainer.builder(classifier.model())
                .plan(TrainingPlan.builder().steps(20).build())
                .checkpoints(Checkpoints.in(folder).withEverySteps(4))
                .quiet();
    }

    @Test
    void checkpoints_openAsAdapters_whileTheRunGoesOn_andAtItsEnd() throws IOException {
        TextEncoder encoder = TinyEncoder.create();
        TextClassifier classifier =
                TextClassifier.builder(encoder).epochs(1).quiet().build().fit(TRAIN, TinyEncoder.reviews(10, 2));
        Batches batches = Batches.inOrder(classifier.batches(TRAIN));

        StopReason first = trainer(classifier)
                .listener(new RunListener() {
                    @Override
                    public void onStep(StepReport report) {
                        if (report.step() == 9) {
                            assertThat(folder.resolve("adapter_config.json")).exists();
                            Thread.currentThread().interrupt();
                        }
                    }
                })
                .build()
                .train(batches)
                .stopReason();
        assertThat(first).isEqualTo(StopReason.INTERRUPTED);
        requireSame(Adapter.load(folder), classifier.adapter());

        assertThat(trainer(classifier).build().resume(batches).stopReason()).isEqualTo(StopReason.COMPLETED);
        requireSame(Adapter.load(folder), classifier.adapter());
        encoder.close();
    }

    private static void requireSame(Adapter saved, Adapter live) {
        assertThat(saved.modules().keySet()).isEqualTo(live.modules().keySet()).isNotEmpty();
        assertThat(saved.savedParameters()).isEqualTo(live.savedParameters()).isNotEmpty();
        assertThat(saved.savedParameters()).containsKey("classifier.weight");
    }
}
