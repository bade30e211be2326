/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

/**
 * How GoRA spreads a budget of ranks (He et al. 2025, GoRA: Gradient-driven adaptive low rank adaptation, arXiv 2502.12171,
 * section 3.2): a module's importance is the mean of {@code |W * G|} over the elements of its weight and the gradient, its
 * share that of the sum over modules, the budget {@code sum of sqrt(m + n) * reference rank}, and its rank the budget's share
 * over {@code sqrt(m + n)}, rounded to the next whole number and kept within bounds. The root tempers the size of a weight:
 * a rank of a wide one costs more.
 */
final class RankBudget {

    private RankBudget() {}

    /**
     * Ranks of modules.
     *
     * @param importance of each module, 0 or more, one above 0
     * @param sides m + n of each weight
     * @param reference the rank whose budget is spread
     * @param least the lowest rank of any module
     * @return a rank for each module
     */
    static int[] ranks(double[] importance, long[] sides, int reference, int least, int most) {
        double sum = 0;
        double budget = 0;
        for (int i = 0; i < importance.length; i++) {
            sum += importance[i];
            budget += Math.sqrt(sides[i]) * reference;
        }
        int[] ranks = new int[importance.length];
        for (int i = 0; i < ranks.length; i++) {
            long rank = Math.round(budget * importance[i] / sum / Math.sqrt(sides[i]));
            ranks[i] = (int) Math.max(least, Math.min(most, rank));
        }
        return ranks;
    }

    /**
     * The effective rank of a spectrum: e to the entropy of the singular values over their sum (Roy, Vetterli 2007, The effective
     * rank: a measure of effective dimensionality), from 1 to their number.
     *
     * @param values singular values, 0 or more
     * @return the number; 0 if all values are 0
     */
    static double effectiveRank(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        if (sum == 0) {
            return 0;
        }
        double entropy = 0;
        for (double value : values) {
            double share = value / sum;
            entropy -= share > 0 ? share * Math.log(share) : 0;
        }
        return Math.exp(entropy);
    }
}
