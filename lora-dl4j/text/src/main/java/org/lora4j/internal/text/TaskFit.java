/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.train.ShuffledIndices;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.Validation;

/**
 * Fits a head, and with it an adapter or all weights.
 *
 * <p>The head comes first: logistic or linear regression on the vectors of the frozen encoder, solved to its end, with the
 * cost among {@link #COSTS} that is best on the validation part. From there training goes on together with the encoder, so that
 * the encoder does not bend to a head that knows nothing yet (Kumar et al. 2022, arXiv:2202.10054). If no epoch is better
 * than the start, the start is kept.
 *
 * @apiNote Status: internal
 */
public final class TaskFit {

    /** What is tried for the head, as in LibLinear; ascending, so that each solution is the start of the next. */
    static final double[] COSTS = {1, 10, 100, 1000};

    /** A head that is sure of all examples has no gradient left for the encoder. */
    private static final double SOFT_COST = 10;

    /** Parts of the examples in turn that costs are tried on where there is no validation part. */
    private static final int FOLDS = 5;

    private final EncoderParts parts;
    private final HeadTask task;
    private final TextOptions options;
    private final List<EncodedText> train;
    private final List<EncodedText> validation;

    /**
     * What a fit gave.
     *
     * @param cost the cost chosen for the head
     * @param headScore score of the head alone on the validation part; without one, on parts in turn that it did not learn from
     * @param score score of the model on the validation part; empty without one
     * @param startKept whether no epoch was better than the head alone
     * @param training the run of the trainer; empty if only the head learned
     */
    public record Outcome(
            TaskModel model,
            double cost,
            double headScore,
            OptionalDouble score,
            boolean startKept,
            Optional<TrainingResult> training) {}

    private record Head(LinearHead head, double cost, double score) {}

    private record Heads(Head best, LinearHead soft) {}

    private TaskFit(
            EncoderParts parts,
            HeadTask task,
            TextOptions options,
            List<EncodedText> train,
            List<EncodedText> validation) {
        this.parts = parts;
        this.task = task;
        this.options = options;
        this.train = train;
        this.validation = validation;
    }

    /**
     * Fits a task.
     *
     * @param task what is learned
     * @param train the examples to learn from
     * @param validation those to choose by, none of which is learned from; none at all if everything is learned from, and the last
     *     epoch is kept
     * @param refit whether the validation part was taken from the examples to learn from: a head alone is then fitted to
     *     both once its cost is chosen
     */
    public static Outcome fit(
            EncoderParts parts,
            HeadTask task,
            TextOptions options,
            List<EncodedText> train,
            List<EncodedText> validation,
            boolean refit) {
        return new TaskFit(parts, task, options, train, validation).run(refit);
    }

    private Outcome run(boolean refit) {
        Vectors frozen = Vectors.frozen(parts, task.kind(), train, validation);
        Heads heads = validation.isEmpty() ? headsByFolds(frozen.train()) : heads(frozen);
        Head best = heads.best();
        OptionalDouble headScore = validation.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of(best.score());
        if (options.tuning() == Tuning.HEAD_ONLY) {
            LinearHead head = refit && !validation.isEmpty() ? refit(frozen, best) : best.head();
            return new Outcome(start(head), best.cost(), best.score(), headScore, false, Optional.empty());
        }
        TaskModel model = start(heads.soft());
        List<TokenizedText> texts = validation.stream().map(EncodedText::tokens).toList();
        Validation metric = new Validation(
                task.metric(), task.higherIsBetter(), () -> task.score(validation, model.outputs(texts)));
        Trainer.Builder trainer = Trainer.builder(model.trainable()).plan(options.planWithHead(!validation.isEmpty()));
        if (!validation.isEmpty()) {
            trainer.validation(metric);
        }
        options.fit().listeners().forEach(trainer::listener);
        TrainingResult result = trainer.build().train(new LabeledRows(train, task, parts, options));
        if (validation.isEmpty()) {
            return new Outcome(model, best.cost(), best.score(), headScore, false, Optional.of(result));
        }
        double trained = metric.metric().getAsDouble();
        if (isBetter(best.score(), trained)) {
            model.close();
            return new Outcome(start(best.head()), best.cost(), best.score(), headScore, true, Optional.of(result));
        }
        return new Outcome(model, best.cost(), best.score(), OptionalDouble.of(trained), false, Optional.of(result));
    }

