/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.lora4j.text.LabeledText;
import org.lora4j.text.ScoredText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextRegressor;
import org.lora4j.text.TinyEncoder;
import org.lora4j.train.EpochReport;
import org.lora4j.train.ValidationAnswers;

/** What an encoder is farthest off with, epoch by epoch. */
class WorstExamplesTest {

    private record Answers(double... losses) implements ValidationAnswers {

        @Override
        public int size() {
            return losses.length;
        }

        @Override
        public double loss(int example) {
            return losses[example];
        }

        @Override
        public String right(int example) {
            return "r" + example;
        }

        @Override
        public String given(int example) {
            return "g" + example;
        }

        @Override
        public String input(int example) {
            return "text " + example;
        }
    }

    private static EpochReport epoch(int number) {
        return new EpochReport(number, 1, 1, 1, 1, OptionalDouble.of(0.5), 0, false);
    }

    @Test
    void theWorst_areKeptOfEachEpoch() {
        WorstExamples worst = WorstExamples.of(2);
        worst.onTrainingStart(null);
        // Within the epoch; what counts is its end.
        worst.onValidation(new Answers(9, 9, 9));
        worst.onValidation(new Answers(1, 3, 2));
        worst.onEpochEnd(epoch(1));
        worst.onValidation(new Answers(2, 1, 2));
        worst.onEpochEnd(epoch(2));
        assertThat(worst.examples())
                .containsExactly(
                        new WorstExample(1, 1, 3, "r1", "g1", "text 1"),
                        new WorstExample(1, 2, 2, "r2", "g2", "text 2"),
                        new WorstExample(2, 0, 2, "r0", "g0", "text 0"),
                        new WorstExample(2, 2, 2, "r2", "g2", "text 2"));
        worst.onTrainingStart(null);
        assertThat(worst.examples()).isEmpty();
        assertThatThrownBy(() -> WorstExamples.of(0)).hasMessageContaining("count = 0");
    }

    @Test
    void aClassifier_tellsThem() {
        TextEncoder encoder = TinyEncoder.create();
        List<LabeledText> train = TinyEncoder.reviews(24, 1);
        List<LabeledText> validation = TinyEncoder.reviews(8, 2);
        WorstExamples worst = WorstExamples.of(3);
        TextClassifier classifier = TextClassifier.builder(encoder)
                .epochs(2)
                .listener(worst)
                .build()
                .fit(train, validation);
        int epochs = classifier.report().training().orElseThrow().epochs().size();
        assertThat(worst.examples()).hasSize(3 * epochs).allSatisfy(one -> {
            assertThat(one.right())
                    .isEqualTo(validation.get(one.example()).labels().get(0));
            assertThat(classifier.labels()).contains(one.given());
            assertThat(one.input())
                    .contains(validation.get(one.example()).text().split(" ")[0]);
        });
        List<Double> losses =
                worst.examples().stream().limit(3).map(WorstExample::loss).toList();
        assertThat(losses).isSortedAccordingTo((a, b) -> Double.compare(b, a));
        assertThat(TrainingReport.of(classifier.report())
                        .withWorst(worst.examples())
                        .text())
                .contains("farthest off");
    }

    @Test
    void numbers_areThoseOfTheExamples() {
        List<ScoredText> train = TinyEncoder.reviews(24, 1).stream()
                .map(review ->
                        new ScoredText(review.text(), review.labels().get(0).equals("positive") ? 100 : 250))
                .toList();
        WorstExamples worst = WorstExamples.of(1);
        TextRegressor.builder(TinyEncoder.create())
                .epochs(1)
                .listener(worst)
                .build()
                .fit(train);
        assertThat(worst.examples())
                .isNotEmpty()
                .allSatisfy(one -> assertThat(Double.parseDouble(one.right()))
                        .isIn(train.stream().map(ScoredText::value).toList()));
    }
}
