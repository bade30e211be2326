/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.lora4j.trust.ExamplePreview;
import org.lora4j.trust.PreflightRule;

/** Each rule of the preflight has a case that triggers it, and one beside it that does not. */
class PreflightInTextTasksTest {

    private static final TextEncoder ENCODER = TinyEncoder.create();
    private static final List<LabeledText> TRAIN = TinyEncoder.reviews(20, 1);

    @AfterAll
    static void closeEncoder() {
        ENCODER.close();
    }

    private static TextClassifier.Builder head() {
        return TextClassifier.builder(ENCODER).headOnly().validationFraction(0).quiet();
    }

    private static List<String> notes(List<LabeledText> examples) {
        return head().build().fit(examples).report().notes();
    }

    @Test
    void examplesAsTheyShouldBe_findNothing() {
        assertThat(notes(TRAIN)).isEmpty();
    }

    @Test
    void specialToken_thatTheTextHasToo_isSaid() {
        List<LabeledText> examples = new ArrayList<>(TRAIN);
        examples.set(
                0, new LabeledText("[CLS] " + TRAIN.get(0).text(), TRAIN.get(0).labels()));

        assertThat(notes(examples))
                .singleElement()
                .asString()
                .startsWith("1 of 20 texts begin with the same special token twice");
    }

    @Test
    void wordTwice_isNoSpecialToken() {
        List<LabeledText> examples = new ArrayList<>(TRAIN);
        examples.set(0, new LabeledText("good good film", TRAIN.get(0).labels()));

        assertThat(notes(examples)).isEmpty();
    }

    @Test
    void rateForAllWeights_isSaidOfAnAdapter_andNotOfAHeadThatASolverFinds() {
        TextClassifier adapter = TextClassifier.builder(ENCODER)
                .epochs(1)
                .learningRate(5e-5)
                .quiet()
                .build()
                .fit(TRAIN);

        assertThat(adapter.report().notes())
                .singleElement()
                .asString()
                .startsWith("the learning rate 5.0E-5 is one for all weights");
        assertThat(head().learningRate(5e-5).build().fit(TRAIN).report().notes())
                .isEmpty();
    }

    @Test
    void rateForAnAdapter_isSaidOfAllWeights() {
        TextClassifier all = TextClassifier.builder(ENCODER)
                .fullFineTuning()
                .epochs(1)
                .learningRate(2e-3)
                .quiet()
                .build()
                .fit(TRAIN);

        assertThat(all.report().notes())
                .singleElement()
                .asString()
                .startsWith("the learning rate 0.002 is one for an adapter");
    }

    private static LabeledWords words(String text, String tags) {
        return new LabeledWords(List.of(text.split(" ")), List.of(tags.split(" ")));
    }

    private static TokenClassifier tagger(PreflightRule... allowed) {
        return TokenClassifier.builder(ENCODER)
                .headOnly()
                .validationFraction(0)
                .quiet()
                .allow(allowed)
                .build();
    }

    private static final List<LabeledWords> TAGGED = List.of(
            words("new york is high", "B-CITY I-CITY O O"),
            words("paris is low", "B-CITY O O"),
            words("my card is new", "O O O O"));

    @Test
    void exampleWithoutAToken_thatHasATag_isRefusedWithItsPlace() {
        // A soft hyphen is no character of a word, and so it gives no token.
        List<LabeledWords> examples = new ArrayList<>(TAGGED);
        examples.add(words("\u00ad", "O"));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> tagger().fit(examples))
                .withMessageContaining("TokenClassifier.fit: preflight: train[3]: nothing is learned of this example")
                .withMessageContaining("The first examples: ")
                .withMessageContaining("allow(PreflightRule.NOTHING_LEARNED)");
        assertThat(tagger(PreflightRule.NOTHING_LEARNED).fit(examples).report().notes())
                .singleElement()
                .asString()
                .contains("nothing is learned of this example");
        assertThat(tagger().fit(TAGGED).report().notes()).isEmpty();
    }

    @Test
    void tagsThatAreCutWithTheirTexts_areSaidWithTheirNumber() {
        String many = "a the film is my card new high low bad good very in paris a the film is";
        List<LabeledWords> examples = new ArrayList<>(TAGGED);
        examples.add(words(many, "O".repeat(18).replace("", " ").trim()));

        assertThat(tagger().fit(examples).report().notes())
                .contains("4 of 29 tags were cut with their texts, so that they are not learned");
    }

    @Test
    void preview_showsTextsWithWhatIsLearned() {
        TextClassifier classifier = head().build();

        ExamplePreview preview = classifier.preview(TRAIN, 2);

        assertThat(preview.of()).isEqualTo(20);
        assertThat(preview.examples()).hasSize(2);
        ExamplePreview.Example first = preview.examples().get(0);
        assertThat(first.parts().get(0).text()).isEqualTo(TRAIN.get(0).text());
        assertThat(first.parts().get(0).learned()).isFalse();
        assertThat(first.target()).isEqualTo(TRAIN.get(0).labels().get(0));
        assertThat(preview.html()).contains("<mark>" + first.target() + "</mark>");
        assertThat(preview.terminal()).contains("\u001b[1;32m" + first.target());
    }

    @Test
    void preview_leavesOutWhatIsBehindTheEnd_andShowsTags() {
        String many = "a the film is my card new high low bad good very in paris a the film is";
        TextClassifier classifier = head().build();

        ExamplePreview cut =
                classifier.preview(List.of(new LabeledText(many, "long"), new LabeledText("a film", "short")), 1);
        ExamplePreview tags = tagger().preview(TAGGED, 1);

        assertThat(cut.examples().get(0).parts().get(0).text())
                .isEqualTo("a the film is my card new high low bad good very in paris");
        assertThat(cut.examples().get(0).tokens()).isEqualTo(TinyEncoder.LONGEST);
        assertThat(tags.examples().get(0).toString())
                .contains("\u27EAnew/B-CITY\u27EB \u27EAyork/I-CITY\u27EB \u27EAis/O\u27EB")
                .contains("4 of them learned");
    }
}
