/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.List;
import java.util.Optional;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.RunListener;

/**
 * What a learner works with.
 *
 * @param settings what was asked for
 * @param base the model that it starts from
 * @param listeners are told how training goes
 * @param checkpoints where a run is written down; empty for nowhere
 * @param terminal where to say what matters beside the result
 */
record LearnerWork(
        CliSettings settings,
        Bases.Base base,
        List<RunListener> listeners,
        Optional<Checkpoints> checkpoints,
        Terminal terminal) {

    /** The same with other settings, such as those that a model was trained with. */
    LearnerWork with(CliSettings others) {
        return new LearnerWork(others, base, listeners, checkpoints, terminal);
    }
}
