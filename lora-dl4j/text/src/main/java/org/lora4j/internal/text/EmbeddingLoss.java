/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.lora4j.internal.array.InnerProducts;

/**
 * Losses of the vectors of a batch, and their gradients by these vectors.
 *
 * <p>All but distillation compare directions, so they see vectors divided by their length, and pass the gradient back through
 * that division: with {@code u = v / |v|}, {@code dL/dv = (dL/du - (dL/du . u) u) / |v|}.
 *
 * @apiNote Status: internal
 */
public abstract class EmbeddingLoss {

    private EmbeddingLoss() {}

    /**
     * The loss of a batch.
     *
     * @param examples the examples; indices of texts are rows of {@code vectors}
     * @param vectors the vector of each text
     * @param gradient takes the gradient by each of them; zeros at first
     * @return the mean over the examples
     */
    public abstract double of(List<SentenceRows> examples, double[][] vectors, double[][] gradient);

    /**
     * InfoNCE with in-batch negatives, "multiple negatives ranking" (Henderson et al. 2017, arXiv:1705.00652, section 4.4; van den
     * Oord et al. 2018, arXiv:1807.03748, equation 4): {@code -log(exp(s(a, p) / t) / sum over c of exp(s(a, c) / t))}, {@code
     * c} over the positives and negatives of all examples of the batch. Left out of the sum is what is no negative: the same
     * text as the positive or as the anchor, and positives of the same group.
     */
    public static EmbeddingLoss ranking(double temperature) {
        return new Directions() {
            @Override
            double ofUnits(List<SentenceRows> examples, double[][] units, double[][] gradient) {
                return rank(examples, units, gradient, temperature);
            }
        };
    }

    /**
     * {@code (s(a, p) - similarity)^2} (Reimers and Gurevych 2019, arXiv:1908.10084, section 3, regression objective).
     */
    public static EmbeddingLoss cosine() {
        return new Directions() {
            @Override
            double ofUnits(List<SentenceRows> examples, double[][] units, double[][] gradient) {
                double loss = 0;
                for (SentenceRows example : examples) {
                    double[] a = units[example.anchor()];
                    double[] p = units[example.positive()];
                    double error = InnerProducts.inOrder(a, p) - example.similarity();
                    loss += error * error / examples.size();
                    double factor = 2 * error / examples.size();
                    add(gradient[example.anchor()], factor, p);
                    add(gradient[example.positive()], factor, a);
                }
                return loss;
            }
        };
    }

    /**
     * The mean over the negatives of {@code max(0, margin - s(a, p) + s(a, n))} (Schroff et al. 2015, arXiv:1503.03832, equation
     * 3, with similarities in the place of distances).
     *
     * @param margin by how much nearer the positive should be
     */
    public static EmbeddingLoss triplet(double margin) {
        return new Directions() {
            @Override
            double ofUnits(List<SentenceRows> examples, double[][] units, double[][] gradient) {
                double loss = 0;
                for (SentenceRows example : examples) {
                    double[] a = units[example.anchor()];
                    double[] p = units[example.positive()];
                    double share = 1.0 / examples.size() / example.negatives().length;
                    for (int negative : example.negatives()) {
                        double[] n = units[negative];
                        double hinge = margin - InnerProducts.inOrder(a, p) + InnerProducts.inOrder(a, n);
                        if (hinge > 0) {
                            loss += share * hinge;
                            add(gradient[example.anchor()], -share, p);
                            add(gradient[example.anchor()], share, n);
                            add(gradient[example.positive()], -share, a);
                            add(gradient[negative], share, a);
                        }
                    }
                }
                return loss;
            }
        };
    }

    /**
     * The mean over the features of {@code (v - target)^2} (Reimers and Gurevych 2020, arXiv:2004.09813, equation 1).
     */
    public static EmbeddingLoss distillation() {
        return new EmbeddingLoss() {
            @Override
            public double of(List<SentenceRows> examples, double[][] vectors, double[][] gradient) {
                double loss = 0;
                for (SentenceRows example : examples) {
                    double[] v = vectors[example.anchor()];
                    double share = 1.0 / examples.size() / v.length;
                    for (int i = 0; i < v.length; i++) {
                        double error = v[i] - example.target()[i];
                        loss += share * error * error;
                        gradient[example.anchor()][i] += 2 * share * error;
                    }
                }
                return loss;
            }
        };
    }

