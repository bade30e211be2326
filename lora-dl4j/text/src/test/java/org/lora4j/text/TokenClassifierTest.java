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
        assertThatThrownBy(() -> new LabeledWords(List.of("a"), List.of(" "))).hasMessageContaining("a tag is empty");
    }

    @Test
    void entities_areThoseOfSeqeval() {
        // As get_entities of seqeval 1.2.2: an I- behind nothing or another type begins one, and so does every B-.
        assertThat(TagScheme.ENTITIES.entities(List.of("I-a", "I-a", "I-b", "O", "B-a", "B-a", "I-a")))
                .containsExactly(
                        new Entity("a", 0, 2), new Entity("b", 2, 3), new Entity("a", 4, 5), new Entity("a", 5, 7));
    }

    @Test
    void entityF1_countsTypeFirstAndLastWord() {
        // The example of seqeval's README: one of two entities right on each side.
        List<Entity> truth = TagScheme.ENTITIES.entities(List.of("O", "O", "O", "B-MISC", "I-MISC", "I-MISC", "O"));
        List<Entity> given =
                TagScheme.ENTITIES.entities(List.of("O", "O", "B-MISC", "I-MISC", "I-MISC", "I-MISC", "O"));
        List<Entity> person = TagScheme.ENTITIES.entities(List.of("B-PER", "I-PER", "O"));

        LabelEvaluation evaluation = LabelEvaluation.of(List.of(truth, person), List.of(given, person), Entity::type);

        assertThat(evaluation.f1()).isCloseTo(0.5, within(1e-12));
        assertThat(evaluation.macroF1()).isCloseTo(0.5, within(1e-12));
        assertThat(evaluation.byLabel())
                .containsEntry("MISC", new LabelEvaluation.OfLabel(0, 0, 0, 1))
                .containsEntry("PER", new LabelEvaluation.OfLabel(1, 1, 1, 1));
    }

    @Test
    void entities_ofBioesAndBilou_areThoseOfSeqeval() {
        // By get_entities of seqeval 1.2.2: E and S end one, I and E behind an end begin one.
        List<Entity> expected =
                List.of(new Entity("a", 0, 3), new Entity("a", 3, 4), new Entity("b", 4, 5), new Entity("b", 5, 7));

        assertThat(new LabeledWords(
                                List.of("1", "2", "3", "4", "5", "6", "7", "8"),
                                List.of("B-a", "I-a", "E-a", "S-a", "E-b", "I-b", "E-b", "O"))
                        .entities())
                .isEqualTo(expected);
        assertThat(new LabeledWords(
                                List.of("1", "2", "3", "4", "5", "6", "7", "8"),
                                List.of("B-a", "I-a", "L-a", "U-a", "L-b", "I-b", "L-b", "O"))
                        .entities())
                .isEqualTo(expected);
    }

    @Test
    void scheme_isToldFromAllTags() {
        assertThat(TagScheme.of(List.of("O", "I-a", "I-b"))).isEqualTo(TagScheme.ENTITIES);
        assertThat(TagScheme.of(List.of("O"))).isEqualTo(TagScheme.ENTITIES);
        assertThat(TagScheme.of(List.of("NOUN", "VERB"))).isEqualTo(TagScheme.WORDS);
        // E-mail is no end of an entity of mail.
        assertThat(TagScheme.of(List.of("O", "E-mail"))).isEqualTo(TagScheme.WORDS);
        assertThat(TagScheme.of(List.of("O", "B-a", "c"))).isEqualTo(TagScheme.WORDS);
    }

    @Test
    void labelsOfWords_areScoredByWord_andThoseOfEntitiesByEntity() throws IOException {
        List<LabeledWords> train = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            train.add(new LabeledWords(List.of("my", "card", "is", "good"), List.of("DET", "NOUN", "VERB", "ADJ")));
            train.add(new LabeledWords(List.of("a", "film", "is", "bad"), List.of("DET", "NOUN", "VERB", "ADJ")));
        }
        try (TokenClassifier tagger =
                TokenClassifier.builder(ENCODER).headOnly().quiet().build().fit(train, train.subList(0, 4))) {
            // Two of eight words are other than the tagger, which knows all of them, says.
            List<LabeledWords> test = List.of(
                    new LabeledWords(List.of("my", "card", "is", "good"), List.of("DET", "NOUN", "VERB", "NOUN")),
                    new LabeledWords(List.of("a", "film", "is", "bad"), List.of("DET", "NOUN", "VERB", "VERB")));

            LabelEvaluation evaluation = tagger.evaluate(test);

            assertThat(tagger.report().metric()).isEqualTo("word F1");
            assertThat(evaluation.examples()).isEqualTo(8);
            assertThat(evaluation.accuracy()).isCloseTo(0.75, within(1e-12));
            assertThat(evaluation.byLabel().get("DET").f1()).isEqualTo(1);
            assertThat(evaluation.byLabel().get("ADJ").support()).isZero();
        }
    }

    @Test
    void tagsOfBioes_areLearned_andScoredByEntity() {
        List<LabeledWords> train = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            train.add(new LabeledWords(List.of("playing", "in", "new", "york"), List.of("O", "O", "B-city", "E-city")));
            train.add(new LabeledWords(List.of("paris", "is", "very", "good"), List.of("S-city", "O", "O", "O")));
        }
        try (TokenClassifier tagger =
                TokenClassifier.builder(ENCODER).headOnly().quiet().build().fit(train, train.subList(0, 4))) {
            assertThat(tagger.predict("playing in new york").entities()).containsExactly(new Entity("city", 2, 4));
            assertThat(tagger.evaluate(train).f1()).isEqualTo(1);
            assertThat(tagger.report().metric()).isEqualTo("entity F1");
        }
    }
}
