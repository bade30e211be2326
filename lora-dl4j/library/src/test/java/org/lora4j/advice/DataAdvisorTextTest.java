/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.advice.Advice.Answer;
import org.lora4j.advice.DataReport.Duplicate;
import org.lora4j.advice.DataReport.Likeness;
import org.lora4j.docs.TinyModelFiles;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextEncoder;

class DataAdvisorTextTest {

    private static final int LONGEST = 16;

    @TempDir
    private Path folder;

    private final DataAdvisor advisor = DataAdvisor.builder().build();
    private TextEncoder encoder;

    @BeforeEach
    void readEncoder() throws IOException {
        encoder = TextEncoder.load(TinyModelFiles.writeDirectory(folder.resolve("model")));
    }

    @AfterEach
    void close() {
        encoder.close();
    }

    /** Texts of the tokenizer's words, none of which is another's copy: i is written as "good" and "bad". */
    private static List<LabeledText> texts(int count) {
        List<LabeledText> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String digits = Integer.toBinaryString(64 + i).replace("1", "good ").replace("0", "bad ");
            texts.add(new LabeledText((i % 2 == 0 ? "a " : "very ") + digits.strip(), i % 2 == 0 ? "even" : "odd"));
        }
        return texts;
    }

    @Test
    void copies_areToldByTheirSpelling() {
        List<LabeledText> train = texts(12);
        train.add(new LabeledText("Where is my CARD?", "even"));
        train.add(new LabeledText("where is  my card", "odd"));
        List<LabeledText> validation =
                List.of(new LabeledText("where is my card !", "even"), new LabeledText("Where is my CARD?", "even"));

        DataReport report = advisor.examine(encoder, train, validation, List.of());

        assertThat(report.duplicates().rows())
                .filteredOn(one -> one.likeness() != Likeness.NEAR)
                .extracting(Duplicate::row, Duplicate::of, Duplicate::likeness, Duplicate::sameLabel)
                .containsExactly(tuple(13, 12, Likeness.SAME_WORDS, false));
        assertThat(report.leakage().rows())
                .extracting(Duplicate::row, Duplicate::of, Duplicate::likeness, Duplicate::sameLabel)
                .containsExactly(tuple(0, 12, Likeness.SAME_WORDS, true), tuple(1, 12, Likeness.SAME, true));
        assertThat(report.leakage().advice().sentence()).contains("1 exactly, 1 in other spelling, 0 nearly");
    }

    /** A slip of the pen makes another word for the encoder, or none. */
    @Test
    void textWithASlip_isNearlyACopy_whateverTheEncoderMakesOfIt() {
        List<LabeledText> train = texts(8);
        train.add(new LabeledText("where is my card", "even"));
        train.add(new LabeledText("hwere is my card", "odd"));

        DataReport report = advisor.examine(encoder, train, train.subList(9, 10), List.of());

        assertThat(report.duplicates().rows())
                .filteredOn(one -> one.row() == 9)
                .extracting(Duplicate::of, Duplicate::likeness)
                .containsExactly(tuple(8, Likeness.NEAR));
    }

    @Test
    void textsLongerThanTheEncoderReads_areNamed() {
        List<LabeledText> train = texts(12);
        train.set(5, new LabeledText("good ".repeat(LONGEST), "odd"));
        // 14 words and the two special tokens are read to their end.
        train.set(6, new LabeledText("good ".repeat(LONGEST - 2), "even"));

        DataReport report =
                advisor.examine(encoder, train, List.of(), List.of("bad", "bad ".repeat(LONGEST - 1), "film"));

        assertThat(report.cutTexts().train()).containsExactly(5);
        assertThat(report.cutTexts().served()).containsExactly(1);
        assertThat(report.cutTexts().advice().answer()).isEqualTo(Answer.CONSIDER);
        assertThat(report.cutTexts().advice().sentence())
                .startsWith("2 of 15 texts (13.3 %) are longer than the 16 tokens");
    }

    @Test
    void shift_isToldWithItsWords() {
        List<String> served = new ArrayList<>();
        for (LabeledText text : texts(40)) {
            served.add("film film film " + text.text());
        }

        DataReport.Shift shift =
                advisor.examine(encoder, texts(40), List.of(), served).shift();

        assertThat(shift.advice().answer()).isIn(Answer.CONSIDER, Answer.PROBLEM);
        assertThat(shift.words()).first().satisfies(word -> {
            assertThat(word.word()).isEqualTo("film");
            assertThat(word.train()).isZero();
            assertThat(word.served()).isEqualTo(40);
        });
        assertThat(shift.advice().sentence()).contains("\"film\"");
    }

    @Test
    void textsWithSeveralLabels_areExaminedButForTheirLabels() {
        List<LabeledText> train = texts(12);
        train.set(3, new LabeledText("a film", List.of("odd", "film")));

        DataReport report = advisor.examine(encoder, train);

        assertThat(report.labelErrors().advice().sentence())
                .isEqualTo("Cannot be said, because train[3] has 2 labels, and heads judge rows of one label each.");
        assertThat(report.learningCurve().advice().answer()).isEqualTo(Answer.UNKNOWN);
        assertThat(report.classSizes().sizes()).containsEntry("film", 1).containsEntry("odd", 6);
    }

    @Test
    void missingTextsAndLabels_areRefusedTogether() {
        List<LabeledText> train = texts(4);
        train.set(2, null);

        assertThatThrownBy(() ->
                        advisor.examine(encoder, train, Arrays.asList((LabeledText) null), Arrays.asList("a", null)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "DataAdvisor.examine: 3 problems: train[2] is null; validation[0] is null; served[1] is null");
        assertThatThrownBy(() ->
                        advisor.examine(encoder, List.of(new LabeledText("a", List.of()), new LabeledText("b", "x"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "DataAdvisor.examine: 2 problems: train[0] has no label, expected one or more; all of train have"
                                + " the label \"x\", expected two classes or more");
        assertThatThrownBy(() -> advisor.examine(encoder, List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("DataAdvisor.examine: train: texts = 0, expected 2 or more");
    }
}
