/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.lora4j.train.Progress;
import org.lora4j.train.ShuffledIndices;

/**
 * Finds the cost of a head on the vectors of the frozen encoder. Costs are compared by heads that are nearly solved, each of which
 * starts from the one before: what is left changes no more than the third digit of a score, and would cost several times as much.
 */
final class HeadSearch {

    /** What is tried, as in LibLinear; ascending, so that each solution is the start of the next. */
    static final double[] COSTS = {1, 10, 100, 1000};

    /** The largest of them to go on from: a head that is sure of all examples has no gradient left for the encoder. */
    private static final int SOFT = 1;

    /** Parts of the examples in turn that costs are tried on where there is no other part. */
    private static final int FOLDS = 5;

    /** How exactly costs are compared, as {@link HeadFit#within} has it. */
    private static final double PRECISION = 0.1;

    private static final int MOST_ITERATIONS = 100;

    private final HeadTask task;
    private final int inputs;
    private final boolean biased;
    private final long seed;
    private final Progress.Stage iterations;

    /**
     * Examples with the vectors that the frozen encoder gives for them.
     *
     * @param examples the examples
     * @param vectors one for each, or the vectors of its tokens in a row
     */
    record Rows(List<EncodedText> examples, float[][] vectors) {

        Rows and(Rows others) {
            List<EncodedText> all = new ArrayList<>(examples);
            all.addAll(others.examples);
            float[][] rows = Arrays.copyOf(vectors, vectors.length + others.vectors.length);
            System.arraycopy(others.vectors, 0, rows, vectors.length, others.vectors.length);
            return new Rows(all, rows);
        }

        private Rows at(int[] indices) {
            return new Rows(
                    Arrays.stream(indices).mapToObj(examples::get).toList(),
                    Arrays.stream(indices).mapToObj(i -> vectors[i]).toArray(float[][]::new));
        }
    }

    /**
     * Heads that learned from one part.
     *
     * @param best of the cost that was chosen
     * @param soft to go on from: the same, or one that is not so sure of itself
     * @param cost what was chosen
     * @param score by which it was chosen
     */
    record Found(LinearHead best, LinearHead soft, double cost, double score) {}

    HeadSearch(HeadTask task, int inputs, boolean biased, long seed, Progress.Stage iterations) {
        this.biased = biased;
        this.iterations = iterations;
        this.task = task;
        this.inputs = inputs;
        this.seed = seed;
    }

    /** Heads of costs, and how they do on examples that they did not learn from. */
    private record CostPath(List<LinearHead> heads, double[] scores) {}

    /** The cost that is best on a validation part. */
    Found byValidation(Rows train, Rows validation) {
        CostPath path = path(train, validation, false);
        int chosen = chosen(path.scores());
        return new Found(path.heads().get(chosen), path.heads().get(SOFT), COSTS[chosen], path.scores()[chosen]);
    }

    /** The cost that is best by cross-validation on some examples, with the heads that it gives on a part of them. */
    Found byFolds(Rows all, Rows train) {
        int rows = all.examples().size();
        int folds = Math.min(FOLDS, rows);
        int[] order = ShuffledIndices.of(rows, seed, 0);
        double[] scores = new double[COSTS.length];
        for (int fold = 0; fold < folds && folds > 1; fold++) {
            int now = fold;
            int[] held = places(order, i -> i % folds == now);
            double[] ofFold = path(all.at(places(order, i -> i % folds != now)), all.at(held), true)
                    .scores();
            for (int i = 0; i < COSTS.length; i++) {
                scores[i] += ofFold[i] * held.length / rows;
            }
        }
        int chosen = chosen(scores);
        try (HeadFit fit = fit(train).within(PRECISION).withMostIterations(MOST_ITERATIONS)) {
            double softCost = COSTS[Math.min(chosen, SOFT)];
            LinearHead soft = fit.solve(softCost, LinearHead.zeros(inputs, task.outputs()));
            LinearHead best = chosen <= SOFT ? soft : fit.solve(COSTS[chosen], soft);
            return new Found(best, soft, COSTS[chosen], scores[chosen]);
        }
    }

    /** The head of a cost, solved to its end. */
    LinearHead solved(Rows rows, double cost, LinearHead start) {
        try (HeadFit fit = fit(rows)) {
            return fit.solve(cost, start);
        }
    }

    private static int[] places(int[] order, IntPredicate taken) {
        return IntStream.range(0, order.length).filter(taken).map(i -> order[i]).toArray();
    }

    /** Large costs take most of the time, so where not all are asked for, a path ends at the first that is worse than one before. */
    private CostPath path(Rows learned, Rows held, boolean all) {
        List<LinearHead> heads = new ArrayList<>();
        double[] scores = new double[0];
        try (HeadFit fit = fit(learned).within(PRECISION).withMostIterations(MOST_ITERATIONS)) {
            LinearHead head = LinearHead.zeros(inputs, task.outputs());
            for (int i = 0; i < COSTS.length && (all || i < 2 || !isBetter(scores[i - 2], scores[i - 1])); i++) {
                head = fit.solve(COSTS[i], head);
                heads.add(head);
                scores = Arrays.copyOf(scores, i + 1);
                scores[i] = task.score(held.examples(), logits(head, held.vectors()));
            }
        }
        return new CostPath(heads, scores);
    }

    private int chosen(double[] scores) {
        int chosen = 0;
        for (int i = 1; i < scores.length; i++) {
            chosen = isBetter(scores[i], scores[chosen]) ? i : chosen;
        }
        return chosen;
    }

    private boolean isBetter(double score, double than) {
        return task.higherIsBetter() ? score > than : score < than;
    }

    private HeadFit fit(Rows rows) {
        List<float[]> features = new ArrayList<>();
        List<float[]> targets = new ArrayList<>();
        int outputs = task.outputs();
        for (int i = 0; i < rows.vectors().length; i++) {
            float[] target = rows.examples().get(i).target();
            float[] vectors = rows.vectors()[i];
            for (int row = 0; row < vectors.length / inputs; row++) {
                float[] ofRow = Arrays.copyOfRange(target, row * outputs, (row + 1) * outputs);
                if (!task.kind().isPerToken() || !isZero(ofRow)) {
                    features.add(Arrays.copyOfRange(vectors, row * inputs, (row + 1) * inputs));
                    targets.add(ofRow);
                }
            }
        }
        HeadFit fit = new HeadFit(task.kind(), features, targets).reporting(iterations);
        return biased ? fit : fit.withoutBias();
    }

    private static boolean isZero(float[] values) {
        for (float value : values) {
            if (value != 0) {
                return false;
            }
        }
        return true;
    }

    /** What a head gives for vectors. */
    static float[][] logits(LinearHead head, float[][] vectors) {
        float[][] logits = new float[vectors.length][];
        for (int i = 0; i < vectors.length; i++) {
            int rows = vectors[i].length / head.inputs();
            logits[i] = new float[rows * head.outputs()];
            for (int row = 0; row < rows; row++) {
                float[] vector = Arrays.copyOfRange(vectors[i], row * head.inputs(), (row + 1) * head.inputs());
                System.arraycopy(HeadFit.logits(head, vector), 0, logits[i], row * head.outputs(), head.outputs());
            }
        }
        return logits;
    }
}
