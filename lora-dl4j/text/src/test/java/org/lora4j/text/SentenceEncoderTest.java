/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;

class SentenceEncoderTest {

    private static final TextEncoder ENCODER = TinyEncoder.create();

    @TempDir
    Path folder;

    @AfterAll
    static void closeEncoder() {
        ENCODER.close();
    }

    private static SentenceEncoder.Builder quick() {
        return SentenceEncoder.builder(ENCODER).epochs(6).batchSize(8);
    }

    /** Words that share no piece, but belong together. */
    private static List<SentenceExample> pairs() {
        List<String> left = List.of("good", "bad", "film", "card", "paris", "rate", "high", "pay");
        List<String> right = List.of("new", "low", "play", "lost", "york", "my", "where", "very");
        List<SentenceExample> pairs = new ArrayList<>();
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < left.size(); i++) {
                String filler = List.of("the ", "a ", "is ").get(round);
                pairs.add(SentenceExample.pair(filler + left.get(i), filler + right.get(i)));
            }
        }
        return pairs;
    }

    @Test
    void predict_beforeFit_givesTheVectorsOfTheEncoder() {
        SentenceEncoder encoder = quick().build();

        assertThat(encoder.predict("a good film")).containsExactly(ENCODER.embed("a good film"), within(1e-6f));
        assertThat(encoder.similarity("a good film", "a good film")).isCloseTo(1, within(1e-6));
    }

    @Test
    void fit_onPairs_findsThePositivesThatItDidNotFind() throws IOException {
        List<SentenceExample> pairs = pairs();
        SentenceEncoder encoder =
                quick().epochs(15).patience(15).learningRate(5e-3).build();
        double before = encoder.evaluate(pairs).meanReciprocalRank();

        encoder.fit(pairs, pairs);

        RetrievalEvaluation after = encoder.evaluate(pairs);
        assertThat(after.meanReciprocalRank()).isGreaterThan(before + 0.2);
        assertThat(encoder.report().after().orElseThrow()).isCloseTo(after.meanReciprocalRank(), within(1e-6));

        encoder.save(folder);
        SentenceEncoder again = SentenceEncoder.load(folder, ENCODER);
        assertThat(again.predict("the good card")).isEqualTo(encoder.predict("the good card"));
        Adapter adapter = Adapter.load(folder);
        assertThat(adapter.config().taskType()).isEqualTo("FEATURE_EXTRACTION");
        assertThat(adapter.savedParameters()).isEmpty();
    }

    @Test
    void fit_onSimilarities_makesCosinesGoWithThem() {
        List<SentenceExample> examples = new ArrayList<>();
        List<String> words = List.of("good", "bad", "film", "card", "paris");
        for (int i = 0; i < words.size(); i++) {
            for (int j = 0; j < i; j++) {
                examples.add(SentenceExample.similar(words.get(i), words.get(j), (i + j) % 2 == 0 ? 0.9 : -0.5));
            }
        }
        SentenceEncoder encoder =
                quick().epochs(8).patience(8).learningRate(1e-2).build();

        encoder.fit(examples, examples);

        assertThat(encoder.report().metric()).isEqualTo("Spearman");
        assertThat(encoder.report().after().orElseThrow())
                .isGreaterThan(encoder.report().before().orElseThrow() + 0.2);
    }

    @Test
    void fit_onVectors_comesNearerToThem() {
        List<SentenceExample> examples = new ArrayList<>();
        for (String word : List.of("good", "bad", "film", "card")) {
            examples.add(SentenceExample.vector(word, ENCODER.embed("very " + word + " new york")));
        }
        SentenceEncoder encoder =
                quick().epochs(5).patience(5).learningRate(5e-3).build();

        encoder.fit(examples, examples);

        assertThat(encoder.report().after().orElseThrow())
                .isGreaterThan(encoder.report().before().orElseThrow());
    }

    @Test
    void fit_withTriplets_wantsNegatives() {
        List<SentenceExample> without = pairs().subList(0, 8);
        List<SentenceExample> with = without.stream()
                .map(pair -> pair.withNegatives(List.of("is not in the film")))
                .toList();

        assertThatThrownBy(() -> quick().tripletMargin(0.3).build().fit(without, without))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("train[0] has no negatives");
        assertThat(quick().tripletMargin(0.3)
                        .epochs(1)
                        .build()
                        .fit(with, with)
                        .report()
                        .after()
                        .orElseThrow())
                .isPositive();
    }

    @Test
    void fullFineTuning_isSavedAndLoaded() throws IOException {
        List<SentenceExample> pairs = pairs().subList(0, 8);
        SentenceEncoder encoder = quick().fullFineTuning().epochs(1).build().fit(pairs, pairs);
        encoder.save(folder);

        assertThat(SentenceEncoder.load(folder, ENCODER).predict("my card")).isEqualTo(encoder.predict("my card"));
        assertThat(ENCODER.embed("my card")).containsExactly(quick().build().predict("my card"), within(1e-6f));
    }

    @Test
    void withHardNegatives_takesTheNearestThatAreNotRight() {
        SentenceEncoder encoder = quick().build();
        List<SentenceExample> pairs = List.of(
                SentenceExample.pair("the good film", "the good film is"),
                SentenceExample.pair("the good film", "a good film"));
        List<String> corpus = List.of("the good film is", "a good film", "the good film", "bad", "the bad film");

        List<SentenceExample> mined = encoder.withHardNegatives(pairs, corpus, 2, 10);

        assertThat(mined)
                .allSatisfy(
                        example -> assertThat(example.negatives()).containsExactlyInAnyOrder("bad", "the bad film"));
        assertThat(encoder.withHardNegatives(pairs, corpus, 2, -10).get(0).negatives())
                .isEmpty();
    }

    @Test
    void withHardNegatives_drawnFromMore_areAmongThese_andFollowTheSeed() {
        SentenceEncoder encoder = quick().build();
        List<SentenceExample> pairs = List.of(SentenceExample.pair("the good film", "the good film is"));
        List<String> corpus =
                List.of("the good film is", "a good film", "bad", "the bad film", "a card", "my card", "film");
        List<String> nearest =
                encoder.withHardNegatives(pairs, corpus, 4, 10).get(0).negatives();

        Set<List<String>> drawn = new HashSet<>();
        for (long seed = 0; seed < 20; seed++) {
            List<String> two = encoder.withHardNegatives(pairs, corpus, 2, 10, 4, seed)
                    .get(0)
                    .negatives();
            assertThat(nearest).containsSubsequence(two);
            assertThat(encoder.withHardNegatives(pairs, corpus, 2, 10, 4, seed)
                            .get(0)
                            .negatives())
                    .isEqualTo(two);
            drawn.add(two);
        }
        assertThat(drawn).hasSizeGreaterThan(2);
        assertThatThrownBy(() -> encoder.withHardNegatives(pairs, corpus, 3, 10, 2, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("among");
    }

    @Test
    void fit_withMixedKinds_isRefused() {
        List<SentenceExample> mixed =
                List.of(SentenceExample.pair("a", "film"), SentenceExample.similar("a", "film", 0.5));

        assertThatThrownBy(() -> quick().build().fit(mixed, mixed))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected all of one kind");
    }

    @Test
    void fit_withBadExamples_namesAllOfThem() {
        List<SentenceExample> bad =
                List.of(SentenceExample.pair("a", " "), SentenceExample.vector("film", new float[] {1, 2}));

        assertThatThrownBy(() -> quick().build().fit(bad, bad))
                .hasMessageContaining("train[0] is an empty text")
                .hasMessageContaining("train[1] has a vector of length 2, expected 16");
    }

    @Test
    void build_withDropoutOrAHeadAlone_saysWhyNot() {
        assertThatThrownBy(() -> quick().adapter(LoraConfig.builder()
                                .targetModules("query")
                                .dropout(0.1)
                                .build())
                        .build())
                .hasMessageContaining("dropout of the adapter = 0.1, expected 0");
        assertThatThrownBy(() -> quick().headOnly().build()).hasMessageContaining("headOnly()");
    }

    @Test
    void load_ofAClassifier_saysWhichClassSavedIt() throws IOException {
        TextClassifier.builder(ENCODER)
                .headOnly()
                .build()
                .fit(TinyEncoder.reviews(20, 1))
                .save(folder);

        assertThatThrownBy(() -> SentenceEncoder.load(folder, ENCODER))
                .hasMessageContaining("it is of the task \"text-classification\"; expected \"sentence-encoding\"");
    }

    @Test
    void retrieval_isCountedAsDefined() {
        float[][] passages = {{1, 0}, {0.8f, 0.6f}, {0, 1}};
        // The first query ranks 0, 1, 2; the second 2, 1, 0.
        RetrievalEvaluation evaluation =
                RetrievalEvaluation.of(new float[][] {{1, 0}, {0, 1}}, passages, List.of(Set.of(1, 2), Set.of(2)));

        assertThat(evaluation.recall()).containsAllEntriesOf(Map.of(1, 0.5, 3, 1.0));
        assertThat(evaluation.meanReciprocalRank()).isCloseTo((0.5 + 1) / 2, within(1e-12));
        double ideal = 1 + 1 / (Math.log(3) / Math.log(2));
        double found = 1 / (Math.log(3) / Math.log(2)) + 0.5;
        assertThat(evaluation.ndcg().get(10)).isCloseTo((found / ideal + 1) / 2, within(1e-12));
    }

    @Test
    void retrievalWithinGroups_leavesTheQueryOut() {
        RetrievalEvaluation evaluation =
                RetrievalEvaluation.withinGroups(new float[][] {{1, 0}, {0.9f, 0.1f}, {0, 1}}, List.of("a", "a", "b"));

        assertThat(evaluation.queries()).isEqualTo(2);
        assertThat(evaluation.recall().get(1)).isEqualTo(1);
    }

    @Test
    void emptyTexts_areRefusedTogether_orLeftOutAndNamed() {
        List<SentenceExample> train = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            train.add(SentenceExample.pair("a film " + i, i == 3 || i > 9 ? " " : "the film " + i));
        }

        assertThatThrownBy(() -> SentenceEncoder.builder(ENCODER).build().fit(train))
                .hasMessageContaining("train[3, 10, 11] are 3 empty texts, expected words; skipEmpty()");
        SentenceEncoder encoder =
                SentenceEncoder.builder(ENCODER).epochs(1).skipEmpty().build().fit(train);
        assertThat(encoder.report().notes()).contains("train[3, 10, 11]: 3 empty texts were left out");
        assertThat(encoder.report().trained() + encoder.report().validated()).isEqualTo(9);
        assertThatThrownBy(() -> encoder.predict(List.of("a", "", " ")))
                .hasMessageContaining("texts 1, 2 are empty, expected words");
        encoder.close();
    }

    @Test
    void spearman_sharesRanksOfEqualNumbers() {
        // Ranks 0, 1.5, 1.5, 3 against 0, 1, 2, 3: covariance 4.5, squares 4.5 and 5.
        assertThat(Correlation.spearman(new double[] {1, 2, 2, 9}, new double[] {1, 2, 3, 4}))
                .isCloseTo(4.5 / Math.sqrt(4.5 * 5), within(1e-12));
        assertThat(Correlation.spearman(new double[] {1, 1}, new double[] {1, 2}))
                .isZero();
    }
}
