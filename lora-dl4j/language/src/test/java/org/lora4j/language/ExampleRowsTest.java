/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.error.Problems;
import org.lora4j.internal.language.training.TokenRow;

/** What of an example is learned, by the tokenizer of stories260k and templates of our own. */
class ExampleRowsTest {

    /** As ChatML, with words for its marks, so that they are in any vocabulary. */
    private static final String CHAT = """
            {%- for m in messages -%}
            {%- if m.role == 'user' and not loop.first and loop.previtem.role == 'user' -%}
            {{ raise_exception('two users in a row') }}{%- endif -%}
            [{{ m.role }}] {{ m.content }}</s>
            {% endfor -%}
            {%- if add_generation_prompt -%}[assistant]{%- endif -%}""";

    private static final String MARKED = """
            {%- for m in messages -%}
            {%- if m.role == 'assistant' -%}Bot:{% generation %} {{ m.content }}</s>{% endgeneration %}
            {%- else -%}You: {{ m.content }}
            {%- endif -%}{{ '\\n' }}{%- endfor -%}""";

    /** Leaves out the answers before the last one. */
    private static final String FORGETFUL = """
            {%- for m in messages -%}[{{ m.role }}] {{ m.content if loop.last or m.role == 'user' else '...' }}
            {% endfor -%}{%- if add_generation_prompt -%}[assistant]{%- endif -%}""";

    private static final List<ChatMessage> CONVERSATION = List.of(
            ChatMessage.user("Who is Tim?"),
            ChatMessage.assistant("A boy."),
            ChatMessage.user("And Lily?"),
            ChatMessage.assistant("A girl."));

    @TempDir
    Path directory;

    private List<TokenRow> rows(CausalLm model, LmExample example, int maxLength, LongRows longRows) {
        Problems problems = new Problems();
        List<TokenRow> rows =
                new ExampleRows(model, maxLength, longRows, false).of(List.of(example), "train", problems);
        problems.throwIfAny("rows");
        return rows;
    }

    private CausalLm model(String template) throws IOException {
        return SmallCausalLm.load(SmallCausalLm.write(directory, template));
    }

