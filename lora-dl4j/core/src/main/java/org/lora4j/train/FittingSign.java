/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * A sign of over- or underfitting that showed in a run: told to listeners when it first shows, and kept in the result. Each kind is
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
        VALIDATION_WORSENS(true),

        /**
         * The metric of {@link Trainer.Builder#trainingMetric} is better than the one on held-out examples by 0.1, or by a tenth where
         * it is no number from 0 to 1; that gap is larger than after the first epoch, and the validation has not been better for two epochs.
         */
        GAP(true),

        /**
         * The norm of all factors together is half as large again as at the best validation, two or more epochs ago; or it is
         * ten times that of the start.
         */
        NORM_GROWTH(true),

        /**
         * In the middle or at the end of a run of ten steps or more, the distance of the factors from their start is less than a hundredth of their
         * norm there, estimated from at most a thousand values of each.
         */
        FACTORS_HARDLY_MOVED(false),

        /**
         * In the middle or at the end of a run of ten steps or more, the mean loss of the last tenth of the steps is lower than
         * that of the first tenth by less than a twentieth, though the factors have moved.
         */
        LOSS_HARDLY_FALLS(false);

        private final boolean over;

        Kind(boolean over) {
            this.over = over;
        }

        /**
         * Whether it is a sign of overfitting.
         *
         * @return false if it is one of underfitting
         */
        public boolean isOverfitting() {
            return over;
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

    /** A line: over- or underfitting, what was measured, what to try. */
    @Override
    public String toString() {
        return (kind.isOverfitting() ? "sign of overfitting: " : "sign of underfitting: ") + finding + " " + suggestion;
    }

    static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
