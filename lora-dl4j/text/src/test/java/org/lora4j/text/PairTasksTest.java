/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.pretrained.TokenizedText;

/** Tasks of two texts, and of numbers. */
class PairTasksTest {

    private static final TextEncoder ENCODER = TinyEncoder.create();

    @TempDir
    Path folder;

    @AfterAll
    static void closeEncoder() {
        ENCODER.close();
    }

    /** The same word in both texts, or another one in the second. */
    private static List<LabeledPair> pairs(int count) {
        List<String> words = List.of("good", "bad", "film", "card");
        List<LabeledPair> pairs = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            boolean same = i % 2 == 0;
            String first = words.get(i / 2 % 4);
            pairs.add(new LabeledPair(
                    first + " " + i,
                    same ? "very " + first : "is not " + words.get((i / 2 + 1) % 4),
                    same ? "yes" : "no"));
        }
        return pairs;
    }

    @Test
    void tokens_ofAPair_tellTheSecondTextFromTheFirst() {
        TokenizedText tokens = ENCODER.tokenizer().tokenizePair("good film", "bad");

        assertThat(tokens.typeIds()).containsExactly(0, 0, 0, 0, 1, 1);
        assertThat(ENCODER.tokenizer().tokenizePair("good ".repeat(20), "bad").length())
                .isEqualTo(TinyEncoder.LONGEST);
        assertThat(ENCODER.tokenizer().tokenizePair("good ".repeat(20), "bad").cut())
                .isTrue();
    }

    @Test
    void pairClassifier_learns_andIsSavedAndLoaded() throws IOException {
        List<LabeledPair> pairs = pairs(40);
        PairClassifier classifier =
                PairClassifier.builder(ENCODER).epochs(10).build().fit(pairs, pairs);

        assertThat(classifier.evaluate(pairs).accuracy()).isGreaterThan(0.9);
        classifier.save(folder);

        PairClassifier again = PairClassifier.load(folder, ENCODER);
        assertThat(again.predict("film 3", "very film")).isEqualTo(classifier.predict("film 3", "very film"));
        assertThat(again.predict("very film", "film 3")).isNotEqualTo(again.predict("film 3", "very film"));
        assertThat(again.labels()).containsExactly("no", "yes");
        assertThatThrownBy(() -> again.predict("film", " ")).hasMessageContaining("input 0 is an empty text");
    }

    @Test
    void reRanker_putsTheRelevantFirst_andIsSavedAndLoaded() throws IOException {
        List<SentenceExample> examples = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            examples.add(SentenceExample.pair("where is my card " + i, "very good " + i)
                    .withNegatives(List.of("bad film " + i, "the rate is low " + i)));
        }
        List<ScoredPair> pairs = ScoredPair.of(examples);
        assertThat(pairs).hasSize(48);
        ReRanker ranker = ReRanker.builder(ENCODER).epochs(6).build().fit(pairs, pairs);

        List<ReRanker.Ranked> ranked =
                ranker.rank("where is my card", List.of("bad film", "very good", "the rate is low"));

        assertThat(ranked.get(0).passage()).isEqualTo("very good");
        assertThat(ranked.get(0).index()).isEqualTo(1);
        assertThat(ranked.get(0).score()).isGreaterThan(ranked.get(1).score());
        assertThat(ranker.evaluate(pairs).meanReciprocalRank()).isGreaterThan(0.9);

        ranker.save(folder);
        assertThat(ReRanker.load(folder, ENCODER).rank("where", List.of("bad", "good")))
                .isEqualTo(ranker.rank("where", List.of("bad", "good")));
    }

    @Test
    void reRanker_overASearch_ordersTheFirstOnesAlone() {
        List<String> passages = List.of("very good", "bad film", "the rate is low", "card", "my card is lost");
        List<String> queries = List.of("where is my card", "good film");
        List<ScoredPair> pairs = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            pairs.add(new ScoredPair("where is my card " + i, "very good " + i, 1));
            pairs.add(new ScoredPair("where is my card " + i, "bad film " + i, 0));
            pairs.add(new ScoredPair("where is my card " + i, "the rate is low " + i, 0));
        }
        try (ReRanker ranker = ReRanker.builder(ENCODER).epochs(6).build().fit(pairs, pairs);
                SentenceEncoder search = SentenceEncoder.builder(ENCODER).build()) {
            List<List<Integer>> relevant = List.of(List.of(0), List.of(1, 3));
            // What each of both says by itself, put together by hand.
            List<Double> reciprocal = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                String query = queries.get(i);
                float[] asked = search.query(query);
                float[][] vectors = search.passages(passages);
                List<Integer> order = new ArrayList<>(List.of(0, 1, 2, 3, 4));
                order.sort(Comparator.comparingDouble(j -> -ENCODER.similarity().of(asked, vectors[j])));
                List<Integer> first = order.subList(0, 3);
                first.sort(Comparator.comparingDouble(j -> -ranker.predict(new TextPair(query, passages.get(j)))));
                int best = 5;
                for (int j : relevant.get(i)) {
                    best = Math.min(best, order.indexOf(j));
                }
                reciprocal.add(1.0 / (best + 1));
            }

            RetrievalEvaluation found = ranker.evaluate(search, queries, passages, relevant, 3);

            assertThat(found.reciprocalRanks()).isEqualTo(reciprocal);
            assertThat(found.queries()).isEqualTo(2);
            assertThat(ranker.evaluate(search, queries, passages, relevant, 99).queries())
                    .isEqualTo(2);
            assertThatThrownBy(() -> ranker.evaluate(search, queries, passages, List.of(List.of(7), List.of()), 0))
                    .hasMessageContaining("first = 0")
                    .hasMessageContaining("a query has no relevant passage")
                    .hasMessageContaining("none of the 5 that are searched");
        }
    }

    @Test
    void reRanker_withNothingIrrelevant_saysWhereToGetSome() {
        List<ScoredPair> pairs = List.of(new ScoredPair("a", "film", 1), new ScoredPair("a", "card", 1));

        assertThatThrownBy(() -> ReRanker.builder(ENCODER).build().fit(pairs, pairs))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("all examples have the relevance 1.0")
                .hasMessageContaining("withHardNegatives");
    }

    @Test
    void regressor_learnsNumbersInTheirOwnUnit_andIsSavedAndLoaded() throws IOException {
        List<ScoredText> texts = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            texts.add(new ScoredText(
                    i % 3 == 0 ? "bad film " + i : i % 3 == 1 ? "a film " + i : "very good film " + i,
                    100 + 50 * (i % 3)));
        }
        TextRegressor regressor =
                TextRegressor.builder(ENCODER).epochs(10).build().fit(texts, texts);

        RegressionEvaluation evaluation = regressor.evaluate(texts);
        assertThat(evaluation.r2()).isGreaterThan(0.9);
        assertThat(regressor.predict("very good film 77")).isCloseTo(200, within(40.0));

        regressor.save(folder);
        assertThat(TextRegressor.load(folder, ENCODER).predict("a film")).isEqualTo(regressor.predict("a film"));
    }

    @Test
    void regressor_withOneNumber_isRefused() {
        List<ScoredText> texts = List.of(new ScoredText("a", 2), new ScoredText("film", 2));

        assertThatThrownBy(() -> TextRegressor.builder(ENCODER).build().fit(texts, texts))
                .hasMessageContaining("all examples have the number 2.0");
    }

    @Test
    void regressionEvaluation_isCountedAsDefined() {
        RegressionEvaluation evaluation = RegressionEvaluation.of(new double[] {1, 2, 3}, new double[] {2, 2, 2});

        assertThat(evaluation.meanAbsoluteError()).isCloseTo(2.0 / 3, within(1e-12));
        assertThat(evaluation.rootMeanSquaredError()).isCloseTo(Math.sqrt(2.0 / 3), within(1e-12));
        assertThat(evaluation.r2()).isCloseTo(0, within(1e-12));
        assertThat(evaluation.spearman()).isZero();
    }
}
