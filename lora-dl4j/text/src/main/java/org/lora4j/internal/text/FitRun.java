/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.Optional;
import org.lora4j.train.Batches;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingResult;

/**
 * Whether the steps of a fit are written down, and whether they go on from what was. All before the steps, the head among it, follows from
 * examples, settings and seed alone, and is computed again.
 *
 * @param checkpoints where and how often; empty for not at all
 * @param resume whether the run of the latest checkpoint goes on
 * @apiNote Status: internal
 */
public record FitRun(Optional<Checkpoints> checkpoints, boolean resume) {

    /** The same, going on or not. */
    public FitRun resuming(boolean goesOn) {
        return new FitRun(checkpoints, goesOn);
    }

    TrainingResult of(Trainer.Builder trainer, Batches batches) {
        checkpoints.ifPresent(trainer::checkpoints);
        return resume ? trainer.build().resume(batches) : trainer.build().train(batches);
    }
}
