/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.IntStream;
import org.lora4j.error.MessageText;
import org.lora4j.exec.GraphExecutor;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * How well a model tells classes, from one pass over batches:
 *
 * <pre>{@code
 * ClassificationMetrics found = ClassificationMetrics.of(model.outputExecutor(), heldOut, "logits", "labels");
 * log.info("accuracy {}, macro F1 {}", found.accuracy(), found.macroF1());
 * }</pre>
 *
 * <p>The class of an example is that of its largest score, whether scores are logits or probabilities; of equal ones the first.
 *
 * <p><b>State.</b> A value.
 *
 * @apiNote Status: experimental
 */
public final class ClassificationMetrics {

    private static final String NAME = "classification metrics";

    private final long[][] confusion;

    private ClassificationMetrics(long[][] confusion) {
        this.confusion = confusion;
    }

    /**
     * Runs a model over batches.
     *
     * @param executor computes the scores, for instance {@code model.outputExecutor()}, or {@code model.executor()} between
     *     the steps of a training
     * @param batches the data; one pass of them is taken
     * @param scores name of the variable with a score for each class, {@code [examples, classes]} with two classes or more
     * @param labels name of the placeholder with the right classes: {@code [examples, classes]} with the largest value at the
     *     right class, or whole numbers from 0, {@code [examples]} or {@code [examples, 1]}
     * @return what was found
     * @throws IllegalArgumentException if there is no batch, shapes do not belong together, a label is no class, or a score is
     *     NaN; the message names the batch
     */
    public static ClassificationMetrics of(GraphExecutor executor, Batches batches, String scores, String labels) {
        long[][][] counts = new long[1][][];
        EvaluationPass.run(NAME, executor, batches, scores, labels, (where, found, expected) -> {
            if (found.rank() != 2 || found.size(1) < 2) {
                throw new IllegalArgumentException(where + MessageText.name(scores) + " has the shape "
                        + Arrays.toString(found.shape()) + "; expected [examples, classes] with two classes or more");
            }
            int classes = (int) found.size(1);
            counts[0] = counts[0] == null ? new long[classes][classes] : counts[0];
            double[][] rows = found.toDoubleMatrix();
            int[] right = classes(where, labels, expected, rows.length, classes);
            for (int row = 0; row < rows.length; row++) {
                counts[0][right[row]][largest(where, scores, rows[row])]++;
            }
        });
        return new ClassificationMetrics(counts[0]);
    }

    /**
     * From counts.
     *
     * @param confusion number of examples by the right class and the class found, square
     * @return the metrics
     * @throws IllegalArgumentException if the table is not square, has fewer than two classes, a negative count, or no example
     */
    public static ClassificationMetrics of(long[][] confusion) {
        Objects.requireNonNull(confusion, NAME + ": confusion is null; expected a table of counts");
        boolean square = confusion.length > 1
                && Arrays.stream(confusion)
                        .allMatch(row -> row != null
                                && row.length == confusion.length
                                && Arrays.stream(row).allMatch(count -> count >= 0));
        if (!square || Arrays.stream(confusion).flatMapToLong(Arrays::stream).sum() == 0) {
            throw new IllegalArgumentException(NAME + ": the table has " + confusion.length
                    + " rows; expected as many columns, two or more, and counts that are not negative nor all 0");
        }
        return new ClassificationMetrics(copy(confusion));
    }

    private static int[] classes(String where, String name, INDArray labels, int rows, int classes) {
        boolean oneHot = labels.rank() == 2 && labels.size(1) > 1;
        boolean fits =
                labels.rank() > 0 && labels.size(0) == rows && labels.length() == (long) rows * (oneHot ? classes : 1);
        if (!fits) {
            throw new IllegalArgumentException(
                    where + MessageText.name(name) + " has the shape " + Arrays.toString(labels.shape())
                            + " beside " + rows + " rows of " + classes + " scores; expected [" + rows + ", " + classes
                            + "], or ["
                            + rows + "] whole numbers");
        }
        if (oneHot) {
            return Arrays.stream(labels.toDoubleMatrix())
                    .mapToInt(row -> largest(where, name, row))
                    .toArray();
        }
        double[] numbers = labels.reshape(rows).toDoubleVector();
        for (double number : numbers) {
            if (number != Math.rint(number) || number < 0 || number >= classes) {
                throw new IllegalArgumentException(where + MessageText.name(name) + " holds " + number
                        + "; expected whole numbers from 0 to " + (classes - 1) + ", one for each of the " + classes
                        + " scores");
            }
        }
        return Arrays.stream(numbers).mapToInt(number -> (int) number).toArray();
    }

    private static int largest(String where, String name, double[] values) {
        int best = 0;
        for (int i = 0; i < values.length; i++) {
            if (Double.isNaN(values[i])) {
                throw new IllegalArgumentException(where + MessageText.name(name) + " holds NaN; expected numbers");
            }
            best = values[i] > values[best] ? i : best;
        }
        return best;
    }

    /**
     * Number of classes.
     *
     * @return the number, 2 or more
     */
    public int classes() {
        return confusion.length;
    }

    /**
     * Number of examples.
     *
     * @return the number, 1 or more
     */
    public long examples() {
        return Arrays.stream(confusion).flatMapToLong(Arrays::stream).sum();
    }

    /**
     * Number of examples by the right class and the class found.
     *
     * @return a copy, {@code [right][found]}
     */
    public long[][] confusion() {
        return copy(confusion);
    }

    /**
     * Share of the examples whose class was found.
     *
     * @return 0 to 1
     */
    public double accuracy() {
        return (double) IntStream.range(0, classes())
                        .mapToLong(c -> confusion[c][c])
                        .sum()
                / examples();
    }

    /**
     * Of the examples taken for a class, the share that is right.
     *
     * @param index the class, from 0
     * @return 0 to 1; 0 if none was taken for it
     * @throws IndexOutOfBoundsException if there is no such class
     */
    public double precision(int index) {
        return share(
                confusion[index][index],
                IntStream.range(0, classes())
                        .mapToLong(c -> confusion[c][index])
                        .sum());
    }

    /**
     * Of the examples of a class, the share that was found.
     *
     * @param index the class, from 0
     * @return 0 to 1; 0 if there are none
     * @throws IndexOutOfBoundsException if there is no such class
     */
    public double recall(int index) {
        return share(confusion[index][index], Arrays.stream(confusion[index]).sum());
    }

    /**
     * The harmonic mean of precision and recall of a class.
     *
     * @param index the class, from 0
     * @return 0 to 1; 0 if both are
     * @throws IndexOutOfBoundsException if there is no such class
     */
    public double f1(int index) {
        double precision = precision(index);
        double recall = recall(index);
        return precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall);
    }

    /**
     * The mean of {@link #f1} over the classes that have examples or were found.
     *
     * @return 0 to 1
     */
    public double macroF1() {
        return IntStream.range(0, classes())
                .filter(c -> IntStream.range(0, classes()).anyMatch(o -> confusion[c][o] + confusion[o][c] > 0))
                .mapToDouble(this::f1)
                .average()
                .orElse(0);
    }

    private static double share(long part, long whole) {
        return whole == 0 ? 0 : (double) part / whole;
    }

    private static long[][] copy(long[][] table) {
        return Arrays.stream(table).map(long[]::clone).toArray(long[][]::new);
    }

    /** One line: examples, classes, accuracy and macro F1. */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%d examples of %d classes: accuracy %.4f, macro F1 %.4f",
                examples(),
                classes(),
                accuracy(),
                macroF1());
    }
}
