/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.pretrained.PretrainedHead;
import org.lora4j.pretrained.TokenizedText;

/**
 * Finds entities in texts, or labels words: a tag for each word, such as {@code O}, {@code B-type}, {@code I-type}.
 *
 * <pre>{@code
 * TokenClassifier tagger = TokenClassifier.builder(encoder).build().fit(train, validation);
 * TaggedWords tagged = tagger.predict("play the new album by Björk");
 * }</pre>
 *
 * <p>A word's tag is that of its first piece; its other pieces are neither learned from nor asked. If all tags say where in an entity
 * a word stands (BIO, IO, BIOES, BILOU), an evaluation counts entities as seqeval does: right is one with the right type, first and
 * last word. Else it counts words, which are its examples then; words that are tagged {@code O} have no label.
 *
 * @apiNote Status: stable
 */
public final class TokenClassifier
        extends TextTask<List<String>, LabeledWords, TaggedWords, LabelEvaluation, TokenClassifier> {

    private TokenClassifier(TaskBuilder<TokenClassifier> builder) {
        super(builder, new Spec());
    }

    /**
     * Starts a tagger.
     *
     * @param encoder the encoder; shared, and never changed
     * @return a builder, which needs no further call
     */
    public static TaskBuilder<TokenClassifier> builder(TextEncoder encoder) {
        return new TaskBuilder<>("TokenClassifier", encoder, TokenClassifier::new);
    }

    /**
     * Starts a tagger from a checkpoint that somebody fine-tuned, such as one of Hugging Face. It predicts what the checkpoint does. {@code
     * fit} goes on with its head, or, for other tags, with a new last layer, which the report says.
     *
     * @param directory the directory of the checkpoint
     * @return a builder, which needs no further call; {@code encoder()} of what it builds is to be closed
     * @throws org.lora4j.error.ModelFormatException if a file is damaged, the model cannot be read, or its head is one that another task
     *     reads; the message says which
     * @throws IOException if a file does not exist or cannot be read
     */
    public static TaskBuilder<TokenClassifier> builder(Path directory) throws IOException {
        return builder(CheckpointTask.TOKEN_CLASSIFIER.open("TokenClassifier.builder", directory))
                .fromCheckpoint();
    }

    /**
     * Reads a tagger.
     *
     * @param directory where {@link #save} wrote it
     * @param encoder the encoder that it was made with
     * @return the tagger, which predicts what the saved one did
     * @throws IOException if a file is missing or damaged, or the encoder is another one; the message lists every
     *     difference
     */
    public static TokenClassifier load(Path directory, TextEncoder encoder) throws IOException {
        return load(CheckpointTask.TOKEN_CLASSIFIER, directory, encoder, TokenClassifier::builder);
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
    public static TokenClassifier load(Path directory, Path... encoderFolders) throws IOException {
        return load(CheckpointTask.TOKEN_CLASSIFIER, directory, TokenClassifier::builder, encoderFolders);
    }

    @Override
    protected TokenClassifier self() {
        return this;
    }

    /**
     * Predicts for a text, split as {@link LabeledWords#split} does.
     *
     * @param text the text
     * @return its words and their tags
     * @throws IllegalStateException as {@link #predict(Object)}
     * @throws IllegalArgumentException as {@link #predict(Object)}
     */
    public TaggedWords predict(String text) {
        return predict(List.of(LabeledWords.split(text))).get(0);
    }

    /**
     * The tags that it gives.
     *
     * @return in alphabetical order; those of a checkpoint in the order of its outputs
     * @throws IllegalStateException if nothing was learned yet
     */
    public List<String> tags() {
        return ((Tags) learned("tags")).tags;
    }

    private static final class Spec
            implements CheckpointSpec<List<String>, LabeledWords, TaggedWords, LabelEvaluation> {

        @Override
        public Kind kind() {
            return new Kind("token-classification", "TOKEN_CLS", false);
        }

        @Override
        public List<String> input(LabeledWords example) {
            return example.words();
        }

        @Override
        public LabeledWords tidy(LabeledWords example) {
            return new LabeledWords(
                    example.words(),
                    example.tags().stream().map(LabelText::trimmed).toList());
        }

        @Override
        public List<String> texts(List<String> input) {
            // A text without words is as empty as one of blanks.
            return input.isEmpty() ? List.of("") : input;
        }

        @Override
        public TokenizedText tokens(TextEncoder encoder, List<String> input) {
            return encoder.tokenizer().tokenizeWords(input);
        }

        @Override
        public Targets<List<String>, LabeledWords, TaggedWords> targets(List<LabeledWords> train) {
            TreeSet<String> tags = new TreeSet<>();
            train.forEach(example -> tags.addAll(example.tags()));
            if (tags.size() < 2) {
                throw new IllegalArgumentException("TokenClassifier.fit: the examples to learn from have "
                        + (tags.isEmpty() ? "no tag" : "a single tag, " + Problems.quoted(tags))
                        + "; expected two or more to tell apart. Add examples of others.");
            }
            return new Tags(List.copyOf(tags));
        }

        @Override
        public Targets<List<String>, LabeledWords, TaggedWords> targets(Path file, Map<String, Object> description)
                throws IOException {
            return new Tags(LabelTargets.texts(file, description, "tags"));
        }

        @Override
        public Targets<List<String>, LabeledWords, TaggedWords> targets(PretrainedHead head) {
            return new Tags(head.labels());
        }

        @Override
        public Optional<Targets<List<String>, LabeledWords, TaggedWords>> targets(
                PretrainedHead head, List<LabeledWords> train) {
            boolean same = head.labels().containsAll(targets(train).names());
            return same ? Optional.of(targets(head)) : Optional.empty();
        }

        @Override
        public LabelEvaluation evaluate(List<LabeledWords> examples, List<TaggedWords> predictions) {
            List<List<String>> truth = examples.stream().map(LabeledWords::tags).toList();
            List<List<String>> given =
                    predictions.stream().map(TaggedWords::tags).toList();
            Set<String> all = new HashSet<>();
            truth.forEach(all::addAll);
            given.forEach(all::addAll);
            return TagScheme.of(all).evaluation(truth, given);
        }
    }

    /** Tags as classes of tokens: that of a word at its first piece. */
    private static final class Tags implements Targets<List<String>, LabeledWords, TaggedWords> {

        private final List<String> tags;
        private final TagScheme scheme;
        private final Map<String, Integer> indices = new HashMap<>();

        private Tags(List<String> tags) {
            this.tags = tags;
            this.scheme = TagScheme.of(tags);
            tags.forEach(tag -> indices.put(tag, indices.size()));
        }

        @Override
        public List<String> names() {
            return tags;
        }

        @Override
        public TaskExporter.Head head() {
            return TaskExporter.Head.TAGS;
        }

        @Override
        public String metric() {
            return scheme.metric();
        }

        @Override
        public void check(LabeledWords example, String where, Problems problems) {
            // A tag of every word is there by construction.
        }

        @Override
        public List<String> unknown(LabeledWords example) {
            return example.tags().stream()
                    .filter(tag -> !indices.containsKey(tag))
                    .toList();
        }

        @Override
        public String what() {
            return "tag";
        }

        @Override
        public float[] encode(LabeledWords example, TokenizedText tokens) {
            float[] target = new float[tokens.length() * tags.size()];
            int last = -1;
            for (int token = 0; token < tokens.length(); token++) {
                int word = tokens.wordIds()[token];
                if (word >= 0 && word != last) {
                    target[token * tags.size() + indices.get(example.tags().get(word))] = 1;
                    last = word;
                }
            }
            return target;
        }

        @Override
        public TaggedWords decode(List<String> input, TokenizedText tokens, float[] logits) {
            String[] given = new String[input.size()];
            Double[] scores = new Double[input.size()];
            Arrays.fill(given, LabeledWords.OUTSIDE);
            Arrays.fill(scores, 0.0);
            int last = -1;
            for (int token = 0; token < tokens.length(); token++) {
                int word = tokens.wordIds()[token];
                if (word >= 0 && word != last) {
                    int best = best(logits, token);
                    given[word] = tags.get(best);
                    scores[word] = Scores.softmax(
                            Arrays.copyOfRange(logits, token * tags.size(), (token + 1) * tags.size()))[best];
                    last = word;
                }
            }
            List<String> all = List.of(given);
            return new TaggedWords(input, all, List.of(scores), scheme.entities(all));
        }

        private int best(float[] values, int token) {
            int best = 0;
            for (int j = 1; j < tags.size(); j++) {
                best = values[token * tags.size() + j] > values[token * tags.size() + best] ? j : best;
            }
            return best;
        }

        @Override
        public double score(List<float[]> targets, float[][] logits) {
            List<List<String>> truth = new ArrayList<>();
            List<List<String>> given = new ArrayList<>();
            for (int i = 0; i < logits.length; i++) {
                float[] target = targets.get(i);
                List<String> right = new ArrayList<>();
                List<String> ours = new ArrayList<>();
                for (int token = 0; token < target.length / tags.size(); token++) {
                    int tag = best(target, token);
                    if (target[token * tags.size() + tag] != 0) {
                        right.add(tags.get(tag));
                        ours.add(tags.get(best(logits[i], token)));
                    }
                }
                truth.add(right);
                given.add(ours);
            }
            return scheme.evaluation(truth, given).f1();
        }

        @Override
        public List<String> notes() {
            List<String> placed = tags.stream().filter(TagScheme::hasPlace).toList();
            List<String> others = tags.stream()
                    .filter(tag -> !TagScheme.hasPlace(tag) && !TagScheme.isOutside(tag))
                    .toList();
            return placed.isEmpty() || others.isEmpty()
                    ? List.of()
                    : List.of(
                            "the tags " + MessageText.values(others) + " say no place in an entity, others do, such as "
                                    + MessageText.name(placed.get(0)) + ": words are scored, not entities");
        }

        @Override
        public Map<String, Object> description() {
            return Map.of("tags", tags);
        }
    }
}
