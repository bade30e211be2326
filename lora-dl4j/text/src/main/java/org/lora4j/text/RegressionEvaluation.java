/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.Locale;
import org.lora4j.error.Arguments;

/**
 * How near numbers come to the true ones.
 *
 * @param examples number of examples
 * @param meanAbsoluteError mean of {@code |prediction - truth|}
 * @param rootMeanSquaredError root of the mean of {@code (prediction - truth)^2}
 * @param r2 {@code 1 - sum of (prediction - truth)^2 / sum of (truth - mean)^2}; 0 if the truth does not vary
 * @param spearman correlation of the ranks; 0 if one of both does not vary
 * @apiNote Status: stable
 */
public record RegressionEvaluation(
        long examples, double meanAbsoluteError, double rootMeanSquaredError, double r2, double spearman) {

    /**
     * Compares predictions with what is true.
     *
     * @param truth the true numbers
     * @param predicted as many predictions
     * @return the numbers
     * @throws IllegalArgumentException if there is none, or not as many of both
     */
    public static RegressionEvaluation of(double[] truth, double[] predicted) {
        Arguments.required(truth, "RegressionEvaluation.of: truth", "numbers");
        Arguments.required(predicted, "RegressionEvaluation.of: predicted", "numbers");
        if (truth.length == 0 || truth.length != predicted.length) {
            throw new IllegalArgumentException("RegressionEvaluation: " + truth.length + " numbers and "
                    + predicted.length + " predictions; expected as many of both, 1 or more.");
        }
        double mean = 0;
        for (double value : truth) {
            mean += value / truth.length;
        }
        double absolute = 0;
        double squared = 0;
        double deviations = 0;
        for (int i = 0; i < truth.length; i++) {
            double error = predicted[i] - truth[i];
            absolute += Math.abs(error);
            squared += error * error;
            deviations += (truth[i] - mean) * (truth[i] - mean);
        }
        return new RegressionEvaluation(
                truth.length,
                absolute / truth.length,
                Math.sqrt(squared / truth.length),
                deviations == 0 ? 0 : 1 - squared / deviations,
                truth.length < 2 ? 0 : Correlation.spearman(truth, predicted));
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "RegressionEvaluation[%d examples, MAE %.4f, RMSE %.4f, R2 %.4f, Spearman %.4f]",
                examples,
                meanAbsoluteError,
                rootMeanSquaredError,
                r2,
                spearman);
    }
}