    /**
     * A loss of the first numbers of vectors, for several lengths at once: {@code sum over d of weight(d) * loss(first d numbers)}
     * (Kusupati et al. 2022, arXiv:2205.13147, equation 1). Losses of directions see each of these parts divided by its own length.
     *
     * @param loss of vectors of any length
     * @param weights by the length, 1 or more and at most that of the vectors
     */
    public static EmbeddingLoss nested(EmbeddingLoss loss, Map<Integer, Double> weights) {
        return new EmbeddingLoss() {
            @Override
            public double of(List<SentenceRows> examples, double[][] vectors, double[][] gradient) {
                double sum = 0;
                for (Map.Entry<Integer, Double> part : weights.entrySet()) {
                    double[][] cut = new double[vectors.length][];
                    double[][] ofCut = new double[vectors.length][part.getKey()];
                    for (int i = 0; i < vectors.length; i++) {
                        cut[i] = Arrays.copyOf(vectors[i], part.getKey());
                    }
                    sum += part.getValue() * loss.of(examples, cut, ofCut);
                    for (int i = 0; i < vectors.length; i++) {
                        for (int j = 0; j < part.getKey(); j++) {
                            gradient[i][j] += part.getValue() * ofCut[i][j];
                        }
                    }
                }
                return sum;
            }
        };
    }

    private static double rank(List<SentenceRows> examples, double[][] units, double[][] gradient, double temperature) {
        int[] candidates = examples.stream()
                .flatMapToInt(example ->
                        IntStream.concat(IntStream.of(example.positive()), Arrays.stream(example.negatives())))
                .toArray();
        int[] groups = examples.stream()
                .flatMapToInt(example -> IntStream.concat(
                        IntStream.of(example.group()),
                        IntStream.generate(() -> -1).limit(example.negatives().length)))
                .toArray();
        double loss = 0;
        double[] scores = new double[candidates.length];
        int own = 0;
        for (SentenceRows example : examples) {
            double[] anchor = units[example.anchor()];
            double most = Double.NEGATIVE_INFINITY;
            for (int j = 0; j < candidates.length; j++) {
                boolean counts = j == own || isNegative(example, candidates[j], groups[j]);
                scores[j] = counts
                        ? InnerProducts.inOrder(anchor, units[candidates[j]]) / temperature
                        : Double.NEGATIVE_INFINITY;
                most = Math.max(most, scores[j]);
            }
            double sum = 0;
            for (double score : scores) {
                sum += Math.exp(score - most);
            }
            double log = most + Math.log(sum);
            loss += (log - scores[own]) / examples.size();
            for (int j = 0; j < candidates.length; j++) {
                double factor = (Math.exp(scores[j] - log) - (j == own ? 1 : 0)) / temperature / examples.size();
                if (factor != 0) {
                    add(gradient[example.anchor()], factor, units[candidates[j]]);
                    add(gradient[candidates[j]], factor, anchor);
                }
            }
            own += 1 + example.negatives().length;
        }
        return loss;
    }

    private static boolean isNegative(SentenceRows example, int candidate, int group) {
        return candidate != example.positive()
                && candidate != example.anchor()
                && (group < 0 || group != example.group());
    }

    private static void add(double[] to, double factor, double[] values) {
        for (int i = 0; i < to.length; i++) {
            to[i] += factor * values[i];
        }
    }

    /** A loss of directions. */
    private abstract static class Directions extends EmbeddingLoss {

        abstract double ofUnits(List<SentenceRows> examples, double[][] units, double[][] gradient);

        @Override
        public double of(List<SentenceRows> examples, double[][] vectors, double[][] gradient) {
            double[][] units = new double[vectors.length][];
            double[][] ofUnits = new double[vectors.length][];
            double[] lengths = new double[vectors.length];
            for (int i = 0; i < vectors.length; i++) {
                // A vector of zeros has no direction; it stays, and so does what it learns: nothing.
                lengths[i] = Math.max(Math.sqrt(InnerProducts.inOrder(vectors[i], vectors[i])), 1e-12);
                units[i] = new double[vectors[i].length];
                ofUnits[i] = new double[vectors[i].length];
                add(units[i], 1 / lengths[i], vectors[i]);
            }
            double loss = ofUnits(examples, units, ofUnits);
            for (int i = 0; i < vectors.length; i++) {
                add(gradient[i], 1 / lengths[i], ofUnits[i]);
                add(gradient[i], -InnerProducts.inOrder(ofUnits[i], units[i]) / lengths[i], units[i]);
            }
            return loss;
        }
    }
}
