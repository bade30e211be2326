/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.methods;

/**
 * What one training gave.
 *
 * @param problem what was learned
 * @param method how
 * @param rate the learning rate of the adapter
 * @param seed of the draw and the training
 * @param validation share of the validation texts told right
 * @param test share of the test texts told right; not a number if another rate was better in validation already
 * @param parameters numbers that were trained in the adapter, without the head
 * @param processorMilliseconds processor time of a step: of all threads, and the mean of the training
 * @param bytes size of the saved adapter's folder, with the head
 * @param neighbors share of the ten nearest texts, of texts from elsewhere, that are still the base's; as {@code test}
 */
record Trial(
        String problem,
        String method,
        double rate,
        long seed,
        double validation,
        double test,
        long parameters,
        double processorMilliseconds,
        long bytes,
        double neighbors) {

    boolean isTested() {
        return !Double.isNaN(test);
    }

    boolean is(String otherProblem, String otherMethod, double otherRate, long otherSeed) {
        return problem.equals(otherProblem) && method.equals(otherMethod) && rate == otherRate && seed == otherSeed;
    }
}
