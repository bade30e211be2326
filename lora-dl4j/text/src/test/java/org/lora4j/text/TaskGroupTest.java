/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.Adapter;

/** Tasks that answer together say what they say alone. */
class TaskGroupTest {

    private static final TextEncoder ENCODER = TinyEncoder.create();
    private static final List<LabeledText> REVIEWS = TinyEncoder.reviews(40, 1);
    private static final List<String> TEXTS = List.of(
            "a good film",
            "my card is lost, where is it?",
            "bad",
            "a very very good card in new york",
            "very very very very very very very very very very very very very very good",
            "playing!");

    @AfterAll
    static void closeEncoder() {
        ENCODER.close();
    }

    private static List<LabeledWords> tagged() {
        List<LabeledWords> words = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            boolean film = i % 2 == 0;
            words.add(new LabeledWords(
                    List.of("a", "good", film ? "film" : "card"), List.of("O", "O", film ? "B-film" : "B-card")));
        }
        return words;
    }

    private static List<ScoredText> grades() {
        return REVIEWS.stream()
                .map(review -> new ScoredText(review.text(), review.labels().contains("positive") ? 1 : 0))
                .toList();
    }

    private static void sayTheSame(TextClassifier classifier, TokenClassifier tagger, TaskGroup group) {
        TaskGroup.Answers answers = group.predict(TEXTS);

        List<Prediction> labels = answers.of(classifier);
        List<TaggedWords> tags = answers.of(tagger);
        for (int i = 0; i < TEXTS.size(); i++) {
            Prediction alone = classifier.predict(TEXTS.get(i));
            assertThat(labels.get(i).label()).isEqualTo(alone.label());
            assertThat(labels.get(i).scores().keySet()).isEqualTo(alone.scores().keySet());
            assertThat(labels.get(i).score()).isEqualTo(alone.score(), within(1e-5));
            TaggedWords words = tagger.predict(TEXTS.get(i));
            assertThat(tags.get(i).words()).isEqualTo(words.words());
            assertThat(tags.get(i).tags()).isEqualTo(words.tags());
            for (int j = 0; j < words.scores().size(); j++) {
                assertThat(tags.get(i).scores().get(j)).isEqualTo(words.scores().get(j), within(1e-5));
            }
        }
    }

    @Test
    void headsOverTheFrozenEncoder_sayWhatTheySayAlone() {
        try (TextClassifier classifier =
                        TextClassifier.builder(ENCODER).headOnly().build().fit(REVIEWS, REVIEWS);
                TokenClassifier tagger =
                        TokenClassifier.builder(ENCODER).headOnly().build().fit(tagged(), tagged());
                TextRegressor regressor =
                        TextRegressor.builder(ENCODER).headOnly().build().fit(grades(), grades());
                TaskGroup group = TaskGroup.of(classifier, tagger, regressor)) {
            sayTheSame(classifier, tagger, group);
            assertThat(group.predict(TEXTS).of(regressor).get(0))
                    .isEqualTo(regressor.predict(TEXTS.get(0)), within(1e-5));
            assertThat(group.predict(List.of()).of(tagger)).isEmpty();
        }
    }

    @Test
    void tasksThatAdoptedTheSameFactors_sayWhatTheySayAlone() {
        try (TextClassifier classifier = TextClassifier.builder(ENCODER)
                        .epochs(3)
                        .validationFraction(0)
                        .build()
                        .fit(REVIEWS);
                TokenClassifier tagger = TokenClassifier.builder(ENCODER)
                        .epochs(3)
                        .validationFraction(0)
                        .build()
                        .fit(tagged())) {
            Adapter own = tagger.adapter();
            assertThatThrownBy(() -> TaskGroup.of(classifier, tagger))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("\"TokenClassifier\" has other factors than the first task");

            Adapter common = classifier.adapter();
            classifier.adopt(Adapter.of(own.config(), common.modules(), common.savedParameters()));
            tagger.adopt(Adapter.of(own.config(), common.modules(), own.savedParameters()));

            try (TaskGroup group = TaskGroup.of(classifier, tagger)) {
                sayTheSame(classifier, tagger, group);
            }
        }
    }

    @Test
    void whatCannotBeJoined_isRefused() {
        try (TextClassifier classifier =
                        TextClassifier.builder(ENCODER).headOnly().build().fit(REVIEWS, REVIEWS);
                TextClassifier second =
                        TextClassifier.builder(ENCODER).headOnly().build().fit(REVIEWS, REVIEWS);
                PairClassifier pairs = PairClassifier.builder(ENCODER)
                        .headOnly()
                        .build()
                        .fit(
                                List.of(new LabeledPair("good", "bad", "no"), new LabeledPair("good", "good", "yes")),
                                List.of(new LabeledPair("bad", "good", "no")));
                TextEncoder other = TinyEncoder.create();
                TextClassifier elsewhere =
                        TextClassifier.builder(other).headOnly().build().fit(REVIEWS, REVIEWS);
                TaskGroup group = TaskGroup.of(classifier, second)) {
            assertThatThrownBy(() -> TaskGroup.of(classifier)).hasMessageContaining("number of tasks = 1");
            assertThatThrownBy(() -> TaskGroup.of(classifier, pairs, elsewhere))
                    .hasMessageContaining("\"PairClassifier\" takes no single text")
                    .hasMessageContaining("\"TextClassifier\" has another encoder");
            assertThatThrownBy(() -> TaskGroup.of(
                            classifier, TextClassifier.builder(ENCODER).build()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("nothing was learned yet");
            assertThatThrownBy(() -> group.predict(List.of("a film", " "))).hasMessageContaining("text 1 is empty");
            assertThatThrownBy(() -> group.predict(TEXTS).of(elsewhere)).hasMessageContaining("is not in the group");
            assertThat(group.predict(TEXTS).of(second)).hasSameSizeAs(TEXTS);
        }
    }
}
