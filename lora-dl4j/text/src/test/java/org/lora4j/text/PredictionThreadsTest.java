/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every task promises of threads: many may ask at once, also while it learns anew. */
class PredictionThreadsTest {

    private static final TextEncoder ENCODER = TinyEncoder.create();
    private static final int THREADS = 5;
    private static final int CALLS = 8;

    /**
     * A task that has learned.
     *
     * @param name its class
     * @param ask asks for a few inputs at once, others for each number; what comes back can be compared
     * @param learn learns again, from the same examples and so the same
     */
    private record Task(String name, IntFunction<Object> ask, Runnable learn) {

        @Override
        public String toString() {
            return name;
        }
    }

    @AfterAll
    static void close() {
        ENCODER.close();
    }

    /** Of few lengths, as each is planned anew in each thread. */
    private static List<String> texts(int call) {
        String word = List.of("new", "paris", "high", "low", "rate", "pay", "card", "my")
                .get(call);
        return List.of("a good film " + word, "very bad is " + word);
    }

    static Stream<Task> tasks() {
        List<LabeledText> labeled = TinyEncoder.reviews(12, 1);
        List<LabeledPair> pairs = new ArrayList<>();
        List<ScoredPair> scored = new ArrayList<>();
        List<ScoredText> numbers = new ArrayList<>();
        List<LabeledWords> words = new ArrayList<>();
        List<SentenceExample> sentences = new ArrayList<>();
        for (int i = 0; i < labeled.size(); i++) {
            String text = labeled.get(i).text();
            pairs.add(new LabeledPair(text, "very good", i % 2 == 0 ? "yes" : "no"));
            scored.add(new ScoredPair("where " + i / 3, text, i % 3 == 0 ? 1 : 0));
            numbers.add(new ScoredText(text, i % 2));
            words.add(new LabeledWords(List.of("in", i % 2 == 0 ? "paris" : "york"), List.of("O", "B-city")));
            sentences.add(SentenceExample.pair(text, "the " + text));
        }
        TextClassifier classifier =
                TextClassifier.builder(ENCODER).epochs(1).build().fit(labeled, labeled);
        SentenceEncoder encoder =
                SentenceEncoder.builder(ENCODER).epochs(1).build().fit(sentences, sentences);
        PairClassifier pairClassifier =
                PairClassifier.builder(ENCODER).epochs(1).build().fit(pairs, pairs);
        ReRanker ranker = ReRanker.builder(ENCODER).epochs(1).build().fit(scored, scored);
        TokenClassifier tagger =
                TokenClassifier.builder(ENCODER).epochs(1).build().fit(words, words);
        TextRegressor regressor =
                TextRegressor.builder(ENCODER).epochs(1).build().fit(numbers, numbers);
        return Stream.of(
                new Task("TextClassifier", i -> classifier.predict(texts(i)), () -> classifier.fit(labeled, labeled)),
                new Task(
                        "SentenceEncoder",
                        i -> List.of(
                                floats(encoder.predict(texts(i))),
                                floats(encoder.queries(texts(i))),
                                floats(encoder.passages(texts(i)))),
                        () -> encoder.fit(sentences, sentences)),
                // What learns anew is the same in all tasks with a head.
                new Task(
                        "PairClassifier",
                        i -> pairClassifier.predict(texts(i).stream()
                                .map(text -> new TextPair(text, "bad"))
                                .toList()),
                        () -> {}),
                new Task("ReRanker", i -> ranker.rank("where is my card", texts(i)), () -> {}),
                new Task(
                        "TokenClassifier",
                        i -> texts(i).stream().map(tagger::predict).toList(),
                        () -> {}),
                new Task("TextRegressor", i -> regressor.predict(texts(i)), () -> {}),
                new Task("TextEncoder", i -> floats(ENCODER.embed(texts(i))), () -> {}));
    }

    private static List<List<Float>> floats(float[][] vectors) {
        return Stream.of(vectors)
                .map(vector -> IntStream.range(0, vector.length)
                        .mapToObj(i -> vector[i])
                        .toList())
                .toList();
    }

    @ParameterizedTest
    @MethodSource("tasks")
    void predictions_fromManyThreads_areThoseOfOne_alsoWhileItLearns(Task task) throws Exception {
        List<Object> expected = IntStream.range(0, CALLS).mapToObj(task.ask()).toList();
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            Future<?> learning = threads.submit(task.learn());
            List<Future<List<Object>>> asked = new ArrayList<>();
            for (int thread = 1; thread < THREADS; thread++) {
                int first = thread;
                // Each thread begins with other inputs.
                asked.add(threads.submit(() -> IntStream.range(0, CALLS)
                        .mapToObj(i -> task.ask().apply((first + i) % CALLS))
                        .toList()));
            }
            for (int thread = 1; thread < THREADS; thread++) {
                List<Object> found = new ArrayList<>(asked.get(thread - 1).get());
                Collections.rotate(found, thread);
                assertThat(found).isEqualTo(expected);
            }
            learning.get();
        } finally {
            threads.shutdownNow();
        }
    }
}
