/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

/**
 * Stands around every step of the plans of this process, to measure it ({@link Plan#watch}).
 *
 * <p><b>Threads.</b> Called by all threads that run plans, at the same time.
 *
 * @apiNote Status: internal
 */
@FunctionalInterface
public interface StepWatch {

    /**
     * Runs a step.
     *
     * @param step what it does; the same object each time that the same plan comes to it
     * @param work does it; to be run once
     */
    void around(PlanStep step, Runnable work);
}
