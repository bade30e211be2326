/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.advice;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which labels are likely to be wrong: Northcutt, Jiang, Chuang 2021, Confident Learning: Estimating Uncertainty in Dataset
 * Labels (arXiv:1911.00068).
 *
 * <p>A row counts for class j if its probability of j reaches the mean probability of j among the rows labeled j (equations 1
 * and 2); the count by given and by counted class is the confident joint. Made to add up to the number of rows of each label
 * (equation 3), what is off its diagonal is the number of wrong labels. Costs one pass over the probabilities.
 *
 * @apiNote Status: internal
 */
public final class ConfidentLearning {

    private final float[][] probabilities;
    private final int[] labels;
    private final double[] thresholds;
    private final int[][] joint;

    /**
     * Counts.
     *
     * @param probabilities for each row the probability of each class, by a head that did not learn from the row
     * @param labels the class given to each row; every class has one row or more
     */
    public ConfidentLearning(float[][] probabilities, int[] labels) {
        this.probabilities = probabilities;
        this.labels = labels;
        int classes = probabilities[0].length;
        thresholds = new double[classes];
        int[] sizes = sizes();
        for (int i = 0; i < labels.length; i++) {
            thresholds[labels[i]] += (double) probabilities[i][labels[i]] / sizes[labels[i]];
        }
        joint = new int[classes][classes];
        for (int i = 0; i < labels.length; i++) {
            int counted = counted(i);
            if (counted >= 0) {
                joint[labels[i]][counted]++;
            }
        }
    }

    private int[] sizes() {
        int[] sizes = new int[probabilities[0].length];
        for (int label : labels) {
            sizes[label]++;
        }
        return sizes;
    }

    /** Of the classes whose threshold a row reaches, the most probable one; -1 if it reaches none. */
    private int counted(int row) {
        int counted = -1;
        for (int j = 0; j < thresholds.length; j++) {
            float p = probabilities[row][j];
            if (p >= thresholds[j] && (counted < 0 || p > probabilities[row][counted])) {
                counted = j;
            }
        }
        return counted;
    }

    /**
     * The least probability with which a row counts for a class.
     *
     * @return one for each class
     */
    public double[] thresholds() {
        return thresholds.clone();
    }

    /** How many rows of a given label count for a class. */
    public int joint(int given, int counted) {
        return joint[given][counted];
    }

    /**
     * How many labels are wrong, by the confident joint made to add up to the rows of each label.
     *
     * @return 0 to the number of rows
     */
    public double wrong() {
        int[] sizes = sizes();
        double wrong = 0;
        for (int given = 0; given < sizes.length; given++) {
            int all = IntStream.of(joint[given]).sum();
            wrong += all == 0 ? 0 : (double) sizes[given] * (all - joint[given][given]) / all;
        }
        return wrong;
    }

    /**
     * How probable the head finds the label of a row.
     *
     * @return 0 to 1
     */
    public double selfConfidence(int row) {
        return probabilities[row][labels[row]];
    }

    /**
     * How much more probable the head finds the label than the best other class.
     *
     * @return -1 to 1
     */
    public double margin(int row) {
        return selfConfidence(row) - probabilities[row][otherChoice(row)];
    }

    /**
     * The most probable class that is not the label.
     *
     * @return the class, the first of equals
     */
    public int otherChoice(int row) {
        int most = -1;
        for (int j = 0; j < thresholds.length; j++) {
            if (j != labels[row] && (most < 0 || probabilities[row][j] > probabilities[row][most])) {
                most = j;
            }
        }
        return most;
    }

    /**
     * All rows, those first whose labels are most likely wrong: by self-confidence, which found more flipped labels than the
     * margin on data of which nothing else was measured (BANKING77's test questions, 0.94 of the first against 0.83).
     */
    public List<Integer> ranking() {
        return IntStream.range(0, labels.length)
                .boxed()
                .sorted(Comparator.comparingDouble(this::selfConfidence))
                .toList();
    }
}
