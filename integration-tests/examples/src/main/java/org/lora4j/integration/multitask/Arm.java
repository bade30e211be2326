/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.multitask;

import java.util.Map;

/**
 * One way to learn all tasks, measured.
 *
 * @param name what it is called
 * @param accuracies accuracy by task on its test texts
 * @param parameters number of numbers that learn, heads left out
 * @param heads number of numbers in the heads
 * @param trainingSeconds duration of all steps
 * @param steps number of steps
 */
record Arm(
        String name, Map<String, Double> accuracies, long parameters, long heads, double trainingSeconds, long steps) {

    double average() {
        return accuracies.values().stream()
                .mapToDouble(Double::doubleValue)
                .average()
                .orElseThrow();
    }
}
