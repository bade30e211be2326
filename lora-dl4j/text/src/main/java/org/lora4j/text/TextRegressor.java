/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.text.LinearHead;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.PretrainedHead;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.weights.ModelWeights;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Tells a number of a text, such as a grade or a price.
 *
 * <pre>{@code
 * TextRegressor regressor = TextRegressor.builder(encoder).build().fit(train, validation);
 * double grade = regressor.predict("a very good film");
 * }</pre>
 *
 * <p>Its head, in the graph as in exports, gives numbers less the mean of those learned from, divided by their deviation; {@code
 * lora4j_text.json} has both.
 *
 * @apiNote Status: stable
 */
public final class TextRegressor extends TextTask<String, ScoredText, Double, RegressionEvaluation, TextRegressor> {

    private TextRegressor(TaskBuilder<TextRegressor> builder) {
        super(builder, new Spec());
    }

    /**
     * Starts a regressor.
     *
     * @param encoder the encoder; shared, and never changed
     * @return a builder, which needs no further call
     */
    public static TaskBuilder<TextRegressor> builder(TextEncoder encoder) {
        return new TaskBuilder<>("TextRegressor", encoder, TextRegressor::new);
    }

    /**
     * Starts a regressor from a checkpoint that somebody fine-tuned, such as one of Hugging Face. It predicts what the checkpoint does. {@code
     * fit} goes on with its head, or, for a head that was left out, with a new last layer, which the report says.
     *
     * @param directory the directory of the checkpoint
     * @return a builder, which needs no further call; {@code encoder()} of what it builds is to be closed
     * @throws org.lora4j.error.ModelFormatException if a file is damaged, the model cannot be read, or its head is one that another task
     *     reads; the message says which
     * @throws IOException if a file does not exist or cannot be read
     */
    public static TaskBuilder<TextRegressor> builder(Path directory) throws IOException {
        return builder(CheckpointTask.TEXT_REGRESSOR.open("TextRegressor.builder", directory))
                .fromCheckpoint();
    }

    /**
     * Reads a regressor.
     *
     * @param directory where {@link #save} wrote it
     * @param encoder the encoder that it was made with
     * @return the regressor, which predicts what the saved one did
     * @throws IOException if a file is missing or damaged, or the encoder is another one; the message lists every
     *     difference
     */
    public static TextRegressor load(Path directory, TextEncoder encoder) throws IOException {
        return load(CheckpointTask.TEXT_REGRESSOR, directory, encoder, TextRegressor::builder);
    }

    /**
     * Reads a regressor and the encoder that it was made with, which is closed with it.
     *
     * @param directory where {@link #save} wrote it, or the directory of a checkpoint of Hugging Face whose head is of this kind, which
     *     brings its encoder
     * @param encoderFolders folders below which the encoder may be looked for, by its path and its last names; none are needed for a
     *     published encoder ({@link TextEncoder#named})
     * @return the regressor, which predicts what the saved one did
     * @throws IOException as {@link #load(Path, TextEncoder)}, and if the encoder is not found there, is a link to elsewhere, or has other
     *     weights than when this was saved
     */
    public static TextRegressor load(Path directory, Path... encoderFolders) throws IOException {
        return load(CheckpointTask.TEXT_REGRESSOR, directory, TextRegressor::builder, encoderFolders);
    }

    @Override
    protected TextRegressor self() {
        return this;
    }

    private static final class Spec implements CheckpointSpec<String, ScoredText, Double, RegressionEvaluation> {

        private static final String MEAN = "mean";
        private static final String DEVIATION = "deviation";

        @Override
        public Kind kind() {
            return new Kind("text-regression", "SEQ_CLS", false);
        }

        @Override
        public String input(ScoredText example) {
            return example.text();
        }

        @Override
        public List<String> texts(String input) {
            return List.of(input);
        }

        @Override
        public TokenizedText tokens(TextEncoder encoder, String input) {
            return encoder.tokens(input);
        }

        @Override
        public Targets<String, ScoredText, Double> targets(List<ScoredText> train) {
            double mean =
                    train.stream().mapToDouble(ScoredText::value).average().orElseThrow();
            double variance = train.stream()
                    .mapToDouble(text -> (text.value() - mean) * (text.value() - mean))
                    .average()
                    .orElseThrow();
            if (!(variance > 0)) {
                throw new IllegalArgumentException("TextRegressor.fit: all examples have the number " + mean
                        + "; expected different ones to learn from.");
            }
            return new Numbers(mean, Math.sqrt(variance));
        }

