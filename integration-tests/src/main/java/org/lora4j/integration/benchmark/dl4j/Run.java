/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.dl4j;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;

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
        return sorted(model, contender).skip((count(model, contender) - 1) / 2).findFirst();
    }

    OptionalDouble best(Model model, Contender contender) {
        return sorted(model, contender).findFirst();
    }

    private DoubleStream sorted(Model model, Contender contender) {
        return turns(model, contender).stream().mapToDouble(Double::doubleValue).sorted();
    }

    private long count(Model model, Contender contender) {
        return Math.max(1, turns(model, contender).size());
    }

    private List<Double> turns(Model model, Contender contender) {
        return seconds.getOrDefault(model, Map.of()).getOrDefault(contender, List.of());
    }
}
