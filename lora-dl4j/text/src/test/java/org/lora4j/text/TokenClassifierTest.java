/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.text.LabeledWords.Span;

class TokenClassifierTest {

    private static final TextEncoder ENCODER = TinyEncoder.create();

    @TempDir
    Path folder;

    @AfterAll
    static void closeEncoder() {
        ENCODER.close();
    }

    private static List<LabeledWords> commands(int count) {
        List<LabeledWords> commands = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            commands.add(
                    i % 2 == 0
                            ? LabeledWords.of("playing in new york " + i, List.of(new Span("city", 11, 19)))
                            : LabeledWords.of("paris is very good " + i, List.of(new Span("city", 0, 5))));
        }
        return commands;
    }

    @Test
    void fit_findsEntities_andIsSavedAndLoaded() throws IOException {
        List<LabeledWords> commands = commands(12);
        TokenClassifier tagger =
                TokenClassifier.builder(ENCODER).epochs(8).build().fit(commands, commands);

        TaggedWords tagged = tagger.predict("playing in new york 3");

        assertThat(tagged.tags()).containsExactly("O", "O", "B-city", "I-city", "O");
        assertThat(tagged.entities()).containsExactly(new Entity("city", 2, 4));
        assertThat(tagged.text(tagged.entities().get(0))).isEqualTo("new york");
        assertThat(tagger.evaluate(commands).f1()).isGreaterThan(0.9);
        assertThat(tagger.tags()).containsExactly("B-city", "I-city", "O");

        tagger.save(folder);
        assertThat(TokenClassifier.load(folder, ENCODER).predict("my card is in paris"))
                .isEqualTo(tagger.predict("my card is in paris"));
        assertThat(Adapter.load(folder).config().taskType()).isEqualTo("TOKEN_CLS");
    }

    @Test
    void tokens_ofUnicodeWords_areAlignedWithTheirWords() {
        // "ma" + "##ı"; "strasse" in full is unknown, "straße" is "stra" + "##ße"; the umlaut of Zürich is stripped.
        List<String> words = List.of("maı", "\uD83D\uDE00", "Straße", "Zürich", "playing");

        TokenizedText tokens = ENCODER.tokenizer().tokenizeWords(words);

        assertThat(tokens.wordIds()).startsWith(-1).endsWith(-1);
        assertThat(tokens.wordIds()).containsExactly(-1, 0, 0, 1, 2, 2, 3, 3, 4, 4, -1);
    }

    @Test
    void predict_beyondTheLongestText_givesNoTag() {
        List<LabeledWords> commands = commands(12);
        TokenClassifier tagger =
                TokenClassifier.builder(ENCODER).headOnly().build().fit(commands, commands);
        List<String> words = new ArrayList<>(Collections.nCopies(20, "good"));
        words.set(19, "paris");

        TaggedWords tagged = tagger.predict(words);

        assertThat(tagged.tags()).hasSize(20).endsWith("O");
        assertThat(tagged.scores().get(19)).isZero();
        assertThat(tagged.scores().get(0)).isPositive();
    }

    @Test
    void fit_withATagThatOnlyTheValidationPartHas_saysSo() {
        List<LabeledWords> validation = List.of(new LabeledWords(List.of("paris"), List.of("B-cty")));

        assertThatThrownBy(() -> TokenClassifier.builder(ENCODER).build().fit(commands(4), validation))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("validation[0] has the tag \"B-cty\"")
                .hasMessageContaining("closest: \"B-city\"");
    }

    @Test
    void predict_withoutWords_isRefused() {
        List<LabeledWords> commands = commands(8);
        TokenClassifier tagger =
                TokenClassifier.builder(ENCODER).headOnly().build().fit(commands, commands);

        assertThatThrownBy(() -> tagger.predict("  ")).hasMessageContaining("input 0 is an empty text");
        assertThatThrownBy(() -> tagger.predict(List.of("a", ""))).hasMessageContaining("input 0 is an empty text");
    }

    @Test
    void labeledWords_ofSpans_takeWholeWords() {
        LabeledWords words =
                LabeledWords.of("book café-crème at 7pm!", List.of(new Span("place", 5, 15), new Span("time", 19, 20)));

        assertThat(words.words()).containsExactly("book", "café", "-", "crème", "at", "7pm", "!");
        assertThat(words.tags()).containsExactly("O", "B-place", "I-place", "I-place", "O", "B-time", "O");
        assertThatThrownBy(() -> LabeledWords.of("a film", List.of(new Span("x", 40, 44))))
                .hasMessageContaining("has no word");
        assertThatThrownBy(() -> new LabeledWords(List.of("a"), List.of("city")))
                .hasMessageContaining("expected \"O\", \"B-type\" or \"I-type\"");
    }

    @Test
    void entities_areThoseOfSeqeval() {
        // As get_entities of seqeval 1.2.2: an I- behind nothing or another type begins one, and so does every B-.
        assertThat(LabeledWords.entities(List.of("I-a", "I-a", "I-b", "O", "B-a", "B-a", "I-a")))
                .containsExactly(
                        new Entity("a", 0, 2), new Entity("b", 2, 3), new Entity("a", 4, 5), new Entity("a", 5, 7));
    }

    @Test
    void entityF1_countsTypeFirstAndLastWord() {
        // The example of seqeval's README: one of two entities right on each side.
        List<Entity> truth = LabeledWords.entities(List.of("O", "O", "O", "B-MISC", "I-MISC", "I-MISC", "O"));
        List<Entity> given = LabeledWords.entities(List.of("O", "O", "B-MISC", "I-MISC", "I-MISC", "I-MISC", "O"));
        List<Entity> person = LabeledWords.entities(List.of("B-PER", "I-PER", "O"));

        LabelEvaluation evaluation = LabelEvaluation.of(List.of(truth, person), List.of(given, person), Entity::type);

        assertThat(evaluation.f1()).isCloseTo(0.5, within(1e-12));
        assertThat(evaluation.macroF1()).isCloseTo(0.5, within(1e-12));
        assertThat(evaluation.byLabel())
                .containsEntry("MISC", new LabelEvaluation.OfLabel(0, 0, 0, 1))
                .containsEntry("PER", new LabelEvaluation.OfLabel(1, 1, 1, 1));
    }
}