    private static String learned(CausalLm model, TokenRow row) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < row.length(); i++) {
            if (row.labels()[i] >= 0) {
                assertThat(row.labels()[i]).isEqualTo(row.ids()[i]);
                text.append(model.tokenizer().token(row.ids()[i]));
            } else {
                text.append('.');
            }
        }
        return text.toString().replaceAll("\\.+", ".");
    }

    @Test
    void completion_isLearnedWithTheTokenThatEndsIt_thePromptIsRead() throws IOException {
        try (CausalLm model = model(null)) {
            TokenRow row = rows(model, LmExample.completion("Tim saw a", " dog."), 48, LongRows.REFUSE)
                    .get(0);

            assertThat(row.ids()).startsWith(1).endsWith(2);
            assertThat(learned(model, row)).isEqualTo(".▁dog.</s>");
            assertThat(model.tokenizer().decode(row.ids(), true)).isEqualTo("Tim saw a dog.");
            TokenRow open = rows(
                            model, LmExample.completion("Tim saw a", " dog.").withoutEnd(), 48, LongRows.REFUSE)
                    .get(0);
            assertThat(open.ids()).isEqualTo(Arrays.copyOf(row.ids(), row.length() - 1));
        }
    }

    @Test
    void completion_thatGoesOnWithATokenOfThePrompt_isTold() throws IOException {
        try (CausalLm model = model(null)) {
            ExampleRows rows = new ExampleRows(model, 48, LongRows.REFUSE, false);

            rows.of(List.of(LmExample.completion("Tim saw a ", "dog.")), "train", new Problems());

            assertThat(rows.notes())
                    .singleElement()
                    .asString()
                    .contains("in 1 examples a token begins in what is read");
        }
    }

    @Test
    void text_goesOnInFurtherRows_eachOfItsTokensIsLearnedOnce() throws IOException {
        try (CausalLm model = model(null)) {
            String text = "Once upon a time there was a little dog who liked to run in the park all day.";
            int[] ids = model.tokenizer().encode(text);

            List<TokenRow> rows = rows(model, LmExample.text(text), 7, LongRows.REFUSE);

            assertThat(rows).allMatch(row -> row.length() <= 7);
            int[] learned = rows.stream()
                    .flatMapToInt(row -> Arrays.stream(row.labels()).skip(1))
                    .toArray();
            int[] expected = Arrays.copyOfRange(ids, 1, ids.length + 1);
            expected[expected.length - 1] = 2;
            assertThat(learned).isEqualTo(expected);
        }
    }

    @Test
    void conversation_learnsWhatTheAssistantSays_byRenderedPrefixes() throws IOException {
        try (CausalLm model = model(CHAT)) {
            TokenRow row = rows(model, LmExample.conversation(CONVERSATION), 200, LongRows.REFUSE)
                    .get(0);

            // Up to the token that ends an answer: the line break behind it is the template's.
            assertThat(learned(model, row).replace("▁", " ").replaceAll(" +", " "))
                    .isEqualTo(". A boy.</s>. A girl.</s>.");
        }
    }

    @Test
    void conversation_learnsWhatTheTemplateMarks() throws IOException {
        try (CausalLm model = model(MARKED)) {
            TokenRow row = rows(model, LmExample.conversation(CONVERSATION), 200, LongRows.REFUSE)
                    .get(0);

            assertThat(learned(model, row).replace("▁", " ").replaceAll(" +", " "))
                    .isEqualTo(". A boy.</s>. A girl.</s>.");
        }
    }

    @Test
    void conversation_ofATemplateThatRewritesEarlierTurns_isRefused() throws IOException {
        try (CausalLm model = model(FORGETFUL)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> rows(model, LmExample.conversation(CONVERSATION), 200, LongRows.REFUSE))
                    .withMessageContaining("train[0] cannot be told apart into turns: the template renders its first 2")
                    .withMessageContaining("{% generation %}");
            assertThat(rows(model, LmExample.conversation(CONVERSATION.subList(0, 2)), 200, LongRows.REFUSE))
                    .hasSize(1);
        }
    }

    @Test
    void longRow_isCutFromTheSideThatIsAsked_andCounted() throws IOException {
        try (CausalLm model = model(null)) {
            LmExample example = LmExample.completion("Tim and Lily and a big dog saw a", " cat and ran.");
            TokenRow whole = rows(model, example, 48, LongRows.REFUSE).get(0);
            int length = whole.length() - 3;

            TokenRow start = rows(model, example, length, LongRows.CUT_START).get(0);
            TokenRow end = rows(model, example, length, LongRows.CUT_END).get(0);
            ExampleRows counting = new ExampleRows(model, length, LongRows.CUT_END, false);
            counting.of(List.of(example, example), "train", new Problems());

            assertThat(Arrays.copyOfRange(start.ids(), 1, length))
                    .isEqualTo(Arrays.copyOfRange(whole.ids(), 4, whole.length()));
            assertThat(start.ids()[0]).as("the token that begins texts stays").isEqualTo(1);
            assertThat(start.targets()).isEqualTo(whole.targets());
            assertThat(end.ids()).isEqualTo(Arrays.copyOf(whole.ids(), length));
            assertThat(counting.cut()).isEqualTo(2);
            assertThat(counting.notes())
                    .singleElement()
                    .asString()
                    .contains("2 examples")
                    .contains("cut at their end");
        }
    }

    @Test
    void badExamples_areToldTogetherWithTheirPlace() throws IOException {
        try (CausalLm model = model(CHAT)) {
            Problems problems = new Problems();
            List<LmExample> examples = Arrays.asList(
                    LmExample.conversation(List.of(ChatMessage.user("Hello?"))),
                    LmExample.conversation(
                            List.of(ChatMessage.user("a"), ChatMessage.user("b"), ChatMessage.assistant("c"))),
                    LmExample.completion("Tim", ""),
                    LmExample.text(""),
                    LmExample.completion("Tim and Lily and a dog and a cat", " ran and ran and ran"),
                    LmExample.tokens(new int[] {1, 512}, new boolean[] {true, true}),
                    LmExample.tokens(new int[] {1, 5}, new boolean[] {true, false}),
                    null);

            new ExampleRows(model, 8, LongRows.REFUSE, false).of(examples, "train", problems);

            assertThat(problems.list()).hasSize(8);
            assertThat(problems.list().get(0))
                    .isEqualTo("train[0] has no message of the role assistant, expected an" + " answer to learn");
            assertThat(problems.list().get(1)).startsWith("train[1] ").contains("two users in a row");
            assertThat(problems.list().get(2)).startsWith("train[2] has an empty completion");
            assertThat(problems.list().get(3)).startsWith("train[3] is an empty text");
            assertThat(problems.list().get(4))
                    .contains("tokens, expected at most 8; raise maxLength, the context has 48; or have it cut by");
            assertThat(problems.list().get(5)).startsWith("train[5] has the token id 512, expected 0 to 511");
            assertThat(problems.list().get(6)).startsWith("train[6] has no token that is learned");
            assertThat(problems.list().get(7)).isEqualTo("train[7] is null, expected an example");

            ExampleRows skipping = new ExampleRows(model, 8, LongRows.REFUSE, true);
            problems.clear();
            assertThat(skipping.of(examples, "train", problems)).isEmpty();
            assertThat(skipping.skipped()).isEqualTo(8);
            assertThat(problems.list()).as("nothing is left").hasSize(8);
        }
    }

    @Test
    void conversation_ofAModelWithoutTemplate_isRefused() throws IOException {
        try (CausalLm model = model(null)) {
            assertThatThrownBy(() -> rows(model, LmExample.conversation(CONVERSATION), 48, LongRows.REFUSE))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("has no chat template");
        }
    }
}
