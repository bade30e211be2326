/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** How long calls take, in turns, so that whatever else the machine does meets all of them. */
public final class Latency {

    private static final double MILLIS = 1e6;

    private Latency() {}

    /**
     * Measures.
     *
     * @param calls the calls by name
     * @param rounds how often each is measured, after as many rounds to warm up
     * @return the median of each in milliseconds
     */
    public static Map<String, Double> medians(Map<String, Runnable> calls, int rounds) {
        Map<String, double[]> times = new LinkedHashMap<>();
        calls.keySet().forEach(name -> times.put(name, new double[rounds]));
        for (int round = 0; round < 2 * rounds; round++) {
            for (Map.Entry<String, Runnable> call : calls.entrySet()) {
                long start = System.nanoTime();
                call.getValue().run();
                times.get(call.getKey())[round % rounds] = (System.nanoTime() - start) / MILLIS;
            }
        }
        Map<String, Double> medians = new LinkedHashMap<>();
        times.forEach(
                (name, all) -> medians.put(name, Arrays.stream(all).sorted().toArray()[rounds / 2]));
        return medians;
    }
}
