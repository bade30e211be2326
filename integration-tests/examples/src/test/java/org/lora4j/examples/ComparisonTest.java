/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.lora4j.advice.Advice;
import org.lora4j.text.LabeledText;
import org.lora4j.text.Prediction;

class ComparisonTest {

    @Test
    void gain_whenEveryExampleGainsTheSame_isCertain() {
        Comparison table =
                new Comparison("search", "rank", 1).add("frozen", 0.2, 0.4, 0.1).add(Comparison.LORA, 0.3, 0.5, 0.2);

        assertThat(table.gain(Comparison.LORA, "frozen").low()).isCloseTo(0.1, within(1e-12));
        assertThat(table.gain(Comparison.LORA, "frozen").high()).isCloseTo(0.1, within(1e-12));
        assertThat(table.value("frozen").value()).isCloseTo(0.7 / 3, within(1e-12));
        assertThat(table.isLoraAboveAll()).isTrue();
        assertThat(table.verdict()).startsWith("LoRA is above frozen by +0.1000");
    }

    @Test
    void gain_whenTwoExamplesSayTheOpposite_cannotBeTold() {
        Comparison table =
                new Comparison("intents", "accuracy", 1).add("head alone", 1, 0).add(Comparison.LORA, 0, 1);

        assertThat(table.gain(Comparison.LORA, "head alone").low()).isEqualTo(-1);
        assertThat(table.gain(Comparison.LORA, "head alone").high()).isEqualTo(1);
        assertThat(table.verdict()).startsWith("LoRA cannot be told from head alone by +0.0000");
        assertThat(table.advice("There are two.").answer()).isEqualTo(Advice.Answer.CONSIDER);
        assertThat(table.advice("There are two.").sentence()).endsWith("There are two.");
    }

    @Test
    void value_ofSeveralLabels_isMicroF1() {
        // One label right of one told and one true; none of two told and one true.
        Comparison table = new Comparison("labels", "micro F1", 1)
                .addLabels(
                        Comparison.LORA,
                        List.of(new LabeledText("x", "a"), new LabeledText("y", "b")),
                        List.of(said("a"), said("c", "d")));

        assertThat(table.value(Comparison.LORA).value()).isCloseTo(0.4, within(1e-12));
    }

    /** Asking a text with three seeds tells three times as much of the model, and nothing more of other texts. */
    @Test
    void intervals_ofTheSameExamplesWithOtherSeeds_areNoNarrower() {
        List<LabeledText> examples = IntStream.range(0, 40)
                .mapToObj(i -> new LabeledText("text " + i, i % 4 == 0 ? "a" : "b"))
                .toList();
        List<Prediction> said = examples.stream().map(example -> said("b")).toList();
        Comparison once = new Comparison("intents", "accuracy", 1).addAnswers(Comparison.LORA, examples, said);
        Comparison thrice = new Comparison("intents", "accuracy", 1)
                .addAnswers(Comparison.LORA, examples, said)
                .addAnswers(Comparison.LORA, examples, said)
                .addAnswers(Comparison.LORA, examples, said);

        assertThat(thrice.value(Comparison.LORA)).isEqualTo(once.value(Comparison.LORA));
    }

    @Test
    void add_ofGroups_drawsThemTogether() {
        // Of each draw all are of a or of b, or half of them: no draw has only the wrong one of a.
        Comparison table = new Comparison("rows", "accuracy", 1)
                .add(Comparison.LORA, new double[] {1, 1, 0, 1}, List.of("a", "b", "a", "b"));

        assertThat(table.value(Comparison.LORA).value()).isEqualTo(0.75);
        assertThat(table.value(Comparison.LORA).low()).isEqualTo(0.5);
        assertThat(table.value(Comparison.LORA).high()).isEqualTo(1);
    }

    @Test
    void share_isThatOfTheRightAnswers() {
        assertThat(Comparison.share(List.of("a", "b", "c", "d"), List.of("a", "b", "x", "y")))
                .isEqualTo(0.5);
    }

    private static Prediction said(String... labels) {
        return new Prediction(List.of(labels), Map.of(labels[0], 0.9));
    }

    @Test
    void answers_ofOneLabel_areRightOrWrong() {
        Comparison table = new Comparison("intents", "accuracy", 1)
                .addAnswers(
                        Comparison.LORA,
                        List.of(new LabeledText("x", "a"), new LabeledText("y", "b")),
                        List.of(said("a"), said("a")));

        assertThat(table.value(Comparison.LORA).value()).isEqualTo(0.5);
    }

    @Test
    void add_toAnArmThatIsThere_goesOn() {
        Comparison table = new Comparison("intents", "accuracy", 1)
                .add(Comparison.LORA, Comparison.hits(List.of("a", "b"), List.of("a", "a")))
                .add(Comparison.LORA, 1, 1);

        assertThat(table.value(Comparison.LORA).value()).isEqualTo(0.75);
        assertThat(table.toString()).contains("| LoRA | 0.7500 |");
    }

    @Test
    void add_ofMoreNamesThanResults_isRefused() {
        Comparison table = new Comparison("intents", "accuracy", 1);

        assertThatThrownBy(() -> table.add(Comparison.LORA, new double[] {1}, List.of("a", "b")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("arm LoRA: 1 results and 2 names");
    }

    @Test
    void gain_ofAsManyOtherExamples_isRefused() {
        Comparison table = new Comparison("intents", "accuracy", 1)
                .add("head alone", new double[] {1, 0}, List.of("a", "b"))
                .add(Comparison.LORA, new double[] {1, 0}, List.of("a", "c"));

        assertThatThrownBy(table::verdict)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected the same examples");
    }

    @Test
    void gain_ofOtherExamples_isRefused() {
        Comparison table =
                new Comparison("intents", "accuracy", 1).add("head alone", 1).add(Comparison.LORA, 1, 1);

        assertThatThrownBy(table::verdict)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("LoRA has 2 examples and arm head alone has 1");
    }
}