    private TaskModel start(LinearHead head) {
        return TaskModel.start(
                parts,
                task.kind(),
                options.tuning(),
                options.adapter(),
                head,
                options.fit().seed());
    }

    private boolean isBetter(double score, double than) {
        return task.higherIsBetter() ? score > than : score < than;
    }

    /** The best head on vectors, and one that is not so sure of itself. */
    private Heads heads(Vectors vectors) {
        try (HeadFit fit = fit(train, vectors.train())) {
            LinearHead head = LinearHead.zeros(parts.weights().config().hidden(), task.outputs());
            LinearHead soft = head;
            Head best = null;
            for (double cost : COSTS) {
                head = fit.solve(cost, head);
                soft = cost == SOFT_COST ? head : soft;
                double score = task.score(validation, logits(head, vectors.validation()));
                if (best == null || isBetter(score, best.score())) {
                    best = new Head(head, cost, score);
                }
            }
            return new Heads(best, soft);
        }
    }

    /** The same where nothing is kept back: costs are tried by cross-validation, then the head learns from all. */
    private Heads headsByFolds(float[][] vectors) {
        int folds = Math.min(FOLDS, vectors.length);
        int[] order = ShuffledIndices.of(vectors.length, options.fit().seed(), 0);
        double[] scores = new double[COSTS.length];
        for (int fold = 0; fold < folds && folds > 1; fold++) {
            List<Integer> learned = new ArrayList<>();
            List<Integer> held = new ArrayList<>();
            for (int i = 0; i < order.length; i++) {
                (i % folds == fold ? held : learned).add(order[i]);
            }
            List<EncodedText> examples = held.stream().map(train::get).toList();
            try (HeadFit fit = fit(learned.stream().map(train::get).toList(), rows(vectors, learned))) {
                LinearHead head = LinearHead.zeros(parts.weights().config().hidden(), task.outputs());
                for (int i = 0; i < COSTS.length; i++) {
                    head = fit.solve(COSTS[i], head);
                    scores[i] += task.score(examples, logits(head, rows(vectors, held))) * held.size() / order.length;
                }
            }
        }
        int chosen = 0;
        for (int i = 1; i < COSTS.length; i++) {
            chosen = isBetter(scores[i], scores[chosen]) ? i : chosen;
        }
        try (HeadFit fit = fit(train, vectors)) {
            LinearHead head = LinearHead.zeros(parts.weights().config().hidden(), task.outputs());
            LinearHead soft = fit.solve(SOFT_COST, head);
            LinearHead best = COSTS[chosen] == SOFT_COST ? soft : fit.solve(COSTS[chosen], soft);
            return new Heads(new Head(best, COSTS[chosen], scores[chosen]), soft);
        }
    }

    private static float[][] rows(float[][] vectors, List<Integer> indices) {
        return indices.stream().map(i -> vectors[i]).toArray(float[][]::new);
    }

    private LinearHead refit(Vectors vectors, Head chosen) {
        List<EncodedText> all = new ArrayList<>(train);
        all.addAll(validation);
        try (HeadFit fit = fit(all, vectors.all())) {
            return fit.solve(chosen.cost(), chosen.head());
        }
    }

    private HeadFit fit(List<EncodedText> examples, float[][] vectors) {
        List<float[]> features = new ArrayList<>();
        List<float[]> targets = new ArrayList<>();
        int inputs = parts.weights().config().hidden();
        int outputs = task.outputs();
        for (int i = 0; i < vectors.length; i++) {
            float[] target = examples.get(i).target();
            for (int row = 0; row < vectors[i].length / inputs; row++) {
                float[] ofRow = Arrays.copyOfRange(target, row * outputs, (row + 1) * outputs);
                if (!task.kind().isPerToken() || !isZero(ofRow)) {
                    features.add(Arrays.copyOfRange(vectors[i], row * inputs, (row + 1) * inputs));
                    targets.add(ofRow);
                }
            }
        }
        return new HeadFit(task.kind(), features, targets);
    }

    private static boolean isZero(float[] values) {
        for (float value : values) {
            if (value != 0) {
                return false;
            }
        }
        return true;
    }

    private static float[][] logits(LinearHead head, float[][] vectors) {
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
