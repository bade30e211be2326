/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

/**
 * How a run ended.
 *
 * @apiNote Status: stable
 */
public enum StopReason {
    /** All epochs or steps of the plan are done. */
    COMPLETED,
    /** The evaluation no longer got better. */
    EARLY_STOPPED,
    /**
     * All was done, or the evaluation no longer got better, and the training loss of the last epoch was above that of the start, or of
     * guessing: steps were too large. See {@link FittingSign.Kind#DIVERGENCE}.
     */
    DIVERGED,
    /** The training thread was interrupted; the step in progress was completed. */
    INTERRUPTED
}
