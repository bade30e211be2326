/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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

    /**
     * Searches passages by queries, orders the first ones of each anew, and compares with what is relevant: what whoever asks both gets to
     * see. What the search does not find among the first ones stays where it is.
     *
     * @param search finds the first ones
     * @param queries the queries
     * @param passages what is searched
     * @param relevant for each query the indices of its passages, one or more
     * @param first how many passages of each query are ordered anew, such as 50
     * @return the numbers
     * @throws IllegalStateException as {@link #predict(Object)}, or if the search or its encoder is closed
     * @throws IllegalArgumentException if there is no query, a text is empty, a query has no relevant passage, there are not as many of both,
     *     or {@code first} is below 1
     */
    public RetrievalEvaluation evaluate(
            SentenceEncoder search,
            List<String> queries,
            List<String> passages,
            List<? extends Collection<Integer>> relevant,
            int first) {
        Arguments.required(search, "ReRanker.evaluate: search", "what finds the first passages");
        Arguments.allRequired(queries, "ReRanker.evaluate: queries", "a text");
        Arguments.allRequired(passages, "ReRanker.evaluate: passages", "a text");
        Arguments.allRequired(relevant, "ReRanker.evaluate: relevant", "indices of passages");
        Problems problems = new Problems();
        problems.atLeast("first", first, 1);
        problems.check(
                relevant.size() == queries.size(),
                queries.size() + " queries and relevant passages of " + relevant.size() + ", expected as many");
        problems.check(
                relevant.stream().noneMatch(Collection::isEmpty),
                "a query has no relevant passage, expected one or more; leave it out");
        problems.check(
                relevant.stream().flatMap(Collection::stream).allMatch(j -> j >= 0 && j < passages.size()),
                "a relevant passage is none of the " + passages.size()
                        + " that are searched, expected indices of them");
        problems.throwIfAny("ReRanker.evaluate");
        List<List<Integer>> found = search.nearest(queries, passages);
        List<TextPair> pairs = new ArrayList<>();
        for (int i = 0; i < queries.size(); i++) {
            for (int passage : firstOf(found.get(i), first)) {
                pairs.add(new TextPair(queries.get(i), passages.get(passage)));
            }
        }
        List<Double> scores = predict(pairs);
        RetrievalEvaluation.Ranks ranks = new RetrievalEvaluation.Ranks();
        int row = 0;
        for (int i = 0; i < queries.size(); i++) {
            List<Integer> order = new ArrayList<>(found.get(i));
            List<Integer> anew = firstOf(order, first);
            Map<Integer, Double> own = new HashMap<>();
            for (int passage : anew) {
                own.put(passage, scores.get(row++));
            }
            anew.sort(Comparator.comparingDouble(passage -> -own.get(passage)));
            double[] places = new double[passages.size()];
            for (int place = 0; place < places.length; place++) {
                places[order.get(place)] = -place;
            }
            ranks.add(places, List.copyOf(Set.copyOf(relevant.get(i))));
        }
        return ranks.evaluation();
    }

    /** A view of the first ones; sorting it sorts them where they are. */
    private static List<Integer> firstOf(List<Integer> order, int count) {
        return order.subList(0, Math.min(count, order.size()));
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
