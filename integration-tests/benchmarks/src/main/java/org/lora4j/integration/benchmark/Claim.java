/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * A promise on the ratio of two contenders.
 *
 * @param name its name
 * @param over key of the numerator
 * @param under keys of the denominator, of which the fastest one counts
 * @param target the largest ratio that keeps it
 * @param threads the only number of threads that it is made for; 0 for any
 */
record Claim(String name, String over, List<String> under, double target, int threads) {

    Claim(String name, String over, List<String> under, double target) {
        this(name, over, under, target, 0);
    }

    boolean isMadeFor(int count) {
        return threads == 0 || threads == count;
    }

    static Claim atMost(String name, String over, String under, double target) {
        return new Claim(name, over, List.of(under), target);
    }

    /** What became of it, with some words added to its name. */
    Promise judge(Measurements measured, TimedBy clock, String where) {
        Optional<String> lower = fastest(under, measured, clock);
        if (!measured.has(over) || lower.isEmpty()) {
            String missing = measured.has(over) ? under.get(0) : over;
            return new Promise(
                    name + where, OptionalDouble.empty(), Promise.Side.AT_MOST, target, measured.whyMissing(missing));
        }
        return new Promise(
                name + where,
                OptionalDouble.of(measured.ratio(over, lower.get(), clock)),
                Promise.Side.AT_MOST,
                target,
                under.size() > 1 ? "fastest: " + measured.label(lower.get()) : "");
    }

    private static Optional<String> fastest(List<String> keys, Measurements measured, TimedBy clock) {
        return keys.stream().filter(measured::has).min(Comparator.comparingDouble(key -> measured.median(key, clock)));
    }
}
