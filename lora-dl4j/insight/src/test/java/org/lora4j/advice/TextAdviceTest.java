/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.lora4j.advice.Advice.Answer;
import org.lora4j.error.CapturedLog;
import org.lora4j.internal.host.HostedModel;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextTask;
import org.lora4j.text.TinyEncoder;
import org.lora4j.train.Progress;

/** Texts and a task, and one line of the user's. */
class TextAdviceTest {

    private static final List<LabeledText> TRAIN = TinyEncoder.reviews(60, 1);
    private static final List<LabeledText> VALIDATION = TinyEncoder.reviews(20, 2);

    private static TextEncoder encoder;

    @BeforeAll
    static void make() {
        encoder = TinyEncoder.create();
    }

    @AfterAll
    static void close() {
        encoder.close();
    }

    private static TextClassifier.Builder settings() {
        return TextClassifier.builder(encoder).epochs(3);
    }

    @Test
    void ranks_areComparedByWholeTrainings_andTheSmallestGoodOneIsTaken() {
        RankSuggestion found = RankAdvisor.of(TextAdviceTest::settings, TRAIN, VALIDATION, 4, 1, 2);

        assertThat(found.trials()).extracting(RankSuggestion.Trial::what).containsExactly("rank 1", "rank 2", "rank 4");
        double best = found.trials().stream()
                .mapToDouble(trial -> trial.metric().orElseThrow())
                .max()
                .orElseThrow();
        RankSuggestion.Trial first = found.trials().stream()
                .filter(trial -> trial.metric().getAsDouble() >= best - 0.005)
                .findFirst()
                .orElseThrow();
        assertThat(found.config()).contains(first.config());
        // The scaling of the default, 16 / 8, stays.
        assertThat(first.config().alpha()).isEqualTo(2.0 * first.config().rank());
        assertThat(found.toString()).contains("Take " + first.what() + ": accuracy ");
        assertThat(found.toString()).contains("with 20 examples to choose by");
    }

    @Test
    void ranks_thatCannotBeCompared_areRefused() {
        assertThatThrownBy(() -> RankAdvisor.of(TextAdviceTest::settings, TRAIN, List.of(), 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("3 problems: no validation")
                .hasMessageContaining("1 ranks, expected two or more")
                .hasMessageContaining("rank = 0");
        assertThatThrownBy(() -> RankAdvisor.of(() -> settings().fullFineTuning(), TRAIN, VALIDATION, 1, 2))
                .hasMessageContaining("the task does not learn by LoRA");
    }

    @Test
    void suitability_takesTextsAndATask() {
        Suitability forecast = Suitability.of(TextAdviceTest::settings, TRAIN);

        assertThat(forecast.verdict()).isNotEqualTo(Suitability.Verdict.UNKNOWN);
        assertThat((double) forecast.advice().evidence().get("headAccuracy")).isGreaterThan(0.5);
        assertThat(forecast.advice().evidence())
                .as("the gradient was looked at")
                .containsKey("shareWithinConfig");
        assertThat(Suitability.of(TextAdviceTest::settings, TRAIN).json()).isEqualTo(forecast.json());
        assertThatThrownBy(() ->
                        Suitability.of(TextAdviceTest::settings, List.of(new LabeledText("a film", List.of("a", "b")))))
                .hasMessageContaining("train[0] has 2 labels, expected one");
    }

    /** What an advisor tries on the way is no news; a training by itself says what is odd. */
    @Test
    void quietForecast_logsNothing() {
        List<LabeledText> train = new ArrayList<>(TRAIN);
        train.set(0, new LabeledText("good ".repeat(80), " positive"));

        StringBuilder log = new StringBuilder();
        Runnable work = () -> Suitability.of(() -> settings().quiet(), train);
        for (Class<?> logger : List.of(TextTask.class, HostedModel.class, Progress.class)) {
            Runnable inner = work;
            work = () -> log.append(CapturedLog.ofInfo(logger, inner));
        }
        work.run();
        assertThat(log).doesNotContain("lora4j");
        assertThat(CapturedLog.ofInfo(
                        TextTask.class, () -> settings().quiet().build().fit(train, VALIDATION)))
                .contains("train[0]: white space around a label was left out");
    }

    @Test
    void emptyTexts_areNamedWithTheirRows() {
        List<LabeledText> train = new ArrayList<>(TRAIN);
        for (int row : new int[] {3, 4, 9}) {
            train.set(row, new LabeledText(" ", "positive"));
        }
        List<LabeledText> validation = new ArrayList<>(VALIDATION);
        validation.set(7, new LabeledText("", "negative"));

        assertThatThrownBy(() -> DataAdvisor.of(TextAdviceTest::settings, train, validation))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("train[3, 4, 9] are 3 empty texts, expected words")
                .hasMessageContaining("validation[7] is an empty text");
        assertThatThrownBy(() -> Suitability.of(TextAdviceTest::settings, train))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Suitability.of: train[3, 4, 9] are 3 empty texts, expected words");
    }

    @Test
    void data_areExaminedByTheEncoderOfATask_andFindingsSayHowSureTheyAre() {
        List<LabeledText> train = new ArrayList<>(TRAIN);
        for (int i = 0; i < 6; i++) {
            LabeledText right = train.get(i);
            train.set(i, new LabeledText(right.text(), right.labels().contains("positive") ? "negative" : "positive"));
        }

        DataReport report = DataAdvisor.of(TextAdviceTest::settings, train, VALIDATION);

        Advice labels = report.labelErrors().advice();
        double accuracy = (double) labels.evidence().get("outOfFoldAccuracy");
        assertThat(labels.sentence())
                .contains(String.format(Locale.ROOT, "a head that is right in %.1f %% of the labels", 100 * accuracy));
        assertThat(report.labelErrors().suspects()).isNotEmpty();
        double mean = report.labelErrors().suspects().stream()
                .mapToDouble(DataReport.SuspectLabel::selfConfidence)
                .average()
                .orElseThrow();
        assertThat(labels.sentence())
                .contains(String.format(Locale.ROOT, "of these suspects %.1f %% on average", 100 * mean));
        List<Answer> order = report.ranked().stream().map(Advice::answer).toList();
        assertThat(order.lastIndexOf(Answer.PROBLEM)).isLessThan(order.indexOf(Answer.GOOD));
        assertThat(report.ranked()).containsExactlyInAnyOrderElementsOf(report.advices());
    }
}
