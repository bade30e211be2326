/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.error.ModelFormatException;

/** Templates of our own, which use what published ones use; their texts were written by hand. Jinja2 renders the same. */
class ChatTemplateTest {

    private static final Path OWN = Path.of("src/test/resources/language/own");

    private static final Clock CLOCK =
            Clock.fixed(LocalDateTime.of(2026, 3, 7, 9, 5, 2).toInstant(ZoneOffset.UTC), ZoneOffset.UTC);

    private static final Map<String, Object> CLOCK_TOOL = tool("clock", "Time.", "{}");

    @TempDir
    Path directory;

    private static ChatTemplate own(String name) throws IOException {
        return ChatTemplate.of(
                        Files.readString(OWN.resolve(name + ".jinja")), Map.of("bos_token", "<s>", "eos_token", "</s>"))
                .withClock(CLOCK);
    }

    private static Map<String, Object> tool(String name, String description, String ignored) {
        return ordered(
                "type",
                "function",
                "function",
                ordered(
                        "name",
                        name,
                        "description",
                        description,
                        "parameters",
                        ordered("type", "object", "properties", Map.of())));
    }

    private static Map<String, Object> ordered(Object... namesAndValues) {
        Map<String, Object> map = new java.util.LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            map.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return map;
    }

    private static ChatMessage user(String text) {
        return ChatMessage.user(text);
    }

    private static ChatMessage assistant(String text) {
        return ChatMessage.assistant(text);
    }

    @Test
    void tools_areWrittenAsJson_andTheirResultsUnderOneHeader() throws IOException {
        ChatMessage calling = new ChatMessage(
                "assistant",
                null,
                Map.of(
                        "tool_calls",
                        List.of(
                                Map.of(
                                        "function",
                                        ordered(
                                                "name",
                                                "get_weather",
                                                "arguments",
                                                ordered("city", "Köln", "days", List.of(1, 2.5)))),
                                Map.of("name", "clock", "arguments", "{}"))));
        List<ChatMessage> messages = List.of(
                ChatMessage.system(" Be short. "),
                user("Weather?"),
                calling,
                ChatMessage.of("tool", "12"),
                ChatMessage.of("tool", "noon"),
                assistant("12 at noon"));

        assertThat(own("tools").render(messages, true, Map.of("tools", List.of(CLOCK_TOOL))))
                .isEqualTo("""
                        <|im_start|>system
                        Be short.

                        # Tools
                        <tools>
                        {"type": "function", "function": {"name": "clock", "description": "Time.", "parameters": {"type": "object", "properties": {}}}}
                        </tools><|im_end|>
                        <|im_start|>user
                        Weather?<|im_end|>
                        <|im_start|>assistant
                        <tool_call>
                        {"name": "get_weather", "arguments": {"city": "Köln", "days": [1, 2.5]}}
                        </tool_call>
                        <tool_call>
                        {"name": "clock", "arguments": {}}
                        </tool_call><|im_end|>
                        <|im_start|>user
                        <tool_response>
                        12
                        </tool_response>
                        <tool_response>
                        noon
                        </tool_response><|im_end|>
                        <|im_start|>assistant
                        12 at noon<|im_end|>
                        <|im_start|>assistant
                        """);
        assertThat(own("tools").render(List.of(user("Hi")), false)).isEqualTo("<|im_start|>user\nHi<|im_end|>\n");
    }

    @Test
    void macros_callThemselvesOverASchema() throws IOException {
        Map<String, Object> weather = ordered(
                "function",
                ordered(
                        "name",
                        "get_weather",
                        "description",
                        "Weather of a city.\nNow.",
                        "parameters",
                        ordered(
                                "type",
                                "object",
                                "properties",
                                ordered(
                                        "unit",
                                        Map.of("enum", List.of("C", "F")),
                                        "days",
                                        ordered("type", "array", "items", Map.of("type", "integer")),
                                        "city",
                                        Map.of("type", "string")),
                                "required",
                                List.of("city"))));
        List<ChatMessage> messages = List.of(user(" Hi\r\nthere "), ChatMessage.of("tool", "x"));

        assertThat(own("macros").render(messages, true, Map.of("tools", List.of(weather, CLOCK_TOOL))))
                .isEqualTo("""
                        <functions>
                          // Weather of a city.
                          get_weather({city: string, days?: integer[], unit?: "C" | "F"})
                          // Time.
                          clock(object)
                        </functions>
                        User: Hi
                        there
                        Tool: x
                        Model:""");
        assertThat(own("macros").render(List.of(user("Hi")), false)).isEqualTo("User: Hi\n");
    }

