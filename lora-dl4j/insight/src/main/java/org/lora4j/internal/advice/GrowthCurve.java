/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.advice;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.lora4j.random.RandomStreams;

/**
 * How the accuracy of a head grows with the number of rows it learns from: heads of an eighth, a quarter, half and all of the
 * rows, each part within the next, judged on rows that none of them knows, of one fold, or of two where folds are small. Beyond the
 * last point the error is taken to fall as a power of the number of rows (Hestness et al. 2017, arXiv:1712.00409). Costs less than
 * two fits on all rows.
 *
 * @param sizes how many rows were learned from, ascending
 * @param accuracies what was reached with each
 * @param gain what the last doubling gave
 * @param gainError the standard error of that, from the differences row by row
 * @param nextGain what the next doubling would give by the power law through the last three points
 * @apiNote Status: internal
 */
public record GrowthCurve(int[] sizes, double[] accuracies, double gain, double gainError, double nextGain) {

    private static final int POINTS = 4;
    private static final int FOLDS = 2;

    /** With as many rows to judge by, one fold is enough: the accuracy is known to a point or so. */
    private static final int ENOUGH = 1_000;

    /**
     * Measures.
     *
     * @param labels the class of each row
     * @param classes how many there are
     * @param folds the folds of {@code all}
     * @param all what heads of all rows gave
     */
    public static GrowthCurve of(float[][] rows, int[] labels, int classes, Folds folds, OutOfFold all, long seed) {
        int[] sizes = new int[POINTS];
        int[][] right = new int[POINTS][rows.length];
        int judged = 0;
        int judging = folds.heldOut(0).length >= ENOUGH ? 1 : FOLDS;
        for (int fold = 0; fold < judging; fold++) {
            int[] heldOut = folds.heldOut(fold);
            judged += heldOut.length;
            int[] order = alternating(folds.learnedFrom(fold), labels, classes, seed);
            OutOfFold.each(0, POINTS, point -> {
                int size = order.length >> (POINTS - 1 - point);
                sizes[point] += size / judging;
                float[][] probabilities = all.probabilities();
                if (point < POINTS - 1) {
                    probabilities = new float[rows.length][];
                    int[] part = Arrays.copyOf(order, size);
                    OutOfFold.predict(
                            OutOfFold.head(rows, labels, classes, part, all.cost()), rows, heldOut, probabilities);
                }
                for (int row : heldOut) {
                    right[point][row] = OutOfFold.largest(probabilities[row]) == labels[row] ? 1 : 0;
                }
            });
        }
        double[] accuracies = new double[POINTS];
        for (int point = 0; point < POINTS; point++) {
            accuracies[point] = (double) IntStream.of(right[point]).sum() / judged;
        }
        double gain = accuracies[POINTS - 1] - accuracies[POINTS - 2];
        double squares = 0;
        for (int row = 0; row < rows.length; row++) {
            int difference = right[POINTS - 1][row] - right[POINTS - 2][row];
            squares += difference * difference;
        }
        double error = Math.sqrt(Math.max(0, squares / judged - gain * gain) / judged);
        return new GrowthCurve(sizes, accuracies, gain, error, nextGain(sizes, accuracies));
    }

    /** Rows in random order, but so that any beginning has about the same share of each class. */
    private static int[] alternating(int[] from, int[] labels, int classes, long seed) {
        int[] shuffled = Folds.shuffled(from.length, RandomStreams.of(seed, "learning curve"));
        int[] sizes = new int[classes];
        for (int row : from) {
            sizes[labels[row]]++;
        }
        int[] seen = new int[classes];
        double[] places = new double[from.length];
        for (int at : shuffled) {
            int label = labels[from[at]];
            places[at] = (seen[label]++ + 0.5) / sizes[label];
        }
        return IntStream.of(shuffled)
                .boxed()
                .sorted((a, b) -> Double.compare(places[a], places[b]))
                .mapToInt(at -> from[at])
                .toArray();
    }

    /** Least squares through the logarithms of the last three errors. */
    static double nextGain(int[] sizes, double[] accuracies) {
        int last = sizes.length - 1;
        double error = 1 - accuracies[last];
        if (error <= 0 || accuracies[last - 1] >= 1 || accuracies[last - 2] >= 1) {
            return 0;
        }
        double x = 0;
        double y = 0;
        for (int i = last - 2; i <= last; i++) {
            x += Math.log(sizes[i]) / 3;
            y += Math.log(1 - accuracies[i]) / 3;
        }
        double products = 0;
        double squares = 0;
        for (int i = last - 2; i <= last; i++) {
            double off = Math.log(sizes[i]) - x;
            products += off * (Math.log(1 - accuracies[i]) - y);
            squares += off * off;
        }
        double power = Math.min(0, products / squares);
        return error - error * Math.pow(2, power);
    }
}
