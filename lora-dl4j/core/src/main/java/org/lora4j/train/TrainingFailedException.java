/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.List;
import java.util.Optional;

/**
 * A run that cannot go on. The parameters are as they were before the step that failed.
 *
 * @apiNote Status: experimental
 */
public class TrainingFailedException extends IllegalStateException {

    private static final long serialVersionUID = 1L;

    /** What went wrong. */
    public enum Reason {
        /** The loss, or the value of a penalty, was NaN or infinite. */
        LOSS_NOT_FINITE,
        /** An input or a label held NaN though the loss was finite. */
        INPUT_NOT_FINITE,
        /** A gradient, of the loss or of a penalty, held NaN or an infinite value though the loss was finite. */
        GRADIENT_NOT_FINITE,
        /** The loss stayed far above that of the start, or gradients became 0 while it rose: {@link Divergence}. */
        LOSS_DIVERGED,
        /** The norm of the gradient stayed far above that of the first steps: {@link Divergence}. */
        GRADIENT_EXPLODED,
        /** Memory ran out, outside the Java heap or in it. */
        OUT_OF_MEMORY,
        /**
         * Low-rank factors got a gradient of exactly 0 in each of the first three steps, or all parameters in three steps in a
         * row.
         */
        NO_GRADIENT,
        /** The evaluation returned NaN. */
        METRIC_NOT_A_NUMBER
    }

    private final Reason reason;
    private final long step;
    private final int epoch;
    private final double loss;
    private final double learningRate;
    private final transient List<String> parameters;
    private final transient ParameterSnapshot best;

    TrainingFailedException(
            String message,
            Reason reason,
            long step,
            int epoch,
            double loss,
            double learningRate,
            List<String> parameters,
            Optional<ParameterSnapshot> best) {
        super(message);
        this.reason = reason;
        this.step = step;
        this.epoch = epoch;
        this.loss = loss;
        this.learningRate = learningRate;
        this.parameters = List.copyOf(parameters);
        this.best = best.orElse(null);
    }

    /**
     * What went wrong.
     *
     * @return the reason
     */
    public Reason reason() {
        return reason;
    }

    /**
     * The step that was not applied.
     *
     * @return its number in the run, from 1
     */
    public long step() {
        return step;
    }

    /**
     * The epoch of that step.
     *
     * @return its number, from 1
     */
    public int epoch() {
        return epoch;
    }

    /**
     * The loss of that step.
     *
     * @return the loss, perhaps not finite; NaN if memory ran out before it was known
     */
    public double loss() {
        return loss;
    }

    /**
     * The learning rate of that step.
     *
     * @return the rate after the schedule
     */
    public double learningRate() {
        return learningRate;
    }

    /**
     * The parameters concerned: with a gradient that is not finite, or without any.
     *
     * @return their names; empty after deserialization
     */
    public List<String> parameters() {
        return parameters == null ? List.of() : parameters;
    }

    /**
     * The parameters of the best evaluation so far, if the plan keeps them.
     *
     * @return a snapshot that belongs to the caller; empty after deserialization
     */
    public Optional<ParameterSnapshot> best() {
        return Optional.ofNullable(best);
    }
}