    @Test
    void turns_areCountedInANamespace_andLoopsLeft() throws IOException {
        List<ChatMessage> messages = List.of(
                user("old"),
                assistant("older"),
                user("/reset"),
                user("one"),
                assistant(" "),
                assistant(" two "),
                user("three"),
                assistant("four"));

        assertThat(own("turns").render(messages, true)).isEqualTo("<s>[A1] one[A2] two</s>[B3] three[A4] four</s>");
        assertThat(own("turns").render(messages.subList(0, 7), true))
                .isEqualTo("<s>[A1] one[A2] two</s>[B3] three [>]");
        assertThat(own("turns").render(messages, false, Map.of("max_turns", 2)))
                .isEqualTo("<s>[A1] one[A2] two</s> [2 more]");
        assertThat(own("turns").render(List.of(user("/reset")), false)).isEqualTo("<s>(nothing)");
    }

    @Test
    void dates_areTheClocks() throws IOException {
        List<ChatMessage> messages = List.of(ChatMessage.system("Be kind."), user("Hi"));

        assertThat(own("dates").render(messages, true, Map.of("with_time", true)))
                .isEqualTo("""
                        <|start|>system
                        Cutting Knowledge Date: December 2023
                        Today Date: 07 Mar 2026, Saturday 7. 3., 09:05

                        Be kind.
                        <|end|>
                        <|start|>user
                        Hi
                        <|end|>
                        <|start|>assistant
                        """);
        assertThat(own("dates").render(List.of(user("Hi")), false, Map.of("date_string", "1 Jan 2000")))
                .isEqualTo("""
                        <|start|>system
                        Cutting Knowledge Date: December 2023
                        Today Date: 1 Jan 2000

                        <|end|>
                        <|start|>user
                        Hi
                        <|end|>
                        """);
    }

    @Test
    void thoughts_areKeptBehindTheLastQuestion_andPartsJoined() throws IOException {
        ChatMessage parts = new ChatMessage(
                "user",
                null,
                Map.of(
                        "content",
                        List.of(
                                Map.of("type", "text", "text", "and "),
                                Map.of("type", "image"),
                                Map.of("type", "text", "text", "?"))));
        List<ChatMessage> messages = List.of(
                user("1+1?"),
                assistant("<think>\neasy\n</think>\n\n2"),
                parts,
                assistant("<think>\nlook\n</think>\n\na cat"),
                user("<tool_response>ok</tool_response>"),
                new ChatMessage("assistant", null, Map.of()).with("content", null));

        assertThat(own("thinking").render(messages, true, Map.of("enable_thinking", false)))
                .isEqualTo("""
                        <|user|>
                        1+1?<|end|>
                        <|assistant|>
                        2<|end|>
                        <|user|>
                        and <|image|>?<|end|>
                        <|assistant|>
                        <think>
                        look
                        </think>

                        a cat<|end|>
                        <|user|>
                        <tool_response>ok</tool_response><|end|>
                        <|assistant|>
                        <|end|>
                        <|assistant|>
                        <think>

                        </think>

                        """);
    }

