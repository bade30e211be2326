/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.pretrained.PretrainedHead;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.text.LabelTargets.LabelSettings;

/**
 * Tells the label of a text, or its labels.
 *
 * <pre>{@code
 * TextEncoder encoder = TextEncoder.named("all-minilm-l6-v2");
 * TextClassifier classifier = TextClassifier.builder(encoder).build().fit(train, validation);
 * Prediction p = classifier.predict("where is my card?");
 * classifier.save(directory);
 * TextClassifier again = TextClassifier.load(directory, encoder);
 * }</pre>
 *
 * @apiNote Status: stable
 */
public final class TextClassifier extends TextTask<String, LabeledText, Prediction, LabelEvaluation, TextClassifier> {

    private TextClassifier(Builder builder) {
        super(builder, new Spec(builder.settings()));
    }

    /**
     * Starts a classifier.
     *
     * @param encoder the encoder; shared, and never changed
     * @return a builder, which needs no further call
     */
    public static Builder builder(TextEncoder encoder) {
        return new Builder(encoder);
    }

    /**
     * Starts a classifier from a checkpoint that somebody fine-tuned, such as one of Hugging Face. It predicts what the checkpoint does. {@code
     * fit} goes on with its head, or, for other labels, with a new last layer, which the report says.
     *
     * @param directory the directory of the checkpoint
     * @return a builder, which needs no further call; {@code encoder()} of what it builds is to be closed
     * @throws org.lora4j.error.ModelFormatException if a file is damaged, the model cannot be read, or its head is one that another task
     *     reads; the message says which
     * @throws IOException if a file does not exist or cannot be read
     */
    public static Builder builder(Path directory) throws IOException {
        return new Builder(CheckpointTask.TEXT_CLASSIFIER.open("TextClassifier.builder", directory)).fromCheckpoint();
    }

    /**
     * Reads a classifier.
     *
     * @param directory where {@link #save} wrote it
     * @param encoder the encoder that it was made with
     * @return the classifier, which predicts what the saved one did
     * @throws IOException if a file is missing or damaged, or the encoder is another one; the message lists every
     *     difference
     */
    public static TextClassifier load(Path directory, TextEncoder encoder) throws IOException {
        return load(CheckpointTask.TEXT_CLASSIFIER, directory, encoder, TextClassifier::builder);
    }

    /**
     * Reads a classifier and the encoder that it was made with, which is closed with it.
     *
     * @param directory where {@link #save} wrote it, or the directory of a checkpoint of Hugging Face whose head is of this kind, which
     *     brings its encoder
     * @param encoderFolders folders below which the encoder may be looked for, by its path and its last names; none are needed for a
     *     published encoder ({@link TextEncoder#named})
     * @return the classifier, which predicts what the saved one did
     * @throws IOException as {@link #load(Path, TextEncoder)}, and if the encoder is not found there, is a link to elsewhere, or has other
     *     weights than when this was saved
     */
    public static TextClassifier load(Path directory, Path... encoderFolders) throws IOException {
        return load(CheckpointTask.TEXT_CLASSIFIER, directory, TextClassifier::builder, encoderFolders);
    }

    @Override
    protected TextClassifier self() {
        return this;
    }

    /**
     * The labels that it tells apart.
     *
     * @return in alphabetical order; those of a checkpoint in the order of its outputs
     * @throws IllegalStateException if nothing was learned yet
     */
    public List<String> labels() {
        return ((LabelTargets<?, ?>) learned("labels")).labels();
    }

    /**
     * Whether a text may have any number of labels, each with a probability of its own.
     *
     * @return true if so; false if a text has one, and the probabilities of all labels add up to 1
     * @throws IllegalStateException if nothing was learned yet
     */
    public boolean severalLabels() {
        return learned("severalLabels").head() == TaskExporter.Head.SEVERAL_CLASSES;
    }

    /**
     * Collects what a classifier needs.
     *
     * @apiNote Status: stable
     */
    public static final class Builder extends TextTaskBuilder<Builder, TextClassifier> {

