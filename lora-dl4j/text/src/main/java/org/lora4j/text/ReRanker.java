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
import java.util.stream.IntStream;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
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
     * @param score 0 to 1
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
     * Reads a re-ranker.
     *
     * @param directory where {@link #save} wrote it
     * @param encoder the encoder that it was made with
     * @return the re-ranker, which scores as the saved one did
     * @throws IOException if a file is missing or damaged, or the encoder is another one; the message lists every
     *     difference
     */
    public static ReRanker load(Path directory, TextEncoder encoder) throws IOException {
        Arguments.required(directory, "ReRanker.load: directory", "a directory that save wrote");
        Arguments.required(encoder, "ReRanker.load: encoder", "an encoder, such as TextEncoder.load(directory)");
        return builder(encoder).build().read(directory);
    }

    /**
     * Reads a re-ranker and the encoder that it was made with, which is closed with it.
     *
     * @param directory where {@link #save} wrote it
     * @param encoderFolders folders below which the encoder may be looked for, by its path and its last names; none are needed for a
     *     published encoder ({@link TextEncoder#named})
     * @return the re-ranker, which predicts what the saved one did
     * @throws IOException as {@link #load(Path, TextEncoder)}, and if the encoder is not found there, is a link to elsewhere, or has other
     *     weights than when this was saved
     */
    public static ReRanker load(Path directory, Path... encoderFolders) throws IOException {
        return load(directory, "ReRanker.load", ReRanker::builder, encoderFolders);
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
            return new Relevance();
        }

        @Override
        public Targets<TextPair, ScoredPair, Double> targets(Path file, Map<String, Object> description) {
            return new Relevance();
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

    /** One number, the logarithm of the odds that a passage is relevant. */
    private static final class Relevance implements Targets<TextPair, ScoredPair, Double> {

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
            return Scores.sigmoid(logits)[0];
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
        public Map<String, Object> description() {
            return Map.of();
        }
    }
}
