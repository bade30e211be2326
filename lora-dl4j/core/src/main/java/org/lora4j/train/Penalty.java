/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.List;
import org.lora4j.exec.LossAndGradients;

/**
 * A term of the loss that depends on the parameters alone, in closed form: no graph computes it. A value, used for one run
 * or many; what it keeps (older parameters, importances) never changes.
 *
 * <p>Ready ones are in {@code org.lora4j.continual}.
 *
 * <p><b>Identity.</b> A plan and its penalties are part of what a checkpoint belongs to: {@link Object#toString} has to tell
 * everything by which two penalties differ, large arrays by a checksum, and nothing that differs between processes.
 *
 * <p><b>Threads.</b> Called by the thread of the run.
 *
 * @apiNote Status: stable
 */
public interface Penalty {

    /**
     * What keeps this penalty from being used for a run, asked before the first step.
     *
     * @param parameters the parameters that learn
     * @return one text for each problem, worded as {@link org.lora4j.error.Problems} wants them; empty if it fits
     */
    List<String> misfits(List<TrainableParameter> parameters);

    /**
     * Value and gradients at the current values of the parameters, which must not be changed. Added to the mean loss of a
     * step and its gradients, before these are clipped.
     *
     * @param parameters the parameters that learn, as {@link #misfits} saw them
     * @return the value, and the gradients by name for those parameters that the penalty depends on, of their shape and type;
     *     new arrays, which then belong to the training loop
     */
    LossAndGradients at(List<TrainableParameter> parameters);
}
