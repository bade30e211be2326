/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.Arguments;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.pretrained.EncoderClassifier;
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
     * Reads a regressor.
     *
     * @param directory where {@link #save} wrote it
     * @param encoder the encoder that it was made with
     * @return the regressor, which predicts what the saved one did
     * @throws IOException if a file is missing or damaged, or the encoder is another one; the message lists every
     *     difference
     */
    public static TextRegressor load(Path directory, TextEncoder encoder) throws IOException {
        Arguments.required(directory, "TextRegressor.load: directory", "a directory that save wrote");
        Arguments.required(encoder, "TextRegressor.load: encoder", "an encoder, such as TextEncoder.load(directory)");
        return builder(encoder).build().read(directory);
    }

    /**
     * Reads a regressor and the encoder that it was made with, which is closed with it.
     *
     * @param directory where {@link #save} wrote it
     * @param encoderFolders folders below which the encoder may be looked for, by its path and its last names; none are needed for a
     *     published encoder ({@link TextEncoder#named})
     * @return the regressor, which predicts what the saved one did
     * @throws IOException as {@link #load(Path, TextEncoder)}, and if the encoder is not found there, is a link to elsewhere, or has other
     *     weights than when this was saved
     */
    public static TextRegressor load(Path directory, Path... encoderFolders) throws IOException {
        return load(directory, "TextRegressor.load", TextRegressor::builder, encoderFolders);
    }

    @Override
    protected TextRegressor self() {
        return this;
    }

    private static final class Spec implements TaskSpec<String, ScoredText, Double, RegressionEvaluation> {

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
            return encoder.tokenizer().tokenize(encoder.prefixes().text() + input);
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
        public RegressionEvaluation evaluate(List<ScoredText> examples, List<Double> predictions) {
            return RegressionEvaluation.of(
                    examples.stream().mapToDouble(ScoredText::value).toArray(),
                    predictions.stream().mapToDouble(value -> value).toArray());
        }
    }

    /** Numbers as the head learns them: less their mean, divided by their deviation. */
    private record Numbers(double mean, double deviation) implements Targets<String, ScoredText, Double> {

        @Override
        public List<String> names() {
            return List.of("value");
        }

        @Override
        public ModelWeights forOthers(ModelWeights weights) {
            Map<String, INDArray> all = new LinkedHashMap<>();
            weights.names().forEach(name -> all.put(name, weights.get(name)));
            all.computeIfPresent(EncoderClassifier.HEAD + ".weight", (name, weight) -> weight.mul(deviation));
            all.computeIfPresent(
                    EncoderClassifier.HEAD + ".bias",
                    (name, bias) -> bias.mul(deviation).addi(mean));
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
