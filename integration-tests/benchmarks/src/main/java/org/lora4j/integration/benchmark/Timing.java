/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.List;

/**
 * How long something took.
 *
 * @param best seconds of the fastest
 * @param median seconds of the one in the middle, of the lower two for an even number
 * @param measurements how many there were
 */
record Timing(double best, double median, int measurements) {

    static Timing of(List<Double> seconds) {
        List<Double> sorted = seconds.stream().sorted().toList();
        return new Timing(sorted.get(0), sorted.get((sorted.size() - 1) / 2), sorted.size());
    }
}