        @Override
        public Targets<String, ScoredText, Double> targets(Path file, Map<String, Object> description)
                throws IOException {
            if (description.get(MEAN) instanceof Number mean
                    && description.get(DEVIATION) instanceof Number deviation
                    && deviation.doubleValue() > 0) {
                return new Numbers(mean.doubleValue(), deviation.doubleValue());
            }
            throw new CorruptAdapterException(file + ": mean = " + MessageText.value(description.get(MEAN))
                    + ", deviation = " + MessageText.value(description.get(DEVIATION))
                    + "; expected two numbers, the second above 0. Save the task again.");
        }

        @Override
        public Targets<String, ScoredText, Double> targets(PretrainedHead head) {
            return new Numbers(0, 1);
        }

        @Override
        public Optional<Targets<String, ScoredText, Double>> targets(PretrainedHead head, List<ScoredText> train) {
            Targets<String, ScoredText, Double> asked = targets(train);
            // A mean can be a part of a bias only.
            return Optional.of(head.last().stream().allMatch(last -> last.bias() == null) ? aroundZero(train) : asked);
        }

        private static Numbers aroundZero(List<ScoredText> train) {
            double square = train.stream()
                    .mapToDouble(text -> text.value() * text.value())
                    .average()
                    .orElseThrow();
            return new Numbers(0, Math.sqrt(square));
        }

        /** The checkpoint's numbers less the mean, divided by the deviation. */
        @Override
        public LinearHead start(PretrainedHead head, Targets<String, ScoredText, Double> targets) {
            LinearHead own = LinearHead.of(head.last().orElseThrow());
            return ((Numbers) targets).scaled(own);
        }

        @Override
        public RegressionEvaluation evaluate(List<ScoredText> examples, List<Double> predictions) {
            return RegressionEvaluation.of(
                    examples.stream().mapToDouble(ScoredText::value).toArray(),
                    predictions.stream().mapToDouble(value -> value).toArray());
        }
    }

    /** Numbers as the head learns them: less their mean, divided by their deviation. */
    private record Numbers(double mean, double deviation) implements Targets<String, ScoredText, Double> {

        /** The last layer of a head: one with a hidden layer, one without, and that of a decoder. */
        private static final List<String> LAST =
                List.of(EncoderClassifier.HEAD + ".out_proj", EncoderClassifier.HEAD, "score");

        /** A head of numbers as one of these. */
        LinearHead scaled(LinearHead head) {
            float[] weight = new float[head.weight().length];
            for (int i = 0; i < weight.length; i++) {
                weight[i] = (float) (head.weight()[i] / deviation);
            }
            return new LinearHead(
                    head.inputs(), 1, weight, new float[] {(float) ((head.bias()[0] - mean) / deviation)});
        }

        @Override
        public List<String> names() {
            return List.of("value");
        }

        @Override
        public ModelWeights forOthers(ModelWeights weights) {
            Map<String, INDArray> all = new LinkedHashMap<>();
            weights.names().forEach(name -> all.put(name, weights.get(name)));
            String last = LAST.stream()
                    .filter(module -> all.containsKey(module + ".weight"))
                    .findFirst()
                    .orElse(EncoderClassifier.HEAD);
            all.computeIfPresent(last + ".weight", (name, weight) -> weight.mul(deviation));
            all.computeIfPresent(
                    last + ".bias", (name, bias) -> bias.mul(deviation).addi(mean));
            return ModelWeights.of(all);
        }

        @Override
        public TaskExporter.Head head() {
            return TaskExporter.Head.NUMBER;
        }

        @Override
        public String metric() {
            return "RMSE";
        }

        @Override
        public boolean higherIsBetter() {
            return false;
        }

        @Override
        public void check(ScoredText example, String where, Problems problems) {
            // Every finite number can be learned, and examples have no others.
        }

        @Override
        public float[] encode(ScoredText example, TokenizedText tokens) {
            return new float[] {(float) ((example.value() - mean) / deviation)};
        }

        @Override
        public String inWords(float[] target, float[] numbers) {
            return NumbersInWords.number(mean + deviation * numbers[0]);
        }

        @Override
        public Double decode(String input, TokenizedText tokens, float[] logits) {
            return mean + deviation * logits[0];
        }

        @Override
        public double score(List<float[]> targets, float[][] logits) {
            double squares = 0;
            for (int i = 0; i < logits.length; i++) {
                double error = deviation * (logits[i][0] - targets.get(i)[0]);
                squares += error * error;
            }
            return Math.sqrt(squares / logits.length);
        }

        @Override
        public Map<String, Object> description() {
            return Map.of(Spec.MEAN, mean, Spec.DEVIATION, deviation);
        }
    }
}
