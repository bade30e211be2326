/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.dl4j;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * What a process with one build of the native library measured.
 *
 * @param machine what the times depend on, by name
 * @param seconds of each turn, by model and contender
 * @param profiles shares of the time of a step, by model, contender and kind of work
 */
record Run(
        Map<String, String> machine,
        Map<Model, Map<Contender, List<Double>>> seconds,
        Map<Model, Map<Contender, Map<String, Double>>> profiles) {

    /** The median over all turns; empty if the contender took no part. */
    OptionalDouble median(Model model, Contender contender) {
        return median(turns(model, contender));
    }

    OptionalDouble best(Model model, Contender contender) {
        return turns(model, contender).stream().mapToDouble(Double::doubleValue).min();
    }

    /**
     * The median of the ratios of two contenders in the same turn, in which they met the same mood of the machine; empty if
     * one of them took no part.
     */
    OptionalDouble ratio(Model model, Contender over, Contender under) {
        List<Double> top = turns(model, over);
        List<Double> bottom = turns(model, under);
        return median(IntStream.range(0, Math.min(top.size(), bottom.size()))
                .mapToObj(turn -> top.get(turn) / bottom.get(turn))
                .toList());
    }

    private static OptionalDouble median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int count = sorted.size();
        return count == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of((sorted.get((count - 1) / 2) + sorted.get(count / 2)) / 2);
    }

    private List<Double> turns(Model model, Contender contender) {
        return seconds.getOrDefault(model, Map.of()).getOrDefault(contender, List.of());
    }
}
