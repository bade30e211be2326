/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.lora4j.error.Arguments;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.PretrainedHead;
import org.lora4j.pretrained.TokenizedText;

/**
 * Scores how relevant a passage is to a query, both read together (a cross-encoder): slower than comparing vectors and
 * sharper, for the first few that a search by vectors gives.
 *
 * <pre>{@code
 * ReRanker ranker = ReRanker.builder(encoder).build().fit(train, validation);
 * List<ReRanker.Ranked> best = ranker.rank("where is my card?", candidates);
 * }</pre>
 *
 * <p>An evaluation takes for each query the passages that the examples give for it; relevant are those from 0.5 on, and
 * queries without any are left out.
 *
 * @apiNote Status: stable
 */
public final class ReRanker extends TextTask<TextPair, ScoredPair, Double, RetrievalEvaluation, ReRanker> {

    private static final double RELEVANT = 0.5;

    private ReRanker(TaskBuilder<ReRanker> builder) {
        super(builder, new Spec());
    }

    /**
     * A passage at its place.
     *
     * @param index its index among those given
     * @param passage the passage
     * @param score 0 to 1; of a checkpoint whose config asks for the numbers as they are, any number
     * @apiNote Status: stable
     */
    public record Ranked(int index, String passage, double score) {

        /** Its score, its index and its words: {@code 0.93 [4] Your card is on its way.} */
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%.2f [%d] %s", score, index, passage);
        }
    }

    /**
     * Starts a re-ranker.
     *
     * @param encoder the encoder; shared, and never changed
     * @return a builder, which needs no further call
     */
    public static TaskBuilder<ReRanker> builder(TextEncoder encoder) {
        return new TaskBuilder<>("ReRanker", encoder, ReRanker::new);
    }

    /**
     * Starts a re-ranker from a checkpoint that somebody fine-tuned, such as one of Hugging Face. It predicts what the checkpoint does. {@code
     * fit} goes on with its head, or, for a head that was left out, with a new last layer, which the report says.
     *
     * @param directory the directory of the checkpoint
     * @return a builder, which needs no further call; {@code encoder()} of what it builds is to be closed
     * @throws org.lora4j.error.ModelFormatException if a file is damaged, the model cannot be read, or its head is one that another task
     *     reads; the message says which
     * @throws IOException if a file does not exist or cannot be read
     */
    public static TaskBuilder<ReRanker> builder(Path directory) throws IOException {
        return builder(CheckpointTask.RE_RANKER.open("ReRanker.builder", directory))
                .fromCheckpoint();
    }

    /**
     * Reads a re-ranker.
     *
     * @param directory where {@link #save} wrote it
     * @param encoder the encoder that it was made with
     * @return the re-ranker, which scores as the saved one did
     * @throws IOException if a file is missing or damaged, or the encoder is another one; the message lists every
     *     difference
     */
    public static ReRanker load(Path directory, TextEncoder encoder) throws IOException {
        return load(CheckpointTask.RE_RANKER, directory, encoder, ReRanker::builder);
    }

    /**
     * Reads a re-ranker and the encoder that it was made with, which is closed with it.
     *
     * @param directory where {@link #save} wrote it, or the directory of a checkpoint of Hugging Face whose head is of this kind, which
     *     brings its encoder
     * @param encoderFolders folders below which the encoder may be looked for, by its path and its last names; none are needed for a
     *     published encoder ({@link TextEncoder#named})
     * @return the re-ranker, which predicts what the saved one did
     * @throws IOException as {@link #load(Path, TextEncoder)}, and if the encoder is not found there, is a link to elsewhere, or has other
     *     weights than when this was saved
     */
    public static ReRanker load(Path directory, Path... encoderFolders) throws IOException {
        return load(CheckpointTask.RE_RANKER, directory, ReRanker::builder, encoderFolders);
    }

    @Override
    protected ReRanker self() {
        return this;
    }

    /**
     * Orders passages.
     *
     * @param query the query
     * @param passages the passages
     * @return all of them, the most relevant first
     * @throws IllegalStateException as {@link #predict(Object)}
     * @throws IllegalArgumentException as {@link #predict(Object)}
     */
    public List<Ranked> rank(String query, List<String> passages) {
        Arguments.required(query, "ReRanker.rank: query", "a text");
        Arguments.required(passages, "ReRanker.rank: passages", "a list of texts");
        List<Double> scores = predict(
                passages.stream().map(passage -> new TextPair(query, passage)).toList());
        return IntStream.range(0, passages.size())
                .mapToObj(i -> new Ranked(i, passages.get(i), scores.get(i)))
                .sorted(Comparator.comparingDouble((Ranked ranked) -> -ranked.score()))
                .toList();
    }

    private static final class Spec implements PairClassifier.PairSpec<ScoredPair, Double, RetrievalEvaluation> {

        private static final String ACTIVATION = "activation";

        @Override
        public Kind kind() {
            return new Kind("re-ranking", "SEQ_CLS", true);
        }

        @Override
        public TextPair input(ScoredPair example) {
            return example.pair();
        }

        @Override
        public Targets<TextPair, ScoredPair, Double> targets(List<ScoredPair> train) {
            if (train.stream().mapToDouble(ScoredPair::relevance).distinct().count() < 2) {
                throw new IllegalArgumentException("ReRanker.fit: all examples have the relevance "
                        + train.get(0).relevance() + "; expected some of 0 and some of 1."
                        + " SentenceEncoder.withHardNegatives finds passages that are not relevant.");
            }
            return new Relevance(Pooling.Function.SIGMOID);
        }

        @Override
        public Targets<TextPair, ScoredPair, Double> targets(Path file, Map<String, Object> description)
                throws IOException {
            Object saved = description.getOrDefault(ACTIVATION, Pooling.Function.SIGMOID.name());
            return new Relevance(Scores.functions().stream()
                    .filter(function -> function.name().equals(saved))
                    .findFirst()
                    .orElseThrow(
                            () -> new CorruptAdapterException(file + ": " + ACTIVATION + " = " + MessageText.name(saved)
                                    + "; expected one of " + Scores.functions() + ". Save the task again.")));
        }

        @Override
        public Targets<TextPair, ScoredPair, Double> targets(PretrainedHead head) {
            return new Relevance(head.activation().orElse(Pooling.Function.SIGMOID));
        }

        @Override
        public Optional<Targets<TextPair, ScoredPair, Double>> targets(PretrainedHead head, List<ScoredPair> train) {
            // Refuses examples that nothing can be learned from.
            targets(train);
            return Optional.of(targets(head));
        }

        @Override
        public RetrievalEvaluation evaluate(List<ScoredPair> examples, List<Double> predictions) {
            Map<String, List<Integer>> byQuery = new LinkedHashMap<>();
            for (int i = 0; i < examples.size(); i++) {
                byQuery.computeIfAbsent(examples.get(i).pair().first(), query -> new ArrayList<>())
                        .add(i);
            }
            RetrievalEvaluation.Ranks ranks = new RetrievalEvaluation.Ranks();
            for (List<Integer> rows : byQuery.values()) {
                double[] scores = rows.stream().mapToDouble(predictions::get).toArray();
                List<Integer> relevant = IntStream.range(0, scores.length)
                        .filter(j -> examples.get(rows.get(j)).relevance() >= RELEVANT)
                        .boxed()
                        .toList();
                if (!relevant.isEmpty()) {
                    ranks.add(scores, relevant);
                }
            }
            return ranks.evaluation();
        }
    }

    /**
     * One number, the logarithm of the odds that a passage is relevant.
     *
     * @param function what makes the score of it: the sigmoid, or what the config of a cross-encoder asks for
     */
    private record Relevance(Pooling.Function function) implements Targets<TextPair, ScoredPair, Double> {

        @Override
        public List<String> names() {
            return List.of("relevance");
        }

        @Override
        public TaskExporter.Head head() {
            return TaskExporter.Head.SEVERAL_CLASSES;
        }

        @Override
        public String metric() {
            return "area under the ROC curve";
        }

        @Override
        public void check(ScoredPair example, String where, Problems problems) {
            // Every relevance can be learned.
        }

        @Override
        public float[] encode(ScoredPair example, TokenizedText tokens) {
            return new float[] {(float) example.relevance()};
        }

        @Override
        public Double decode(TextPair input, TokenizedText tokens, float[] logits) {
            return Scores.of(function, logits[0]);
        }

        @Override
        public double score(List<float[]> targets, float[][] logits) {
            double above = 0;
            long compared = 0;
            for (int i = 0; i < logits.length; i++) {
                for (int j = 0; j < logits.length; j++) {
                    if (targets.get(i)[0] >= RELEVANT && targets.get(j)[0] < RELEVANT) {
                        compared++;
                        above += logits[i][0] > logits[j][0] ? 1 : logits[i][0] == logits[j][0] ? 0.5 : 0;
                    }
                }
            }
            return compared == 0 ? 0 : above / compared;
        }

        @Override
        public Optional<Pooling.Function> activation() {
            return Optional.of(function).filter(other -> other != Pooling.Function.SIGMOID);
        }

        @Override
        public Map<String, Object> description() {
            return activation()
                    .<Map<String, Object>>map(other -> Map.of(Spec.ACTIVATION, other.name()))
                    .orElse(Map.of());
        }
    }
}
