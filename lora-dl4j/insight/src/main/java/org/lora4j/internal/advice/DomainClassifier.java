/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.advice;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Whether two sets of rows can be told apart by logistic regression (the classifier two-sample test: Lopez-Paz and Oquab
 * 2017, arXiv:1610.06545, with the area under the curve in the place of accuracy).
 *
 * <p>The area is the mean over folds. If both sets come from one source, the head of a fold knows nothing of the fold's rows, so
 * each area is a Mann-Whitney statistic of exchangeable scores, whose mean and variance are known: no permutation is needed.
 * Costs one fit for each fold and one or two more.
 *
 * @param area the mean area under the curve
 * @param deviations how many standard deviations of the null it is above 0.5
 * @param scores for each row, those of the first set first, the probability of belonging to the second
 * @apiNote Status: internal
 */
public record DomainClassifier(double area, double deviations, double[] scores) {

    /**
     * Compares two sets.
     *
     * @param folds how many folds, no more than rows of either set
     */
    public static DomainClassifier of(float[][] rows, boolean[] second, int folds, long seed) {
        int[] labels =
                IntStream.range(0, rows.length).map(i -> second[i] ? 1 : 0).toArray();
        Folds dealt = Folds.of(labels, folds, seed);
        OutOfFold heads = OutOfFold.of(rows, labels, 2, dealt);
        double[] scores =
                Arrays.stream(heads.probabilities()).mapToDouble(p -> p[1]).toArray();
        double area = 0;
        double variance = 0;
        for (int fold = 0; fold < folds; fold++) {
            int[] heldOut = dealt.heldOut(fold);
            boolean[] positive = new boolean[heldOut.length];
            for (int i = 0; i < heldOut.length; i++) {
                positive[i] = second[heldOut[i]];
            }
            AreaUnderCurve ofFold = AreaUnderCurve.of(
                    IntStream.of(heldOut).mapToDouble(i -> scores[i]).toArray(), positive);
            area += ofFold.area() / folds;
            variance += ofFold.deviation() * ofFold.deviation() / ((double) folds * folds);
        }
        return new DomainClassifier(area, variance > 0 ? (area - 0.5) / Math.sqrt(variance) : 0, scores);
    }
}
