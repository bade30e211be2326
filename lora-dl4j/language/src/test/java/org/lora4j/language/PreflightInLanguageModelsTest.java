/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.trust.PreflightRule;

/** Each rule of the preflight has a case that triggers it, and one beside it that does not. */
class PreflightInLanguageModelsTest {

    private static final String ASKS = "{%- if add_generation_prompt -%}[assistant]{%- endif -%}";
    private static final String ENDED =
            "{%- for m in messages -%}[{{ m.role }}] {{ m.content }}</s>\n{% endfor -%}" + ASKS;
    private static final String OPEN = "{%- for m in messages -%}[{{ m.role }}] {{ m.content }}.\n{% endfor -%}" + ASKS;
    private static final String OTHERWISE = "{%- for m in messages -%}[{{ m.role }}] {{ m.content }}</s>\n{% endfor -%}"
            + "{%- if add_generation_prompt -%}[assistant]<think>{%- endif -%}";

    /** What the model says is marked, without its end. */
    private static final String MARKED_WITHOUT_END = "{%- for m in messages -%}{%- if m.role == 'assistant' -%}"
            + "[assistant]{% generation %} {{ m.content }}{% endgeneration %}</s>{%- else -%}[user] {{ m.content }}</s>"
            + "{%- endif -%}\n{%- endfor -%}" + ASKS;

    private static final String MARKED =
            MARKED_WITHOUT_END.replace("{% endgeneration %}</s>", "</s>{% endgeneration %}");

    @TempDir
    Path directory;

    private CausalLm model(String template) throws IOException {
        return SmallCausalLm.load(SmallCausalLm.write(Files.createTempDirectory(directory, "model"), template));
    }

    private static List<LmExample> conversations() {
        List<LmExample> examples = new ArrayList<>();
        for (String name : List.of("Tim", "Lily", "Ben", "Mia")) {
            examples.add(LmExample.conversation(
                    List.of(ChatMessage.user("Who is " + name + "?"), ChatMessage.assistant(name + " is a child."))));
        }
        return examples;
    }

    private static List<String> notes(
            CausalLm model, List<LmExample> examples, UnaryOperator<CausalLmTrainer.Builder> settings) {
        return settings.apply(CausalLmTrainer.builder(model)
                        .epochs(1)
                        .validationFraction(0)
                        .quiet())
                .build()
                .fit(examples)
                .notes();
    }

