/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.advice;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.lora4j.exec.NativeThreads;
import org.lora4j.internal.array.Blocks;
import org.lora4j.internal.text.HeadFit;
import org.lora4j.internal.text.HeadKind;
import org.lora4j.internal.text.LinearHead;
import org.lora4j.train.Progress;

/**
 * What logistic regression says of rows that it did not learn from: the rows of each fold by a head that learned from the
 * others. The cost is the one of least loss on the first fold, searched upwards until it gets worse. Every head starts from
 * zeros: one that starts from another's solution would remember rows that it must not know.
 *
 * <p>Costs one fit for each fold and one or two more.
 *
 * @param probabilities for each row the probability of each class
 * @param cost the cost chosen, in {@link HeadFit}'s units
 * @apiNote Status: internal
 */
public record OutOfFold(float[][] probabilities, double cost) {

    /** Ascending, so that each solution is the start of the next, which learns from the same rows. */
    private static final double[] COSTS = {1, 3, 10, 30, 100};

    /** Three times what a head to keep is solved to: probabilities then differ in the third digit, at less cost. */
    private static final double PRECISION = 0.03;

    /**
     * Fits the heads.
     *
     * @param labels the class of each row
     * @param classes how many there are
     */
    public static OutOfFold of(float[][] rows, int[] labels, int classes, Folds folds) {
        return of(rows, labels, classes, folds, Progress.none());
    }

    /**
     * Fits the heads, and says how far it is.
     *
     * @param labels the class of each row
     * @param classes how many there are
     * @param progress of the work that this is part of
     */
    public static OutOfFold of(float[][] rows, int[] labels, int classes, Folds folds, Progress progress) {
        Progress.Stage stage = progress.stage("heads on the frozen base", "iterations", 0);
        float[][] probabilities = new float[rows.length][];
        double chosen = NativeThreads.one(() -> choose(rows, labels, classes, folds, probabilities, stage));
        each(
                1,
                folds.count(),
                fold -> predict(
                        head(rows, labels, classes, folds.learnedFrom(fold), chosen, stage),
                        rows,
                        folds.heldOut(fold),
                        probabilities));
        return new OutOfFold(probabilities, chosen);
    }

    /**
     * Fits several heads, side by side where ND4J may use threads: one thread to a head wastes less than all threads to each product.
     */
    static void each(int from, int to, IntConsumer fit) {
        IntStream all = IntStream.range(from, to);
        Blocks.each(NativeThreads.ofAnOp() > 1 ? all.parallel() : all, i -> NativeThreads.one(() -> fit.accept(i)));
    }

    private static double choose(
            float[][] rows, int[] labels, int classes, Folds folds, float[][] probabilities, Progress.Stage stage) {
        int[] heldOut = folds.heldOut(0);
        double chosen = 0;
        double least = Double.POSITIVE_INFINITY;
        try (HeadFit fit = fit(rows, labels, classes, folds.learnedFrom(0)).reporting(stage)) {
            LinearHead head = LinearHead.zeros(rows[0].length, classes);
            for (double cost : COSTS) {
                head = fit.solve(cost, head);
                float[][] tried = new float[rows.length][];
                predict(head, rows, heldOut, tried);
                double loss = loss(tried, labels, heldOut);
                if (loss >= least) {
                    break;
                }
                least = loss;
                chosen = cost;
                for (int row : heldOut) {
                    probabilities[row] = tried[row];
                }
            }
        }
        return chosen;
    }

    private static double loss(float[][] probabilities, int[] labels, int[] rows) {
        double loss = 0;
        for (int row : rows) {
            loss -= Math.log(Math.max(probabilities[row][labels[row]], Float.MIN_NORMAL));
        }
        return loss;
    }

    /** A head that learned from some of the rows. */
    static LinearHead head(float[][] rows, int[] labels, int classes, int[] from, double cost) {
        return head(rows, labels, classes, from, cost, Progress.none().stage("", "iterations", 0));
    }

    private static LinearHead head(
            float[][] rows, int[] labels, int classes, int[] from, double cost, Progress.Stage stage) {
        try (HeadFit fit = fit(rows, labels, classes, from).reporting(stage)) {
            return fit.solve(cost, LinearHead.zeros(rows[0].length, classes));
        }
    }

    private static HeadFit fit(float[][] rows, int[] labels, int classes, int[] from) {
        List<float[]> features = new ArrayList<>();
        List<float[]> targets = new ArrayList<>();
        for (int row : from) {
            float[] target = new float[classes];
            target[labels[row]] = 1;
            features.add(rows[row]);
            targets.add(target);
        }
        return new HeadFit(HeadKind.ONE_CLASS, features, targets).within(PRECISION);
    }

    /** Writes the probabilities of some rows. */
    static void predict(LinearHead head, float[][] rows, int[] of, float[][] probabilities) {
        for (int row : of) {
            probabilities[row] = softmax(HeadFit.logits(head, rows[row]));
        }
    }

    private static float[] softmax(float[] logits) {
        int most = largest(logits);
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - logits[most]);
        }
        float[] probabilities = new float[logits.length];
        for (int j = 0; j < logits.length; j++) {
            probabilities[j] = (float) (Math.exp(logits[j] - logits[most]) / sum);
        }
        return probabilities;
    }

    /**
     * The class that the head would give a row.
     *
     * @return the most probable class, the first of equals
     */
    public int choice(int row) {
        return largest(probabilities[row]);
    }

    static int largest(float[] values) {
        int most = 0;
        for (int j = 1; j < values.length; j++) {
            most = values[j] > values[most] ? j : most;
        }
        return most;
    }
}