        private boolean several;
        private double threshold = 0.5;
        private boolean balanced;
        private Map<String, Double> weights = Map.of();

        private Builder(TextEncoder encoder) {
            super("TextClassifier", encoder);
        }

        @Override
        protected Builder self() {
            return this;
        }

        /**
         * Lets a text have any number of labels, none included.
         *
         * @return this
         */
        public Builder severalLabels() {
            several = true;
            return this;
        }

        /**
         * Sets from which probability on a label is given, if there may be several; 0.5 by default.
         *
         * @param probability above 0 and below 1
         * @return this
         */
        public Builder threshold(double probability) {
            threshold = probability;
            return this;
        }

        /**
         * Lets every label count the same, however few examples it has: each is weighed by the inverse of its share. For
         * texts with one label.
         *
         * @return this
         */
        public Builder balancedLabels() {
            balanced = true;
            return this;
        }

        /**
         * Sets how much labels count: an example of a label with weight 3 counts as three. For texts with one label.
         *
         * @param byLabel weights, finite numbers above 0; 1 for labels that it does not name
         * @return this
         */
        public Builder classWeights(Map<String, Double> byLabel) {
            Map<String, Double> copy = new LinkedHashMap<>();
            Arguments.allRequired(byLabel, "TextClassifier.classWeights: byLabel", "a weight")
                    .forEach((label, weight) -> copy.put(LabelText.trimmed(label), weight));
            weights = Collections.unmodifiableMap(copy);
            return this;
        }

        private LabelSettings settings() {
            boolean ofCheckpoint =
                    head().filter(CheckpointTask::isSeveralLabels).isPresent();
            return new LabelSettings(several || ofCheckpoint, threshold, balanced, weights);
        }

        @Override
        protected void check(Problems problems) {
            super.check(problems);
            settings().check(problems);
            problems.check(
                    threshold > 0 && threshold < 1,
                    "threshold = " + threshold + ", expected a probability above 0 and below 1");
            problems.check(
                    !(balanced && several), "balancedLabels with severalLabels is not supported, expected one of them");
        }

        @Override
        protected TextClassifier make() {
            return new TextClassifier(this);
        }
    }

    private record Spec(LabelSettings settings)
            implements CheckpointSpec<String, LabeledText, Prediction, LabelEvaluation> {

        @Override
        public Kind kind() {
            return new Kind("text-classification", "SEQ_CLS", false);
        }

        @Override
        public String input(LabeledText example) {
            return example.text();
        }

        @Override
        public LabeledText tidy(LabeledText example) {
            return new LabeledText(
                    example.text(),
                    example.labels().stream().map(LabelText::trimmed).toList());
        }

        @Override
        public List<String> labels(LabeledText example) {
            return example.labels();
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
        public Targets<String, LabeledText, Prediction> targets(List<LabeledText> train) {
            return LabelTargets.of("TextClassifier.fit", train, LabeledText::labels, settings);
        }

        @Override
        public Targets<String, LabeledText, Prediction> targets(Path file, Map<String, Object> description)
                throws IOException {
            return LabelTargets.read(file, description, LabeledText::labels, settings);
        }

        @Override
        public Targets<String, LabeledText, Prediction> targets(PretrainedHead head) {
            return LabelTargets.of(head, LabeledText::labels, settings);
        }

        @Override
        public Optional<Targets<String, LabeledText, Prediction>> targets(
                PretrainedHead head, List<LabeledText> train) {
            return LabelTargets.<String, LabeledText>of(
                            head, "TextClassifier.fit", train, LabeledText::labels, settings)
                    .map(own -> own);
        }

        @Override
        public LabelEvaluation evaluate(List<LabeledText> examples, List<Prediction> predictions) {
            return LabelEvaluation.of(
                    examples.stream().map(LabeledText::labels).toList(),
                    predictions.stream().map(Prediction::labels).toList());
        }
    }
}