    private static void assertRefused(CausalLm model, List<LmExample> examples, PreflightRule rule, String words) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> notes(model, examples, settings -> settings))
                .withMessageContaining("CausalLmTrainer.fit: preflight: ")
                .withMessageContaining(words)
                .withMessageContaining("The first examples: ")
                .withMessageContaining("allow(PreflightRule." + rule + ")");
        assertThat(model.model().adapterNames())
                .as("a refusal leaves nothing behind")
                .isEmpty();
        assertThat(notes(model, examples, settings -> settings.allow(rule)))
                .anySatisfy(note -> assertThat(note).contains(words));
    }

    @Test
    void conversations_whoseEndIsLearned_pass() throws IOException {
        try (CausalLm model = model(ENDED)) {
            assertThat(notes(model, conversations(), settings -> settings)).isEmpty();
        }
    }

    @Test
    void conversations_whoseEndIsNoTokenThatEndsTexts_areRefused() throws IOException {
        try (CausalLm model = model(OPEN)) {
            assertRefused(
                    model,
                    conversations(),
                    PreflightRule.END_NOT_LEARNED,
                    "the end is learned in none of 4 conversations");
        }
    }

    @Test
    void template_thatMarksAnswersWithoutTheirEnd_isRefused_andOneThatMarksItPasses() throws IOException {
        try (CausalLm model = model(MARKED_WITHOUT_END)) {
            assertRefused(
                    model,
                    conversations(),
                    PreflightRule.END_NOT_LEARNED,
                    "the end is learned in none of 4 conversations");
        }
        try (CausalLm model = model(MARKED)) {
            assertThat(notes(model, conversations(), settings -> settings)).isEmpty();
        }
    }

    @Test
    void completions_thatAreAllCutAtTheirEnd_areRefused_andSomeAreSaid() throws IOException {
        List<LmExample> cut = List.of(
                LmExample.completion("Tim saw a dog and", " ran and ran and ran and ran and ran to the big house."),
                LmExample.completion("Lily saw a dog and", " ran and ran and ran and ran and ran to the big house."));
        List<LmExample> some = new ArrayList<>(cut);
        some.add(LmExample.completion("Tim", " ran."));
        UnaryOperator<CausalLmTrainer.Builder> cutting =
                settings -> settings.maxLength(16).longRows(LongRows.CUT_END);
        try (CausalLm model = model(null)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> notes(model, cut, cutting))
                    .withMessageContaining("the end is learned in none of 2 completions");
            assertThat(notes(model, some, cutting))
                    .contains(
                            "in 2 of 3 completions the end is not learned, so that such texts may not end by themselves",
                            "of 2 examples that were cut, a part of what is learned was lost");
        }
    }

    @Test
    void prompts_thatAreCut_areSaid() throws IOException {
        List<LmExample> examples = List.of(
                LmExample.completion(
                        "Tim saw a dog and ran and ran and ran and ran to the big house.", " Then he slept."),
                LmExample.completion("Tim", " ran."));
        try (CausalLm model = model(null)) {
            assertThat(notes(model, examples, settings -> settings.maxLength(16).longRows(LongRows.CUT_START)))
                    .contains("of 1 examples that were cut, a part of the prompt was lost");
        }
    }

    @Test
    void template_thatAsksInOtherWordsThanItTrains_isRefused() throws IOException {
        try (CausalLm model = model(OTHERWISE)) {
            assertRefused(
                    model,
                    conversations(),
                    PreflightRule.PROMPT_DIFFERS,
                    "the chat template asks for 4 of 4 answers in other words than those that stand before what is learned");
        }
    }

    @Test
    void template_thatMarksAnswersBehindWordsThatItDoesNotAskWith_isRefused() throws IOException {
        try (CausalLm model = model(MARKED.replace(ASKS, ""))) {
            assertRefused(model, conversations(), PreflightRule.PROMPT_DIFFERS, "\"[assistant]\" stands between");
        }
    }

    @Test
    void exampleOfWhichNothingIsLearned_isRefused_andLeftOutIfThatIsAllowed() throws IOException {
        List<LmExample> examples = new ArrayList<>(conversations());
        examples.add(LmExample.conversation(List.of(ChatMessage.user("Hello?"))));
        try (CausalLm model = model(ENDED)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> notes(model, examples, settings -> settings))
                    .withMessageContaining("train[4] has no message of the role assistant");
            assertThat(notes(model, examples, settings -> settings.allow(PreflightRule.NOTHING_LEARNED)))
                    .containsExactly("1 examples were left out, as nothing can be learned from them");
        }
    }

    @Test
    void plainText_withoutItsEnd_isSaid() throws IOException {
        try (CausalLm model = model(null)) {
            List<LmExample> open = List.of(LmExample.text("Tim ran.").withoutEnd(), LmExample.text("Lily ran."));

            assertThat(notes(model, open, settings -> settings))
                    .singleElement()
                    .asString()
                    .startsWith("1 of 2 plain texts are learned without a token that ends them");
            assertThat(notes(model, open.subList(1, 2), settings -> settings.replaceAdapter()))
                    .isEmpty();
        }
    }

    @Test
    void specialToken_thatTheTextHasToo_isSaid() throws IOException {
        try (CausalLm model = model(null)) {
            assertThat(notes(
                            model,
                            List.of(LmExample.text("<s>Tim ran."), LmExample.text("Lily ran.")),
                            settings -> settings))
                    .singleElement()
                    .asString()
                    .startsWith("1 of 2 sequences begin with the same special token twice");
        }
    }

    /** A sequence of 48 tokens of which so many are learned. */
    private static LmExample learning(int count) {
        int[] ids = new int[48];
        boolean[] learned = new boolean[48];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = 5 + i;
            learned[i] = i >= ids.length - count;
        }
        return LmExample.tokens(ids, learned);
    }

    @Test
    void fewLearnedTokens_areSaidWithTheirNumbers() throws IOException {
        try (CausalLm model = model(null)) {
            assertThat(notes(model, List.of(learning(1), learning(1)), settings -> settings))
                    .containsExactly("only 2 of 96 tokens are learned");
            assertThat(notes(model, List.of(learning(3), learning(3)), settings -> settings.replaceAdapter()))
                    .isEmpty();
        }
    }

    @Test
    void answersOfOneToken_areSaidToBeFew() throws IOException {
        try (CausalLm model = model(null)) {
            List<LmExample> open = List.of(
                    LmExample.completion("Tim saw", " a").withoutEnd(),
                    LmExample.completion("Lily saw", " a").withoutEnd());

            assertThat(notes(model, open, settings -> settings))
                    .anySatisfy(note -> assertThat(note).matches("only \\d of \\d+ tokens are learned"));
        }
    }

    @Test
    void sameSequence_inBothParts_isSaid() throws IOException {
        try (CausalLm model = model(null)) {
            CausalLmTrainer trainer =
                    CausalLmTrainer.builder(model).epochs(1).quiet().build();
            List<LmExample> train = List.of(LmExample.text("Tim ran."), LmExample.text("Lily ran."));

            assertThat(trainer.fit(train, List.of(LmExample.text("Tim ran."))).notes())
                    .containsExactly(
                            "1 sequences of the validation part are in the training part, too, so its loss is too low");
        }
    }

    @Test
    void rateForAllWeights_isSaidOfAnAdapter() throws IOException {
        try (CausalLm model = model(null)) {
            List<LmExample> texts = List.of(LmExample.text("Tim ran."), LmExample.text("Lily ran."));

            assertThat(notes(model, texts, settings -> settings.learningRate(1e-4)))
                    .singleElement()
                    .asString()
                    .startsWith("the learning rate 1.0E-4 is one for all weights");
            assertThat(notes(
                            model,
                            texts,
                            settings -> settings.learningRate(1e-2).replaceAdapter()))
                    .isEmpty();
        }
    }

    @Test
    void preview_tellsLearnedFromRead_inATerminalAndAsAPage() throws IOException {
        try (CausalLm model = model(ENDED)) {
            LmPreview preview = CausalLmTrainer.builder(model)
                    .build()
                    .preview(
                            List.of(LmExample.conversation(List.of(
                                    ChatMessage.user("<b>Who?\u001b[2J"), ChatMessage.assistant("Tim & Lily.")))),
                            1);

            assertThat(preview.terminal())
                    .contains("\u001b[1;32m Tim & Lily.</s>\u001b[0m")
                    .contains("\\u001b[2J");
            assertThat(preview.terminal().replaceAll("\u001b\\[(0|2|1;32)m", ""))
                    .doesNotContain("\u001b");
            assertThat(preview.html())
                    .contains("<mark> Tim &amp; Lily.&lt;/s&gt;</mark>")
                    .contains("&lt;b&gt;Who?\\u001b[2J")
                    .doesNotContain("<b>");
        }
    }
}
