/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.dl4j;

import java.util.List;
import java.util.OptionalDouble;

/**
 * A ratio of two contenders that the project promises.
 *
 * @param model what runs
 * @param label its name in the report
 * @param over numerator
 * @param under denominator
 * @param bound which side of the target is good
 * @param target the promise
 */
record Figure(Model model, String label, Contender over, Contender under, Bound bound, double target) {

    /** Which side of the target is good. */
    enum Bound {
        AT_LEAST(">="),
        AT_MOST("<=");

        private final String sign;

        Bound(String sign) {
            this.sign = sign;
        }
    }

    static final String NOT_REACHED = "not reached";
    static final String NOT_MEASURED = "not measured";

    static final List<Figure> ALL = List.of(
            faster(Model.MLP_256, Contender.LORA_STEP, 1.8),
            faster(Model.MLP_256, Contender.LOW_MEMORY_STEP, 2.0),
            faster(Model.MLP_32, Contender.LORA_STEP, 1.8),
            faster(Model.MLP_32, Contender.LOW_MEMORY_STEP, 2.4),
            atMost(Model.CONVOLUTION, "LoRA step / stock step", Contender.LORA_STEP, Contender.STOCK_STEP, 0.8),
            atMost(Model.LSTM, "LoRA step / stock step", Contender.LORA_STEP, Contender.STOCK_STEP, 0.9),
            active(Model.MLP_256),
            merged(Model.MLP_256),
            active(Model.MLP_32),
            merged(Model.MLP_32),
            active(Model.CONVOLUTION),
            merged(Model.CONVOLUTION),
            active(Model.LSTM),
            merged(Model.LSTM));

    private static Figure faster(Model model, Contender step, double target) {
        String mode = step == Contender.LORA_STEP ? "in view" : "low memory";
        return new Figure(
                model, "stock Adam step / LoRA step, " + mode, Contender.STOCK_STEP, step, Bound.AT_LEAST, target);
    }

    private static Figure atMost(Model model, String label, Contender over, Contender under, double target) {
        return new Figure(model, label, over, under, Bound.AT_MOST, target);
    }

    private static Figure active(Model model) {
        return atMost(model, "output, active adapter / base", Contender.ACTIVE_OUTPUT, Contender.STOCK_OUTPUT, 1.1);
    }

    private static Figure merged(Model model) {
        return atMost(model, "output, merged adapter / base", Contender.MERGED_OUTPUT, Contender.STOCK_OUTPUT, 1.02);
    }

    /** The ratio; empty if one of the two took no part. */
    OptionalDouble value(Run run) {
        return run.ratio(model, over, under);
    }

    /** {@code reached}, {@code not reached} or {@link #NOT_MEASURED}. */
    String verdict(Run run) {
        OptionalDouble value = value(run);
        return value.isEmpty() ? NOT_MEASURED : verdict(value.getAsDouble(), bound, target);
    }

    static String verdict(double value, Bound bound, double target) {
        boolean reached = bound == Bound.AT_LEAST ? value >= target : value <= target;
        return reached ? "reached" : NOT_REACHED;
    }

    /** The target with its sign. */
    String promise() {
        return bound.sign + " " + target;
    }
}
