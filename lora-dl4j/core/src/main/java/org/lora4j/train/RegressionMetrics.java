/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.IntStream;
import org.lora4j.error.MessageText;
import org.lora4j.exec.GraphExecutor;

/**
 * How well a model tells numbers, from one pass over batches:
 *
 * <pre>{@code
 * RegressionMetrics found = RegressionMetrics.of(model.outputExecutor(), heldOut, "predictions", "targets");
 * log.info("mean squared error {}, R2 {}", found.meanSquaredError(), found.r2());
 * }</pre>
 *
 * <p><b>State.</b> A value.
 *
 * @apiNote Status: experimental
 */
public final class RegressionMetrics {

    private static final String NAME = "regression metrics";

    private final Column[] columns;

    /** What is counted of one number for each example; targets are centered on their running mean (Welford 1962). */
    private static final class Column {
        private long count;
        private double squares;
        private double absolute;
        private double mean;
        private double variation;

        void add(double found, double expected) {
            count++;
            squares += (found - expected) * (found - expected);
            absolute += Math.abs(found - expected);
            double before = expected - mean;
            mean += before / count;
            variation += before * (expected - mean);
        }
    }

    private RegressionMetrics(Column[] columns) {
        this.columns = columns;
    }

    /**
     * Runs a model over batches.
     *
     * @param executor computes the predictions, for instance {@code model.outputExecutor()}
     * @param batches the data; one pass of them is taken
     * @param predictions name of the variable with the predictions, {@code [examples]} or {@code [examples, numbers]}
     * @param targets name of the placeholder with the right ones, of as many values
     * @return what was found
     * @throws IllegalArgumentException if there is no batch, shapes do not belong together, or a value is not finite; the
     *     message names the batch
     */
    public static RegressionMetrics of(GraphExecutor executor, Batches batches, String predictions, String targets) {
        Column[][] all = new Column[1][];
        EvaluationPass.run(NAME, executor, batches, predictions, targets, (where, found, expected) -> {
            boolean fits = found.rank() > 0
                    && expected.rank() > 0
                    && found.rank() < 3
                    && found.length() == expected.length()
                    && found.size(0) == expected.size(0);
            if (!fits) {
                throw new IllegalArgumentException(where + MessageText.name(predictions) + " has the shape "
                        + Arrays.toString(found.shape()) + ", and " + MessageText.name(targets) + " "
                        + Arrays.toString(expected.shape())
                        + "; expected as many numbers for each example, [examples] or [examples, numbers]");
            }
            double[] is = found.dup('c').data().asDouble();
            double[] shouldBe = expected.dup('c').data().asDouble();
            int width = Math.toIntExact(found.length() / found.size(0));
            if (all[0] == null) {
                all[0] = IntStream.range(0, width).mapToObj(i -> new Column()).toArray(Column[]::new);
            }
            for (int i = 0; i < is.length; i++) {
                if (!Double.isFinite(is[i]) || !Double.isFinite(shouldBe[i])) {
                    throw new IllegalArgumentException(where + MessageText.name(predictions) + " holds " + is[i]
                            + " where " + MessageText.name(targets) + " holds " + shouldBe[i]
                            + "; expected finite numbers");
                }
                all[0][i % width].add(is[i], shouldBe[i]);
            }
        });
        return new RegressionMetrics(all[0]);
    }

    /**
     * Number of examples.
     *
     * @return the number, 1 or more
     */
    public long examples() {
        return columns[0].count;
    }

    /**
     * The mean of the squared differences, over examples and numbers.
     *
     * @return the error, 0 or above
     */
    public double meanSquaredError() {
        return Arrays.stream(columns)
                .mapToDouble(c -> c.squares / c.count)
                .average()
                .orElse(0);
    }

    /**
     * The mean of the absolute differences, over examples and numbers.
     *
     * @return the error, 0 or above
     */
    public double meanAbsoluteError() {
        return Arrays.stream(columns)
                .mapToDouble(c -> c.absolute / c.count)
                .average()
                .orElse(0);
    }

    /**
     * One less the squared differences from the targets over those of the targets from their mean; of several numbers the mean
     * of theirs. 1 is perfect, 0 as good as the mean, less is worse.
     *
     * @return the coefficient of determination; NaN if the targets of a number are all equal
     */
    public double r2() {
        return Arrays.stream(columns)
                .mapToDouble(c -> c.variation == 0 ? Double.NaN : 1 - c.squares / c.variation)
                .average()
                .orElse(0);
    }

    /** One line: examples, errors and R2. */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%d examples: mean squared error %.6g, mean absolute error %.6g, R2 %.4f",
                examples(),
                meanSquaredError(),
                meanAbsoluteError(),
                r2());
    }
}
