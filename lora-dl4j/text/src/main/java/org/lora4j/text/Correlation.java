/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.lora4j.error.Arguments;

/**
 * How two rows of numbers go together.
 *
 * @apiNote Status: stable
 */
public final class Correlation {

    private Correlation() {}

    /**
     * Pearson's coefficient.
     *
     * @param a the one
     * @param b the other, as long
     * @return -1 to 1; 0 if one of them does not vary
     * @throws IllegalArgumentException if they differ in length or have fewer than two numbers
     */
    public static double pearson(double[] a, double[] b) {
        Arguments.required(a, "Correlation.pearson: a", "numbers");
        Arguments.required(b, "Correlation.pearson: b", "numbers");
        if (a.length != b.length || a.length < 2) {
            throw new IllegalArgumentException(
                    "Correlation: " + a.length + " and " + b.length + " numbers; expected as many of both, 2 or more.");
        }
        double meanA =
                IntStream.range(0, a.length).mapToDouble(i -> a[i]).average().orElseThrow();
        double meanB =
                IntStream.range(0, b.length).mapToDouble(i -> b[i]).average().orElseThrow();
        double product = 0;
        double squareA = 0;
        double squareB = 0;
        for (int i = 0; i < a.length; i++) {
            product += (a[i] - meanA) * (b[i] - meanB);
            squareA += (a[i] - meanA) * (a[i] - meanA);
            squareB += (b[i] - meanB) * (b[i] - meanB);
        }
        double deviations = Math.sqrt(squareA) * Math.sqrt(squareB);
        return deviations == 0 ? 0 : product / deviations;
    }

    /**
     * Spearman's coefficient: Pearson's of the ranks, equal numbers sharing the mean of theirs.
     *
     * @param a the one
     * @param b the other, as long
     * @return -1 to 1; 0 if one of them does not vary
     * @throws IllegalArgumentException as {@link #pearson}
     */
    public static double spearman(double[] a, double[] b) {
        Arguments.required(a, "Correlation.spearman: a", "numbers");
        Arguments.required(b, "Correlation.spearman: b", "numbers");
        return pearson(ranks(a), ranks(b));
    }

    private static double[] ranks(double[] values) {
        List<Integer> order = IntStream.range(0, values.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> values[i]))
                .toList();
        double[] ranks = new double[values.length];
        for (int from = 0; from < order.size(); ) {
            int to = from + 1;
            while (to < order.size() && values[order.get(to)] == values[order.get(from)]) {
                to++;
            }
            for (int i = from; i < to; i++) {
                ranks[order.get(i)] = (from + to - 1) / 2.0;
            }
            from = to;
        }
        return ranks;
    }
}
