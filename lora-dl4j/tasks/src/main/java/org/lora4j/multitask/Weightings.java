/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.Problems;
import org.nd4j.linalg.api.buffer.DataType;

/** The kinds of {@link LossWeighting}. */
final class Weightings {

    private Weightings() {}

    /** All alike. */
    static final class Uniform extends LossWeighting {

        @Override
        void check(List<String> tasks, Problems problems) {
            // Fits every task.
        }

        @Override
        Weigher start(List<String> tasks, DataType type) {
            return new Weigher.Fixed(tasks.stream().mapToDouble(task -> 1).toArray());
        }

        @Override
        public String toString() {
            return "uniform";
        }
    }

    /** By name. */
    static final class Given extends LossWeighting {

        private final Map<String, Double> weights;

        Given(Map<String, Double> weights) {
            this.weights = new LinkedHashMap<>(
                    Objects.requireNonNull(weights, "LossWeighting: weights = null; expected numbers by task"));
            Problems problems = new Problems();
            this.weights.forEach((task, weight) -> problems.check(
                    weight != null && Double.isFinite(weight) && weight > 0,
                    "weight of \"" + task + "\" = " + weight + ", expected a finite number above 0"));
            problems.throwIfAny("LossWeighting");
        }

        @Override
        void check(List<String> tasks, Problems problems) {
            weights.keySet().stream()
                    .filter(task -> !tasks.contains(task))
                    .forEach(task -> problems.add("a weight is given for \"" + task + "\", which is no task"
                            + ClosestNames.hint(String.valueOf(task), tasks)));
            List<String> missing =
                    tasks.stream().filter(task -> !weights.containsKey(task)).toList();
            problems.check(
                    missing.isEmpty(),
                    "no weight is given for " + Problems.quoted(missing) + "; expected one for each");
        }

        @Override
        Weigher start(List<String> tasks, DataType type) {
            return new Weigher.Fixed(tasks.stream().mapToDouble(weights::get).toArray());
        }

        @Override
        public String toString() {
            return "given " + weights;
        }
    }

    /** Learned. */
    static final class Uncertainty extends LossWeighting {

        @Override
        void check(List<String> tasks, Problems problems) {
            // Fits every task.
        }

        @Override
        Weigher start(List<String> tasks, DataType type) {
            return new Weigher.Learned(tasks, type);
        }

        @Override
        public String toString() {
            return "uncertainty";
        }
    }

    /** By how fast losses fall. */
    static final class DynamicAverage extends LossWeighting {

        private final double temperature;

        DynamicAverage(double temperature) {
            this.temperature = temperature;
            Problems problems = new Problems();
            problems.finiteAboveZero("temperature", temperature);
            problems.throwIfAny("LossWeighting");
        }

        @Override
        void check(List<String> tasks, Problems problems) {
            // Fits every task.
        }

        @Override
        Weigher start(List<String> tasks, DataType type) {
            return new Weigher.Falling(tasks.size(), temperature);
        }

        @Override
        public String toString() {
            return "dynamic average, temperature " + temperature;
        }
    }
}
