/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.advisor;

/**
 * A training by the whole plan.
 *
 * @param task name of the task
 * @param seed of its draw
 * @param rate the learning rate
 * @param rank the rank
 * @param steps how many
 * @param validation accuracy on the part for choosing; 0 if the training failed
 * @param test accuracy on the part held out; 0 if the training failed
 * @param seconds how long it took, tests included
 */
record ProofTrial(
        String task, long seed, double rate, int rank, long steps, double validation, double test, double seconds) {

    boolean is(String otherTask, long otherSeed, double otherRate, int otherRank) {
        return task.equals(otherTask) && seed == otherSeed && rate == otherRate && rank == otherRank;
    }
}
