/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Data sets as they are found, read without a program of one's own, and shown as they are learned. */
class ExampleFilesTest {

    private static final String CHAT = "{% if tools %}<tools>{{ tools | length }}</tools>{% endif %}"
            + "{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ eos_token }}{% endfor %}"
            + "{% if add_generation_prompt %}<assistant>{% endif %}";

    @TempDir
    private Path folder;

    private CausalLm model(String template) throws IOException {
        Path directory = folder.resolve("model");
        return CausalLm.load(SmallCausalLm.write(Files.createDirectory(directory), template));
    }

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("data.json"), text);
    }

    private List<LmExample> read(String text) throws IOException {
        return LmExample.read(file(text));
    }

    @Test
    void alpaca_isAPromptAndACompletion_asAnArrayAndAsLines() throws IOException {
        String one = "{\"instruction\": \"Add.\", \"input\": \"1 2\", \"output\": \"3\", \"text\": \"all of it\"}";
        String two = "{\"instruction\": \"Say hi.\", \"input\": \"\", \"output\": \"Hi\"}";

        List<LmExample> array = read("\uFEFF [\n" + one + ",\n" + two + "]");
        List<LmExample> lines = read("\uFEFF" + one + "\n" + two + "\n");

        for (List<LmExample> examples : List.of(array, lines)) {
            assertThat(examples)
                    .extracting(LmExample::content)
                    .containsExactly(
                            new LmExample.Completion(
                                    "Below is an instruction that describes a task, paired with an input"
                                            + " that provides further context. Write a response that appropriately completes the"
                                            + " request.\n\n### Instruction:\nAdd.\n\n### Input:\n1 2\n\n### Response:\n",
                                    "3"),
                            new LmExample.Completion(
                                    "Below is an instruction that describes a task. Write a response that"
                                            + " appropriately completes the request.\n\n### Instruction:\nSay hi.\n\n###"
                                            + " Response:\n",
                                    "Hi"));
        }
        assertThat(array.get(1).where("train", 1)).isEqualTo("train[1] (\"data.json\", line 3)");
    }

    @Test
    void shareGpt_isAConversation_withItsSystemAndItsTools() throws IOException {
        List<LmExample> examples = read("""
                [{"system": "Be brief.", "tools": "[{\\"name\\": \\"add\\"}]", "conversations": [
                    {"from": "human", "value": "1 + 2?"}, {"from": "gpt", "value": "3"},
                    {"from": "observation", "value": "3"}, {"from": "gpt", "value": "yes"}]}]
                """);

        assertThat(examples.get(0).content())
                .isEqualTo(new LmExample.Conversation(
                        List.of(
                                ChatMessage.system("Be brief."),
                                ChatMessage.user("1 + 2?"),
                                ChatMessage.assistant("3"),
                                ChatMessage.of("tool", "3"),
                                ChatMessage.assistant("yes")),
                        List.of(Map.of("name", "add")),
                        0));
    }

    @Test
    void messagesOfTrl_areLearnedInTheCompletionAlone() throws IOException {
        List<LmExample> examples = read("""
                {"prompt": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Tim"}, \
                {"role": "user", "content": "Who"}], "completion": [{"role": "assistant", "content": "Lily"}]}
                """);
        try (CausalLm model = model(CHAT)) {
            LmPreview preview = CausalLmTrainer.builder(model).build().preview(examples, 5);

            assertThat(preview.sequences()).hasSize(1);
            assertThat(preview.sequences().get(0).learnedText()).isEqualTo("Lily</s>");
            assertThat(preview.toString())
                    .startsWith("1 sequences of 1 examples; what stands between \u27EA and \u27EB is learned")
                    .contains("<assistant>Tim</s>")
                    .contains("<assistant>\u27EALily</s>\u27EB");
        }
    }

    @Test
    void preview_showsTheFirstSequences_withTheirLearnedParts() throws IOException {
        try (CausalLm model = model(null)) {
            CausalLmTrainer trainer = CausalLmTrainer.builder(model).build();
            List<LmExample> examples =
                    List.of(LmExample.completion("Who ran?", " Tim"), LmExample.text("A ball"), LmExample.text("No"));

            LmPreview preview = trainer.preview(examples, 2);

            assertThat(preview.examples()).isEqualTo(3);
            assertThat(preview.sequences()).hasSize(2);
            LmPreview.Sequence first = preview.sequences().get(0);
            assertThat(first.parts())
                    .containsExactly(new LmPreview.Part("<s> Who ran?", false), new LmPreview.Part(" Tim</s>", true));
            assertThat(first.learned()).isLessThan(first.tokens());
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> trainer.preview(examples, 0))
                    .withMessageContaining("count = 0");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> trainer.preview(List.of(LmExample.text("")), 1))
                    .withMessageContaining("examples[0] is an empty text");
            LmExample conversation =
                    LmExample.conversation(List.of(ChatMessage.user("Who?"), ChatMessage.assistant("Tim")));
            assertThatThrownBy(() -> trainer.preview(List.of(conversation), 1))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("CausalLmTrainer.preview: ")
                    .hasMessageContaining("has no chat template, which conversations need")
                    .hasMessageContaining("LmExample.completion(prompt, completion)");
        }
    }

    @Test
    void malformedRows_areNamed() throws IOException {
        assertThatThrownBy(() -> read("""
                        [{"instruction": "a"},
                         7,
                         {"conversations": [{"from": "alien", "value": "x"}]},
                         {"prompt": "a", "completion": [{"role": "assistant", "content": "b"}]},
                         {"messages": [{"role": "user", "content": "a"}], "tools": "no"},
                         {"instruction": "a", "input": 3, "output": "b"},
                         {"prompt": "a", "completion": "b", "tools": [{"name": "add"}]}]
                        """))
                .hasMessageContaining("7 problems")
                .hasMessageContaining("line 7: it has tools, which have no place in a text")
                .hasMessageContaining(
                        "line 1: the fields are \"instruction\", expected messages, or prompt and completion,"
                                + " or conversations, or instruction and output, or text")
                .hasMessageContaining("line 2, row 2 is another value, expected a JSON object")
                .hasMessageContaining("line 3: conversations[0]: from is alien, expected one of \"human\"")
                .hasMessageContaining("line 4: prompt is a, expected a list")
                .hasMessageContaining("line 5: tools is no, expected a list in JSON")
                .hasMessageContaining("line 6: input is 3, expected a text");
        assertThatThrownBy(() -> read("[{\"text\": \"a\"},\n {\"text\": }]")).hasMessageContaining("line 2 is no JSON");
        Path bytes = folder.resolve("bytes.json");
        Files.write(bytes, new byte[] {'[', '\n', '"', (byte) 0x81, '"', ']'});
        assertThatThrownBy(() -> LmExample.read(bytes)).hasMessageContaining("line 2, column 2");
        assertThatThrownBy(() -> read("[]")).hasMessageContaining("no rows, expected one JSON object or more");
        assertThatThrownBy(() -> read("")).hasMessageContaining("no rows, expected one JSON object or more");
    }

    @Test
    void namedFormat_goesBeforeWhatTheFieldsSay() throws IOException {
        Path file = file("{\"instruction\": \"a\", \"output\": \"b\", \"text\": \"whole\"}\n");

        assertThat(LmExample.read(file, LmFormat.TEXT))
                .extracting(LmExample::content)
                .containsExactly(new LmExample.Text("whole"));
        assertThatThrownBy(() -> LmExample.read(file, LmFormat.SHAREGPT))
                .hasMessageContaining("the fields are \"instruction\", \"output\", \"text\", expected conversations");
    }

    @Test
    void tools_areRenderedWhereTheTemplateHasThem_elseRefused() throws IOException {
        List<Map<String, Object>> tools = List.of(Map.of("name", "add"));
        LmExample example =
                LmExample.conversation(List.of(ChatMessage.user("Hi"), ChatMessage.assistant("Tim")), tools);
        try (CausalLm model = model(CHAT)) {
            assertThat(CausalLmTrainer.builder(model)
                            .build()
                            .preview(List.of(example), 1)
                            .toString())
                    .contains("<tools>1</tools>");
            int with = model.chat(List.of(ChatMessage.user("Hi")), tools, GenerationConfig.greedy(1))
                    .promptIds()
                    .length;
            int without = model.chat(List.of(ChatMessage.user("Hi")), GenerationConfig.greedy(1))
                    .promptIds()
                    .length;
            assertThat(with).isGreaterThan(without);
        }
    }

    @Test
    void tools_thatATemplateWouldDrop_areRefused() throws IOException {
        List<Map<String, Object>> tools = List.of(Map.of("name", "add"));
        LmExample example =
                LmExample.conversation(List.of(ChatMessage.user("Hi"), ChatMessage.assistant("Tim")), tools);
        try (CausalLm model = model("{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}")) {
            assertThatThrownBy(() -> model.chat(List.of(ChatMessage.user("Hi")), tools, GenerationConfig.greedy(1)))
                    .isInstanceOf(ChatTemplateException.class)
                    .hasMessageContaining("the template has no place for tools, and there are 1");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> CausalLmTrainer.builder(model).build().fit(List.of(example)))
                    .withMessageContaining("train[0]")
                    .withMessageContaining("the template has no place for tools");
        }
    }
}
