/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.tribuo;

import java.util.List;

/**
 * What a way of solving a task gave.
 *
 * @param task the task
 * @param method the way
 * @param measure what was measured on the test part
 * @param draws the measure for each draw of training data
 * @param learned number of values that learned
 */
record Figure(String task, String method, String measure, List<Double> draws, long learned) {

    double mean() {
        return draws.stream().mapToDouble(value -> value).average().orElseThrow();
    }
}
