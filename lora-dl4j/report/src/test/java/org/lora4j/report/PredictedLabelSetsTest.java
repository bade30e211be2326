/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.report.PredictedLabelSets.LabelCounts;
import org.lora4j.text.LabeledText;
import org.lora4j.text.Prediction;

/** Several labels, counted by hand. */
class PredictedLabelSetsTest {

    /** Right: a b, b, none, a. Given: a, b c, none, b. */
    private static PredictedLabelSets four() {
        return PredictedLabelSets.ofTexts(
                List.of(
                        new LabeledText("one", List.of("b", "a")),
                        new LabeledText("two", List.of("b")),
                        new LabeledText("three", List.of()),
                        new LabeledText("four", List.of("a"))),
                List.of(
                        said(List.of("a"), 0.9, 0.4, 0.1),
                        said(List.of("b", "c"), 0.2, 0.8, 0.6),
                        said(List.of(), 0.1, 0.1, 0.1),
                        said(List.of("b"), 0.3, 0.7, 0.2)));
    }

    private static Prediction said(List<String> labels, double a, double b, double c) {
        return new Prediction(labels, Map.of("a", a, "b", b, "c", c));
    }

    @Test
    void eachLabel_hasItsTwoByTwo() {
        assertThat(four().counts())
                .containsExactly(
                        Map.entry("a", new LabelCounts(1, 1, 0, 2)),
                        Map.entry("b", new LabelCounts(1, 1, 1, 1)),
                        Map.entry("c", new LabelCounts(0, 0, 1, 3)));
        assertThat(four().labels()).containsExactly("a", "b", "c");
    }

    @Test
    void whatWasGivenInThePlaceOfAMissedLabel_isCounted() {
        ConfusionCounts taken = four().taken();
        // Of "four" a was missed and b given; of "one" b was missed and nothing wrong given.
        assertThat(taken.count(0, 1)).isEqualTo(1);
        assertThat(taken.confused()).hasSize(1);
        assertThat(taken.right(0)).isEqualTo(1);
        assertThat(taken.right(1)).isEqualTo(1);
    }

    @Test
    void examples_areRightIfAllTheirLabelsAre() {
        PredictedLabelSets found = four();
        assertThat(found.marks(9)).containsExactly(0.0, 0.0, 1.0, 0.0);
        assertThat(found.wrongLabels()).isEqualTo(1 + 1 + 2);
        assertThat(found.toString()).contains("4 examples of 3 labels", "0.2500");
        // "four": -(ln 0.3 + ln 0.3 + ln 0.8) / 3; "one": -(ln 0.9 + ln 0.4 + ln 0.9) / 3; "two": -(2 ln 0.8 + ln 0.4)
        // / 3
        assertThat(found.loss(3)).isEqualTo(-(2 * Math.log(0.3) + Math.log(0.8)) / 3, within(1e-6));
        assertThat(found.loss(1)).isEqualTo(-(2 * Math.log(0.8) + Math.log(0.4)) / 3, within(1e-6));
        assertThat(found.worst(2)).containsExactly(3, 1);
        assertThat(found.worst(9)).containsExactly(3, 1, 0);
    }

    @Test
    void calibration_isOfAllLabelsOfAllExamples() {
        long counted = four().calibration().bins().stream()
                .mapToLong(Confidence.Bin::examples)
                .sum();
        assertThat(counted).isEqualTo(12);
    }

    @Test
    void labelsWithoutAProbability_doNotCountThere() {
        PredictedLabelSets found = PredictedLabelSets.of(
                List.of(List.of("new"), List.of("a")),
                List.of(
                        new Prediction(List.of("a"), Map.of("a", 0.75)),
                        new Prediction(List.of("a"), Map.of("a", 0.75))));
        assertThat(found.counts())
                .containsEntry("new", new LabelCounts(0, 1, 0, 1))
                .containsEntry("a", new LabelCounts(1, 0, 1, 0));
        assertThat(found.loss(0)).isEqualTo(-Math.log(0.25), within(1e-6));
        assertThat(found.calibration().bins()).singleElement().satisfies(bin -> {
            assertThat(bin.examples()).isEqualTo(2);
            assertThat(bin.accuracy()).isEqualTo(0.5);
        });
    }

    @Test
    void whatDoesNotFit_isRefused() {
        assertThatThrownBy(() -> PredictedLabelSets.of(List.of(), List.of())).hasMessageContaining("no example");
        assertThatThrownBy(() -> PredictedLabelSets.of(List.of(List.of("a")), List.of()))
                .hasMessageContaining("1 examples and 0 predictions");
        assertThatThrownBy(() -> PredictedLabelSets.of(
                        List.of(List.of("a")), List.of(new Prediction(List.of(), Map.of("a", 1.5)))))
                .hasMessageContaining("is 1.5, expected a probability");
        assertThatThrownBy(() -> four().withTexts(List.of("one"))).hasMessageContaining("1 texts for 4 examples");
    }

    @Test
    void aPage_showsThem() {
        String text = TrainingReport.titled("Topics").with(four()).text();
        assertThat(text)
                .contains("right and given", "right, not given", "given, not right", "neither")
                .contains("examples with all labels right")
                .contains("b, c", "four");
        assertThat(TrainingReport.titled("Topics").with(four()).html()).contains("Each label by two by two");
    }
}
