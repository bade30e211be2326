/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.sampling;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The tokens that may come next with their scores: all at first, fewer after each filter. In double precision, so that no
 * rounding decides what is kept.
 *
 * <p>Probabilities are kept as weights relative to the best token, of which any filter leaves a part as they are: however many
 * filters ask for them, the exponentials are computed once. <b>Cost.</b> 24 bytes (32 with typical-p) for each token of the
 * largest vocabulary seen, kept for the next one; a filter costs time in proportion to the tokens that are left.
 *
 * <p><b>Threads.</b> For one thread, which may use it for one sequence after another.
 *
 * @apiNote Status: internal
 */
public final class Candidates {

    private final Threshold threshold = new Threshold();

    private int[] ids = new int[0];
    private double[] scores = new double[0];
    private double[] weights = new double[0];
    private double[] distances = new double[0];
    private int vocabulary;
    private int size;
    private boolean weighed;
    private double best;
    private double total;

    /** Creates an empty one. */
    public Candidates() {}

    /** Starts with all tokens. */
    void start(float[] logits) {
        start(logits.length);
        for (int i = 0; i < size; i++) {
            scores[i] = logits[i];
        }
    }

    /** Starts with all tokens. */
    void start(double[] logits) {
        start(logits.length);
        System.arraycopy(logits, 0, scores, 0, size);
    }

    private void start(int length) {
        if (ids.length < length) {
            ids = new int[length];
            scores = new double[length];
            weights = new double[length];
        }
        for (int i = 0; i < length; i++) {
            ids[i] = i;
        }
        vocabulary = length;
        size = length;
        weighed = false;
    }

    /** How many tokens there were at first. */
    int vocabulary() {
        return vocabulary;
    }

    int size() {
        return size;
    }

    /** Changes the score of one token, if it is left: one below 0 is multiplied by the factor, another divided. */
    void penalize(int id, double factor) {
        int at = at(id);
        if (at >= 0) {
            scores[at] = scores[at] < 0 ? scores[at] * factor : scores[at] / factor;
            weighed = false;
        }
    }

    /** Adds to the score of one token, if it is left. */
    void add(int id, double value) {
        int at = at(id);
        if (at >= 0) {
            scores[at] += value;
            weighed = false;
        }
    }

    /** Takes one token out, if it is there. */
    void ban(int id) {
        int at = at(id);
        if (at >= 0) {
            scores[at] = Double.NEGATIVE_INFINITY;
            weighed = false;
        }
    }

    // What is left keeps its order.
    private int at(int id) {
        return size == vocabulary ? (id < size ? id : -1) : Arrays.binarySearch(ids, 0, size, id);
    }

    /** Divides all scores. */
    void divide(double divisor) {
        for (int i = 0; i < size; i++) {
            scores[i] /= divisor;
        }
        weighed = false;
    }

    /** Keeps the best ones, and those that equal the last of them. */
    void keepBest(int count) {
        if (count < size) {
            threshold.find(scores, null, size, count);
            keep(scores, threshold.least(), Integer.MAX_VALUE);
        }
    }

    /** Keeps the fewest of the most probable ones that reach a share of the mass; the first ones among equals. */
    void keepMass(double share) {
        weigh();
        threshold.find(weights, weights, size, share * total);
        keep(weights, threshold.least(), threshold.ties());
    }

    /** Keeps those of a probability, and the best one. */
    void keepProbable(double least) {
        weigh();
        keep(weights, Math.min(least * total, heaviest()), Integer.MAX_VALUE);
    }

    /** Keeps those that have a share of the best one's probability. */
    void keepNearBest(double share) {
        weigh();
        keep(weights, share * heaviest(), Integer.MAX_VALUE);
    }

    /**
     * Keeps the fewest that reach a share of the mass of those whose surprise, {@code -log p}, is next to what is expected, the
     * entropy; and those as far as the last of them.
     */
    void keepTypical(double share) {
        double entropy = entropy();
        double log = Math.log(total);
        if (distances.length < size) {
            distances = new double[size];
        }
        for (int i = 0; i < size; i++) {
            distances[i] = -Math.abs(log - (scores[i] - best) - entropy);
        }
        threshold.find(distances, weights, size, share * total);
        keep(distances, threshold.least(), Integer.MAX_VALUE);
    }

    /** {@code -sum p log p}, in nats. */
    double entropy() {
        weigh();
        double sum = 0;
        for (int i = 0; i < size; i++) {
            if (weights[i] > 0) {
                sum += weights[i] * (scores[i] - best);
            }
        }
        return Math.log(total) - sum / total;
    }

    private double heaviest() {
        double most = 0;
        for (int i = 0; i < size; i++) {
            most = Math.max(most, weights[i]);
        }
        return most;
    }

    private void weigh() {
        if (weighed) {
            return;
        }
        best = scores[indexOfBest()];
        total = 0;
        for (int i = 0; i < size; i++) {
            weights[i] = Math.exp(scores[i] - best);
            total += weights[i];
        }
        weighed = true;
    }

    /** Keeps what is above the least key, and the first ones that equal it. */
    private void keep(double[] keys, double least, int ties) {
        int kept = 0;
        int equal = 0;
        double sum = 0;
        for (int i = 0; i < size; i++) {
            double key = keys[i];
            if (key > least || key == least && equal++ < ties) {
                ids[kept] = ids[i];
                scores[kept] = scores[i];
                weights[kept] = weights[i];
                sum += weights[kept];
                kept++;
            }
        }
        size = kept;
        total = sum;
    }

    private int indexOfBest() {
        int first = 0;
        for (int i = 1; i < size; i++) {
            if (scores[i] > scores[first]) {
                first = i;
            }
        }
        if (scores[first] == Double.NEGATIVE_INFINITY) {
            throw new IllegalStateException(
                    "no token is left that may come next: each of " + vocabulary
                            + " is taken out; expected one at least. minNewTokens and noRepeatNgramSize take tokens out: lower them.");
        }
        return first;
    }

    /** The first of the best tokens. */
    int best() {
        return ids[indexOfBest()];
    }

    /**
     * Draws a token.
     *
     * @param random gives one number, which stands for a token: each has as large a part of [0, 1) as its probability, in the
     *     order of ids
     */
    int draw(SplittableRandom random) {
        weigh();
        double rest = random.nextDouble() * total;
        int last = -1;
        for (int i = 0; i < size; i++) {
            rest -= weights[i];
            if (weights[i] > 0) {
                last = ids[i];
                if (rest < 0) {
                    break;
                }
            }
        }
        return last;
    }

    /** Scores and probabilities of all tokens, of those that are out, too. */
    ProcessedLogits processed() {
        weigh();
        double[] all = new double[vocabulary];
        double[] probabilities = new double[vocabulary];
        Arrays.fill(all, Double.NEGATIVE_INFINITY);
        for (int i = 0; i < size; i++) {
            all[ids[i]] = scores[i];
            probabilities[ids[i]] = weights[i] / total;
        }
        return new ProcessedLogits(all, probabilities);
    }
}
