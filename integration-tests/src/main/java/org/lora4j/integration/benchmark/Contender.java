/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.List;
import java.util.function.Supplier;

/**
 * One thing to time.
 *
 * @param key its name in the JSON file
 * @param label its name in the table
 * @param turn does it a few times and returns the seconds of each
 */
record Contender(String key, String label, Supplier<List<Double>> turn) {

    /** Something that does not tell its own time. */
    static Contender timed(String key, String label, int repetitions, Runnable work) {
        return new Contender(key, label, () -> {
            Double[] seconds = new Double[repetitions];
            for (int i = 0; i < repetitions; i++) {
                long from = System.nanoTime();
                work.run();
                seconds[i] = (System.nanoTime() - from) / 1e9;
            }
            return List.of(seconds);
        });
    }
}
