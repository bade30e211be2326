/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.advice;

import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * The area under the ROC curve: how often a positive scores above a negative, equal scores counting half (Mann and Whitney
 * 1947; Hanley and McNeil 1982). Costs one sort.
 *
 * @param area 0 to 1; 0.5 if the scores tell nothing
 * @param deviation its standard deviation if the scores tell nothing, with the correction for ties
 * @apiNote Status: internal
 */
public record AreaUnderCurve(double area, double deviation) {

    /**
     * Measures scores.
     *
     * @param scores one for each example
     * @param positive which of them are positive: one or more, but not all
     */
    public static AreaUnderCurve of(double[] scores, boolean[] positive) {
        int n = scores.length;
        int[] order = IntStream.range(0, n)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> scores[i]))
                .mapToInt(i -> i)
                .toArray();
        double ranks = 0;
        double ties = 0;
        long positives = 0;
        for (int from = 0; from < n; ) {
            int to = from;
            while (to < n && scores[order[to]] == scores[order[from]]) {
                to++;
            }
            double size = to - from;
            ties += size * size * size - size;
            for (int at = from; at < to; at++) {
                if (positive[order[at]]) {
                    positives++;
                    // Equal scores share the mean of their ranks, which begin at 1.
                    ranks += (from + 1 + to) / 2.0;
                }
            }
            from = to;
        }
        double pairs = (double) positives * (n - positives);
        double area = (ranks - positives * (positives + 1) / 2.0) / pairs;
        double variance = (n + 1 - ties / ((double) n * (n - 1))) / (12 * pairs);
        return new AreaUnderCurve(area, Math.sqrt(variance));
    }
}
