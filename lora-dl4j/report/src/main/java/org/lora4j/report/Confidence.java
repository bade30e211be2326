/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What the probabilities of a classifier are worth: whether they are as often right as they say (Guo et al. 2017, On Calibration of Modern
 * Neural Networks, arXiv 1706.04599), and how often the surest answers are.
 *
 * @param bins how often answers of each range of probabilities are right; ranges without answers are left out
 * @param expectedError the expected calibration error: the mean distance of probability and share of right answers over the bins,
 *     by their examples
 * @param coverage how often answers are right if the less sure ones are not given; rising share of answers that are given
 */
record Confidence(List<Bin> bins, double expectedError, List<Coverage> coverage) {

    /** As many as in the paper. */
    static final int BINS = 15;

    /** Answers whose probability is in a range. */
    record Bin(double from, double to, long examples, double confidence, double accuracy) {}

    /** Answers at or above a probability. */
    record Coverage(double threshold, double share, double accuracy) {}

    /**
     * Measures.
     *
     * @param confidence the probability of the answer to each example
     * @param right whether it was right
     */
    static Confidence of(float[] confidence, boolean[] right) {
        long[] counts = new long[BINS];
        double[] sums = new double[BINS];
        long[] rights = new long[BINS];
        for (int i = 0; i < confidence.length; i++) {
            // A bin has its upper end, not its lower one.
            int bin = Math.max(0, Math.min(BINS - 1, (int) Math.ceil(confidence[i] * BINS) - 1));
            counts[bin]++;
            sums[bin] += confidence[i];
            rights[bin] += right[i] ? 1 : 0;
        }
        List<Bin> bins = new ArrayList<>();
        double error = 0;
        for (int bin = 0; bin < BINS; bin++) {
            if (counts[bin] > 0) {
                double mean = sums[bin] / counts[bin];
                double accuracy = (double) rights[bin] / counts[bin];
                bins.add(new Bin((double) bin / BINS, (bin + 1.0) / BINS, counts[bin], mean, accuracy));
                error += Math.abs(mean - accuracy) * counts[bin] / confidence.length;
            }
        }
        return new Confidence(bins, error, coverage(confidence, right));
    }

    private static List<Coverage> coverage(float[] confidence, boolean[] right) {
        // Of floats from 0 on, the order of their bits is that of the numbers; the number of the example is below them.
        long[] order = new long[confidence.length];
        for (int i = 0; i < order.length; i++) {
            order[i] = ((long) Float.floatToIntBits(confidence[i] + 0f) << Integer.SIZE) | i;
        }
        Arrays.sort(order);
        List<Coverage> coverage = new ArrayList<>();
        long rights = 0;
        for (int given = 1; given <= order.length; given++) {
            int example = (int) order[order.length - given];
            rights += right[example] ? 1 : 0;
            // A threshold cannot tell equal probabilities apart.
            if (given == order.length || confidence[(int) order[order.length - given - 1]] != confidence[example]) {
                coverage.add(new Coverage(confidence[example], (double) given / order.length, (double) rights / given));
            }
        }
        return coverage;
    }

    /** The most answers that can be given so that as many of them are right, or none. */
    Optional<Coverage> reaching(double accuracy) {
        return coverage.stream()
                .filter(point -> point.accuracy() >= accuracy)
                .max(Comparator.comparingDouble(Coverage::share));
    }
}
