/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * A sign of over- or underfitting, or of divergence, that showed in a run: told to listeners when it first shows, and kept in the result. Each kind is
 * told once in a run.
 *
 * @param kind what showed
 * @param epoch the epoch in which it showed, from 1
 * @param finding what was measured, a sentence
 * @param suggestion what to try, a sentence
 * @param evidence the measured numbers by name
 * @apiNote Status: stable
 */
public record FittingSign(Kind kind, int epoch, String finding, String suggestion, Map<String, Double> evidence) {

    /**
     * What a sign is about. The limits were set on runs that are not among the library's published figures; see the guide.
     *
     * @apiNote Status: stable
     */
    public enum Kind {
        /**
         * In each of the last two epochs the metric was worse than at its best by a twentieth of its error or more, and since then the
         * training loss has fallen by a tenth. The error of a metric from 0 to 1 that should be high is what it lacks to 1, and
         * it must have grown by 0.01. Source: generalization loss and training progress of Prechelt 1998, Early stopping - but
         * when?, section 2.
         */
        VALIDATION_WORSENS("overfitting"),

        /**
         * The metric of {@link Trainer.Builder#trainingMetric} is better than the one on held-out examples by 0.1, or by a tenth where
         * it is no number from 0 to 1; that gap is larger than after the first epoch, and the validation has not been better for two epochs.
         */
        GAP("overfitting"),

        /**
         * The norm of all factors together is half as large again as at the best validation, two or more epochs ago; or it is
         * ten times that of the start. Not told of methods that pull factors towards a norm themselves, such as AdaLoRA.
         */
        NORM_GROWTH("overfitting"),

        /**
         * In the middle or at the end of a run of ten steps or more, the distance of the factors from their start is less than a hundredth of their
         * norm there, estimated from at most a thousand values of each.
         */
        FACTORS_HARDLY_MOVED("underfitting"),

        /**
         * In the middle or at the end of a run of ten steps or more, the mean loss of the last tenth of the steps is lower than
         * that of the first tenth by less than a twentieth, though the factors have moved.
         */
        LOSS_HARDLY_FALLS("underfitting"),

        /**
         * The mean training loss of an epoch is above that of the first step by a twentieth, and by more than twice the standard
         * deviation of its batches; or it has risen above the loss of a model that finds all answers equally likely. Looked for from the third step on, unless the plan says {@link Divergence#never}. If it is so in
         * the last epoch, the run ends with {@link StopReason#DIVERGED}.
         */
        DIVERGENCE("divergence");

        private final String of;

        Kind(String of) {
            this.of = of;
        }

        /**
         * Whether it is a sign of overfitting.
         *
         * @return false if it is one of underfitting or divergence
         */
        public boolean isOverfitting() {
            return of.equals("overfitting");
        }
    }

    /**
     * Keeps the order of the evidence.
     *
     * @param kind what showed
     * @param epoch the epoch in which it showed, from 1
     * @param finding what was measured
     * @param suggestion what to try
     * @param evidence the measured numbers by name
     */
    public FittingSign {
        Objects.requireNonNull(kind, "FittingSign: kind is null");
        Objects.requireNonNull(finding, "FittingSign: finding is null");
        Objects.requireNonNull(suggestion, "FittingSign: suggestion is null");
        evidence = Collections.unmodifiableMap(new LinkedHashMap<>(evidence));
    }

    /** A line: over- or underfitting or divergence, what was measured, what to try. */
    @Override
    public String toString() {
        return "sign of " + kind.of + ": " + finding + " " + suggestion;
    }

    static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
