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
    /** The training thread was interrupted; the step in progress was completed. */
    INTERRUPTED
}
