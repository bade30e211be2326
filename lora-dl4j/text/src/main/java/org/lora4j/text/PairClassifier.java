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
 * Tells what two texts are to each other: whether one follows from the other, or answers it. Both go through the encoder as one
 * sequence, the second with token type 1 where the encoder has types.
 *
 * <pre>{@code
 * PairClassifier classifier = PairClassifier.builder(encoder).build().fit(train, validation);
 * Prediction p = classifier.predict("a man sleeps", "nobody is awake");
 * }</pre>
 *
 * @apiNote Status: stable
 */
public final class PairClassifier extends TextTask<TextPair, LabeledPair, Prediction, LabelEvaluation, PairClassifier> {

    private PairClassifier(Builder builder) {
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
        return new Builder(CheckpointTask.PAIR_CLASSIFIER.open("PairClassifier.builder", directory)).fromCheckpoint();
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
    public static PairClassifier load(Path directory, TextEncoder encoder) throws IOException {
        return load(CheckpointTask.PAIR_CLASSIFIER, directory, encoder, PairClassifier::builder);
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
    public static PairClassifier load(Path directory, Path... encoderFolders) throws IOException {
        return load(CheckpointTask.PAIR_CLASSIFIER, directory, PairClassifier::builder, encoderFolders);
    }

    @Override
    protected PairClassifier self() {
        return this;
    }

    /**
     * Predicts for two texts.
     *
     * @param first the one
     * @param second the other
     * @return the prediction
     * @throws IllegalStateException as {@link #predict(Object)}
     * @throws IllegalArgumentException as {@link #predict(Object)}
     */
    public Prediction predict(String first, String second) {
        return predict(new TextPair(first, second));
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
     * Collects what a classifier of pairs needs.
     *
     * @apiNote Status: stable
     */
    public static final class Builder extends TextTaskBuilder<Builder, PairClassifier> {

        private boolean balanced;
        private Map<String, Double> weights = Map.of();

        private Builder(TextEncoder encoder) {
            super("PairClassifier", encoder);
        }

        @Override
        protected Builder self() {
            return this;
        }

        /**
         * Lets every label count the same, however few examples it has.
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
            Arguments.allRequired(byLabel, "PairClassifier.classWeights: byLabel", "a weight")
                    .forEach((label, weight) -> copy.put(LabelText.trimmed(label), weight));
            weights = Collections.unmodifiableMap(copy);
            return this;
        }

        private LabelSettings settings() {
            return new LabelSettings(false, 0.5, balanced, weights);
        }

        @Override
        protected void check(Problems problems) {
            super.check(problems);
            settings().check(problems);
        }

        @Override
        protected PairClassifier make() {
            return new PairClassifier(this);
        }
    }

    private record Spec(LabelSettings settings) implements PairSpec<LabeledPair, Prediction, LabelEvaluation> {

        @Override
        public Kind kind() {
            return new Kind("pair-classification", "SEQ_CLS", true);
        }

        @Override
        public TextPair input(LabeledPair example) {
            return example.pair();
        }

        @Override
        public Targets<TextPair, LabeledPair, Prediction> targets(List<LabeledPair> train) {
            return LabelTargets.of("PairClassifier.fit", train, this::labels, settings);
        }

        @Override
        public Targets<TextPair, LabeledPair, Prediction> targets(Path file, Map<String, Object> description)
                throws IOException {
            return LabelTargets.read(file, description, this::labels, settings);
        }

        @Override
        public LabeledPair tidy(LabeledPair example) {
            return new LabeledPair(example.pair(), LabelText.trimmed(example.label()));
        }

        @Override
        public List<String> labels(LabeledPair example) {
            return List.of(example.label());
        }

        @Override
        public Targets<TextPair, LabeledPair, Prediction> targets(PretrainedHead head) {
            return LabelTargets.of(head, this::labels, settings);
        }

        @Override
        public Optional<Targets<TextPair, LabeledPair, Prediction>> targets(
                PretrainedHead head, List<LabeledPair> train) {
            return LabelTargets.<TextPair, LabeledPair>of(head, "PairClassifier.fit", train, this::labels, settings)
                    .map(own -> own);
        }

        @Override
        public LabelEvaluation evaluate(List<LabeledPair> examples, List<Prediction> predictions) {
            return LabelEvaluation.of(
                    examples.stream().map(this::labels).toList(),
                    predictions.stream().map(Prediction::labels).toList());
        }
    }

    /** What tasks of two texts have in common. */
    interface PairSpec<E, P, R> extends CheckpointSpec<TextPair, E, P, R> {

        @Override
        default List<String> texts(TextPair input) {
            return List.of(input.first(), input.second());
        }

        @Override
        default TokenizedText tokens(TextEncoder encoder, TextPair input) {
            return encoder.tokenizer().tokenizePair(input.first(), input.second());
        }
    }
}
