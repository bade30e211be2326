/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.ToDoubleFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Progress;
import org.lora4j.train.ShuffledIndices;
import org.lora4j.train.Trainable;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.Validation;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Fits an encoder to a loss between vectors.
 *
 * @apiNote Status: internal
 */
public final class EmbeddingFit {

    static final TaskModel.Output OUTPUT = new TaskModel.Output(EncoderGraph.POOLED, false);

    /** Placeholder of the gradient that arrives at the vectors. */
    static final String GRADIENT = "embedding_gradient";

    /**
     * What is to be learned.
     *
     * @param examples the examples, their texts by index
     * @apiNote Status: internal
     */
    public record Data(List<TokenizedText> texts, List<SentenceRows> examples, EmbeddingLoss loss) {}

    /**
     * What a fit gave.
     *
     * @param before the metric of the encoder as it was read; empty without validation
     * @param after the metric of the model; empty without validation
     * @param startKept whether no epoch was better than the encoder as it was read
     * @param training the run of the trainer
     * @apiNote Status: internal
     */
    public record Outcome(
            TaskModel model, OptionalDouble before, OptionalDouble after, boolean startKept, TrainingResult training) {}

    private EmbeddingFit() {}

    /** The graph: encoder, and a loss that is linear in the vectors. */
    static SameDiff graph(EncoderParts parts, EncoderWeights weights) {
        SameDiff sd = EncoderGraph.create(weights, parts.pooling(), parts.tokenTypes())
                .graph();
        SDVariable gradient = sd.placeHolder(
                GRADIENT,
                weights.dataType(),
                -1,
                parts.pooling().dimension(weights.config().hidden()));
        SDVariable product = sd.getVariable(EncoderGraph.POOLED).mul("loss/products", gradient);
        sd.mean(EncoderClassifier.LOSS, sd.sum("loss/of_rows", product, 1), 0);
        sd.setLossVariables(EncoderClassifier.LOSS);
        return sd;
    }

    /**
     * Fits an encoder.
     *
     * @param options how; a batch has so many examples, and its parts so many tokens
     * @param score computes it, higher is better; empty without a validation part
     * @param progress says how far the fit is
     * @return the outcome: the encoder as it was read if nothing was better
     */
    public static Outcome fit(
            EncoderParts parts,
            Data data,
            TextOptions options,
            String metric,
            Optional<ToDoubleFunction<TaskModel>> score,
            Progress progress) {
        TaskModel model = start(parts, options);
        ModelPreflight.require(options, model);
        OptionalDouble before = value(score, model);
        Trainer.Builder trainer = Trainer.builder(
                        options.fit().view().apply(trainable(model.trainable(), parts, data, options)))
                .plan(options.fit().plan(score.isPresent(), UnaryOperator.identity()))
                .progress(progress);
        score.ifPresent(of -> trainer.validation(Validation.higherIsBetter(metric, () -> of.applyAsDouble(model))));
        options.fit().listeners().forEach(trainer::listener);
        int examples = data.examples().size();
        TrainingResult result = options.run().of(trainer, batches(examples, options.batchSize(examples)));
        OptionalDouble after = value(score, model);
        if (score.isPresent() && before.getAsDouble() > after.getAsDouble()) {
            model.close();
            return new Outcome(start(parts, options), before, before, true, result);
        }
        return new Outcome(model, before, after, false, result);
    }

    private static OptionalDouble value(Optional<ToDoubleFunction<TaskModel>> score, TaskModel model) {
        return score.map(of -> OptionalDouble.of(of.applyAsDouble(model))).orElse(OptionalDouble.empty());
    }

    private static TaskModel start(EncoderParts parts, TextOptions options) {
        SameDiff graph = graph(parts, TaskModel.weights(parts, options.tuning()));
        return TaskModel.start(
                graph,
                OUTPUT,
                parts,
                options.tuning(),
                options.adapter(),
                options.fit().seed());
    }

    /**
     * The encoder as it was read, as a model.
     *
     * @return a model that does not learn
     */
    public static TaskModel frozen(EncoderParts parts) {
        return TaskModel.start(graph(parts, parts.weights()), OUTPUT, parts, Tuning.HEAD_ONLY, null, 0);
    }

    static Trainable trainable(Trainable encoder, EncoderParts parts, Data data, TextOptions options) {
        return encoder.executedBy(executor -> new EmbeddingExecutor(
                executor,
                parts,
                data.loss(),
                data.texts(),
                data.examples(),
                Integer.MAX_VALUE,
                options.fit().tokenBudget()));
    }

    /** Examples in a new order in every epoch. */
    private static Batches batches(int examples, int size) {
        return new Batches() {
            @Override
            public Iterator<Batch> epoch(int epoch, long seed) {
                int[] order = ShuffledIndices.of(examples, seed, epoch);
                return IntStream.range(0, count())
                        .mapToObj(i -> {
                            int[] part = Arrays.copyOfRange(order, start(i), start(i + 1));
                            INDArray indices = Nd4j.createFromArray(part);
                            return Batch.disposable(Map.of(EmbeddingExecutor.EXAMPLES, indices), part.length);
                        })
                        .iterator();
            }

            // Of about the same size, as a last batch of one example would have nothing to compare it with.
            private int start(int batch) {
                return (int) ((long) batch * examples / count());
            }

            private int count() {
                return (examples + size - 1) / size;
            }

            @Override
            public OptionalLong batchesPerEpoch() {
                return OptionalLong.of(count());
            }
        };
    }
}
