/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.advisor;

/**
 * What was suggested for a draw of a task, before anything of it was tested.
 *
 * @param task name of the task
 * @param seed of its draw
 * @param rate the learning rate
 * @param rank the rank
 * @param rateSteps steps of range test and confirmations
 * @param rankSteps steps of the ranking
 * @param words what the advisors said
 */
record ProofSuggestion(String task, long seed, double rate, int rank, long rateSteps, long rankSteps, String words) {}