    @Test
    void templateOfSeveral_isChosenByToolsOrByName() throws IOException {
        ChatTemplate template = ChatTemplate.load(OWN.resolve("named"));
        List<ChatMessage> messages = List.of(user("Who?"));

        assertThat(template.names()).containsExactly("default", "rag", "tool_use");
        assertThat(template.render(List.of(user("Hi"), assistant("Ho")), false))
                .isEqualTo("<s>USER: Hi\nASSISTANT: Ho</s>\n");
        assertThat(template.render(messages, true)).isEqualTo("<s>USER: Who?\nASSISTANT:");
        assertThat(template.render(
                        messages, false, Map.of("tools", List.of(ordered("name", "f", "parameters", Map.of())))))
                .isEqualTo("<s>f{\n  \"name\": \"f\",\n  \"parameters\": {}\n}\nuser> Who?\n");
        assertThat(template.named("rag").render(messages, false)).isEqualTo("<s>no documents\nWho?");
        assertThat(template.named("rag")
                        .render(
                                messages,
                                false,
                                Map.of("documents", List.of(ordered("title", "T", "text", "x"), Map.of("title", "U")))))
                .isEqualTo("<s>[1] title: T; text: x[2] title: UWho?");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> template.named("tools"))
                .withMessage("ChatTemplate: no template \"tools\"; expected one of \"default\", \"rag\", \"tool_use\"."
                        + " Choose one by named(...).");
    }

    @Test
    void file_comesBeforeTheConfig_withThoseBesideIt() throws IOException {
        Files.writeString(directory.resolve("tokenizer_config.json"), """
                {"bos_token": {"content": "<s>"}, "chat_template": "config"}""");
        assertThat(ChatTemplate.load(directory).render(List.of(), false)).isEqualTo("config");

        Files.writeString(directory.resolve("chat_template.json"), "{\"chat_template\": \"json\"}");
        assertThat(ChatTemplate.load(directory).render(List.of(), false)).isEqualTo("json");

        Files.writeString(directory.resolve("chat_template.jinja"), "{{ bos_token }}file\n");
        Files.createDirectory(directory.resolve("additional_chat_templates"));
        Files.writeString(directory.resolve("additional_chat_templates/rag.jinja"), "rag");
        assertThat(ChatTemplate.load(directory).render(List.of(), false)).isEqualTo("<s>file");
        assertThat(ChatTemplate.load(directory).named("rag").render(List.of(), false))
                .isEqualTo("rag");
    }

    @Test
    void specialTokens_comeFromBothFiles_andVariablesBeforeThem() throws IOException {
        Files.writeString(directory.resolve("special_tokens_map.json"), """
                {"bos_token": "<map>", "eos_token": "</map>", "pad_token": "<pad>"}""");
        Files.writeString(directory.resolve("tokenizer_config.json"), """
                {"bos_token": "<config>", "pad_token": null, "add_bos_token": true}""");
        Files.writeString(
                directory.resolve("chat_template.jinja"),
                "{{ bos_token }}{{ eos_token }}{{ pad_token is defined }}{{ add_bos_token is defined }}");
        ChatTemplate template = ChatTemplate.load(directory);

        assertThat(template.render(List.of(), false)).isEqualTo("<config></map>FalseFalse");
        assertThat(template.render(List.of(), false, Map.of("bos_token", "<mine>")))
                .isEqualTo("<mine></map>FalseFalse");
    }

    @Test
    void directoryWithoutTemplate_isToldFromNoDirectory() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "");

        assertThat(ChatTemplate.find(directory)).isEmpty();
        assertThatExceptionOfType(NoSuchFileException.class)
                .isThrownBy(() -> ChatTemplate.load(directory))
                .withMessageContaining(directory + ": holds no chat template; expected chat_template.jinja");
        assertThatExceptionOfType(NoSuchFileException.class)
                .isThrownBy(() -> ChatTemplate.find(directory.resolve("none")))
                .withMessageContaining("no such directory; expected a model directory");
        assertThatExceptionOfType(FileSystemException.class)
                .isThrownBy(() -> ChatTemplate.find(file))
                .withMessageContaining("is a file; expected a model directory");
    }

    @Test
    void filesThatAreNoTemplates_areRefusedWithFileAndLine() throws IOException {
        Path config = directory.resolve("tokenizer_config.json");
        for (String[] each : new String[][] {
            {"{\"chat_template\": 7}", "chat_template is 7; expected a text, or a list"},
            {"{\"chat_template\": [{\"name\": \"x\"}]}", "an entry of the list is {name=x}; expected a name and a"},
            {"{\"chat_template\": \"a\\n{% include 'x' %}\"}", "chat_template, line 2: the statement 'include' reaches"
            },
            {
                "{\"chat_template\": [{\"name\": \"x\", \"template\": \"{{\"}]}",
                "chat_template \"x\", line 1: the template"
            },
            {"{", "not valid JSON"}
        }) {
            Files.writeString(config, each[0]);

            assertThatExceptionOfType(ModelFormatException.class)
                    .isThrownBy(() -> ChatTemplate.load(directory))
                    .withMessageStartingWith(config.toString())
                    .withMessageContaining(each[1]);
        }
        Path file = Files.writeString(directory.resolve("chat_template.jinja"), "a\n{{ b | no_filter }}");
        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> ChatTemplate.load(directory))
                .withMessage(
                        file + ", line 2: no filter named 'no_filter'; expected a Jinja template as transformers reads"
                                + " them. The template is damaged, or needs what chat templates may not use.");
        Files.writeString(file, "x".repeat(1 << 21));
        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> ChatTemplate.load(directory))
                .withMessageContaining("the file has 2097152 bytes; expected a chat template, at most 1048576 bytes");
    }

    @Test
    void refusedConversation_hasTheWordsOfTheTemplate() throws IOException {
        assertThatExceptionOfType(ChatTemplateException.class)
                .isThrownBy(() -> own("turns").render(List.of(user("a"), user("b")), false))
                .withMessage(
                        "ChatTemplate, line 14: the template refuses these messages: \"After user comes assistant.\";"
                                + " expected a conversation as it was made for. Change the messages, or use another template.")
                .satisfies(e -> assertThat(e.reason()).isEqualTo("After user comes assistant."));
        assertThatExceptionOfType(ChatTemplateException.class)
                .isThrownBy(() ->
                        ChatTemplate.of("{{ messages[3].content }}", Map.of()).render(List.of(user("a")), false))
                .withMessageContaining("line 1: the template fails on these messages: 'list object' has no element 3");
    }

    @Test
    void templateBeyondItsLimits_isRefused_andGivenMoreItEnds() {
        ChatTemplate template = ChatTemplate.of("{% for i in range(1000) %}{{ i }}{% endfor %}", Map.of());

        assertThat(template.render(List.of(), false)).hasSize(2890);
        assertThatExceptionOfType(ChatTemplateException.class)
                .isThrownBy(() -> template.withLimits(1000, 10_000).render(List.of(), false))
                .withMessageContaining("after 1000 units of work; expected a template that ends within its limits");
        assertThatExceptionOfType(ChatTemplateException.class)
                .isThrownBy(() -> template.withLimits(1_000_000, 100).render(List.of(), false))
                .withMessageContaining("it makes more than 100 characters");
        assertThatIllegalArgumentException().isThrownBy(() -> template.withLimits(-1, -2));
    }

    @Test
    void longConversation_isWithinTheLimits() throws IOException {
        ChatMessage[] messages = new ChatMessage[2_000];
        Arrays.setAll(messages, i -> i % 2 == 0 ? user("word ".repeat(2_000)) : assistant("answer ".repeat(1_000)));

        assertThat(own("turns").render(List.of(messages), true, Map.of("max_turns", 2_000)))
                .hasSizeGreaterThan(16_000_000);
    }

    @Test
    void variables_thatAreNoPlainValues_areRefused() throws IOException {
        ChatTemplate template = own("turns");

        assertThatIllegalArgumentException()
                .isThrownBy(() -> template.render(List.of(), false, Map.of("x", List.of(directory))))
                .withMessageContaining("ChatTemplate: in messages or variables, a value is of ")
                .withMessageContaining(
                        "expected texts, numbers, truth values, lists and maps of them. Make plain values");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> template.render(List.of(), false, Map.of("messages", List.of())))
                .withMessageContaining("variables hold messages");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> user("a").with("content", "b"))
                .withMessageContaining("fields hold content, which is given already");
    }
}
