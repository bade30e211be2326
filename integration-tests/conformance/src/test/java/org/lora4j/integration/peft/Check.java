/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

/**
 * One thing that was checked.
 *
 * @param name what
 * @param comparisons number of comparisons
 * @param maxError largest absolute difference among compared numbers; null if none were compared
 * @param problem the first thing that was wrong, or null
 */
record Check(String name, int comparisons, Double maxError, String problem) {

    boolean passed() {
        return problem == null;
    }

    Check with(Double error, String newProblem) {
        Double largest = error == null || (maxError != null && maxError >= error) ? maxError : error;
        return new Check(name, comparisons + 1, largest, problem == null ? newProblem : problem);
    }
}
