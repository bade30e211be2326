/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmServer;
import org.lora4j.language.Generation;
import org.lora4j.language.GenerationConfig;

/** What goes over the wire, to the letter; texts are those of the model with the adapter alone. */
@Timeout(60)
class OpenAiProtocolTest {

    private static final String PROMPT = "Once upon a time";

    private static final String COMPLETIONS = "/completions";

    private static final String CHAT = "/chat/completions";

    private static final String MESSAGES = "'messages': [{'role': 'user', 'content': 'Tell me of Tom.'}]";

    private static OpenAiPort port;
    private static CausalLm alone;

    @BeforeAll
    static void open(@TempDir Path folder) throws IOException {
        port = new OpenAiPort(folder, OpenAiPort.TEMPLATE);
        alone = CausalLm.load(OpenAiPort.STORIES);
        for (String name : List.of("qv", "all")) {
            alone.model().addAdapter(name, Adapter.load(OpenAiPort.STORIES.resolve("adapter-" + name)));
        }
    }

    @AfterAll
    static void close() {
        port.close();
        alone.close();
    }

    private static Generation alone(String adapter, String prompt, GenerationConfig config) {
        if (adapter.equals(OpenAiPort.BASE)) {
            alone.model().activate();
        } else {
            alone.model().activate(adapter);
        }
        return alone.generate(prompt, config);
    }

    private static String greedy(String model, int tokens, String more) {
        return "{'model': '" + model + "', 'prompt': '" + PROMPT + "', 'temperature': 0, 'max_tokens': " + tokens + more
                + "}";
    }

    private static String chat(String more) {
        return "{'model': 'qv', 'temperature': 0, " + MESSAGES + more + "}";
    }

    @ParameterizedTest
    @CsvSource({OpenAiPort.BASE, "qv", "all", "stories:qv"})
    void completion_isTheTextOfTheAdapterAlone(String model) throws Exception {
        Generation expected = alone(model.substring(model.indexOf(':') + 1), PROMPT, GenerationConfig.greedy(30));

        JsonNode answer = port.ask(COMPLETIONS, greedy(model, 30, ""));

        assertThat(answer.get("id").textValue()).startsWith("cmpl-");
        assertThat(answer.get("object").textValue()).isEqualTo("text_completion");
        assertThat(answer.get("model").textValue()).isEqualTo(model);
        assertThat(answer.get("created").longValue()).isBetween(1_700_000_000L, 10_000_000_000L);
        JsonNode choice = answer.get("choices").get(0);
        assertThat(choice.get("text").textValue()).isEqualTo(expected.text());
        assertThat(choice.get("index").intValue()).isZero();
        assertThat(choice.get("finish_reason").textValue()).isEqualTo("length");
        assertThat(choice.get("logprobs").isNull()).isTrue();
        assertThat(answer.get("usage").get("prompt_tokens").intValue()).isEqualTo(expected.promptIds().length);
        assertThat(answer.get("usage").get("completion_tokens").intValue()).isEqualTo(30);
        assertThat(answer.get("usage").get("total_tokens").intValue()).isEqualTo(30 + expected.promptIds().length);
        assertThat(answer.get("system_fingerprint").textValue()).startsWith("fp_");
    }

    @Test
    void severalTexts_areThoseOfTheSeed() throws Exception {
        GenerationConfig config = GenerationConfig.builder()
                .doSample(true)
                .temperature(0.9)
                .topP(0.95)
                .topK(40)
                .minP(0.02)
                .presencePenalty(0.5)
                .frequencyPenalty(0.25)
                .repetitionPenalty(1.1)
                .seed(5)
                .numReturnSequences(3)
                .maxNewTokens(12)
                .build();
        List<String> expected = alone("qv", PROMPT, config).sequences().stream()
                .map(Generation::text)
                .toList();

        JsonNode answer = port.ask(COMPLETIONS, """
                {'model': 'qv', 'prompt': 'Once upon a time', 'temperature': 0.9, 'top_p': 0.95, 'top_k': 40, 'min_p': 0.02,
                 'presence_penalty': 0.5, 'frequency_penalty': 0.25, 'repetition_penalty': 1.1, 'seed': 5, 'n': 3,
                 'max_tokens': 12, 'user': 'somebody', 'best_of': null}
                """);

        assertThat(answer.get("choices"))
                .extracting(choice -> choice.get("text").textValue())
                .containsExactlyElementsOf(expected)
                .doesNotHaveDuplicates();
        assertThat(answer.get("usage").get("completion_tokens").intValue()).isEqualTo(36);
    }

    @Test
    void severalGreedyTexts_areOne_givenSeveralTimes() throws Exception {
        JsonNode answer = port.ask(COMPLETIONS, greedy("qv", 5, ", 'n': 2"));
        List<JsonNode> events = port.stream(COMPLETIONS, greedy("qv", 5, ", 'n': 2, 'stream': true"));

        assertThat(answer.get("choices")).hasSize(2);
        String text = answer.get("choices").get(0).get("text").textValue();
        assertThat(answer.get("choices").get(1).get("text").textValue()).isEqualTo(text);
        assertThat(answer.get("choices").get(1).get("index").intValue()).isEqualTo(1);
        assertThat(answer.get("usage").get("completion_tokens").intValue()).isEqualTo(10);
        assertThat(joined(events, 0, "text")).isEqualTo(text);
        assertThat(joined(events, 1, "text")).isEqualTo(text);
    }

    /** The pieces of one text of a stream. */
    private static String joined(List<JsonNode> events, int index, String... field) {
        StringBuilder text = new StringBuilder();
        for (JsonNode event : events) {
            for (JsonNode choice : event.get("choices")) {
                JsonNode piece = choice;
                for (String name : field) {
                    piece = piece.path(name);
                }
                if (choice.get("index").intValue() == index && piece.isTextual()) {
                    text.append(piece.textValue());
                }
            }
        }
        return text.toString();
    }

    @Test
    void headers_sayWhichAdapterMadeAnAnswer() throws Exception {
        String hash = Adapter.load(OpenAiPort.STORIES.resolve("adapter-qv")).contentHash();
        for (String more : List.of("", ", 'stream': true")) {
            HttpResponse<String> adapted = port.post(COMPLETIONS, greedy("qv", 2, more));
            HttpResponse<String> base = port.post(COMPLETIONS, greedy("stories", 2, more));

            assertThat(adapted.headers().firstValue("x-adapter-hash")).contains(hash);
            assertThat(adapted.headers().firstValue("x-adapter-generation")).contains("1");
            assertThat(adapted.body()).contains("\"system_fingerprint\":\"fp_" + hash.substring(0, 12) + "\"");
            assertThat(base.headers().firstValue("x-adapter-hash")).isEmpty();
            assertThat(base.headers().firstValue("x-adapter-generation")).contains("0");
            assertThat(base.body()).contains("\"system_fingerprint\":\"fp_base\"");
        }
    }

    @Test
    void promptsOfAnyForm_goOn_eachByItself() throws Exception {
        int[] ids = alone.tokenizer().encode(PROMPT);
        String numbers = IntStream.of(ids).mapToObj(String::valueOf).toList().toString();
        String first =
                alone(OpenAiPort.BASE, PROMPT, GenerationConfig.greedy(6)).text();
        String second =
                alone(OpenAiPort.BASE, "Tom had", GenerationConfig.greedy(6)).text();

        JsonNode texts = port.ask(
                COMPLETIONS,
                "{'model': 'stories', 'prompt': ['Once upon a time', 'Tom had'], 'temperature': 0, 'max_tokens': 6, 'echo':"
                        + " true}");
        JsonNode tokens = port.ask(
                COMPLETIONS,
                "{'model': 'stories', 'prompt': " + numbers + ", 'temperature': 0, 'max_tokens': 6, 'echo': true}");
        JsonNode lists = port.ask(
                COMPLETIONS,
                "{'model': 'stories', 'prompt': [" + numbers + ", " + numbers
                        + "], 'temperature': 0, 'max_tokens': 6}");

        assertThat(texts.get("choices"))
                .extracting(choice -> choice.get("text").textValue())
                .containsExactly(PROMPT + first, "Tom had" + second);
        assertThat(texts.get("choices"))
                .extracting(choice -> choice.get("index").intValue())
                .containsExactly(0, 1);
        assertThat(tokens.get("choices").get(0).get("text").textValue()).isEqualTo(PROMPT + first);
        assertThat(lists.get("choices"))
                .extracting(choice -> choice.get("text").textValue())
                .containsExactly(first, first);
        assertThat(lists.get("usage").get("prompt_tokens").intValue()).isEqualTo(2 * ids.length);
    }

    @Test
    void completionWithoutALength_hasSixteenTokens_andAnswersAsManyAsThereIsRoomFor() throws Exception {
        JsonNode completion = port.ask(COMPLETIONS, "{'model': 'stories', 'prompt': 'Tom', 'temperature': 0}");
        JsonNode answer = port.ask(CHAT, chat(", 'ignore_eos': true"));

        assertThat(completion.get("usage").get("completion_tokens").intValue()).isEqualTo(16);
        assertThat(answer.get("usage").get("total_tokens").intValue()).isEqualTo(port.server.longestText());
        assertThat(answer.get("choices").get(0).get("finish_reason").textValue())
                .isEqualTo("length");
    }

    @Test
    void answer_isTheTextBehindTheTemplate() throws Exception {
        alone.model().activate("qv");
        int[] prompt = alone.tokenizer().encode("user said Tell me of Tom. Once upon", false);
        String expected = alone.generateIds(List.of(prompt), GenerationConfig.greedy(20), token -> true)
                .get(0)
                .text();

        JsonNode answer = port.ask(CHAT, chat(", 'max_completion_tokens': 20, 'max_tokens': 3"));

        assertThat(answer.get("id").textValue()).startsWith("chatcmpl-");
        assertThat(answer.get("object").textValue()).isEqualTo("chat.completion");
        JsonNode choice = answer.get("choices").get(0);
        assertThat(choice.get("message").get("role").textValue()).isEqualTo("assistant");
        assertThat(choice.get("message").get("content").textValue()).isEqualTo(expected);
        assertThat(choice.get("finish_reason").textValue()).isEqualTo("length");
        assertThat(choice.get("message").has("tool_calls")).isFalse();
    }

    @Test
    void stream_hasTheRoleFirst_thenPieces_theReason_theUsage_andTheEnd() throws Exception {
        JsonNode whole = port.ask(CHAT, chat(", 'max_tokens': 20"));

        List<JsonNode> events = port.stream(
                CHAT, chat(", 'max_tokens': 20, 'stream': true, 'stream_options': {'include_usage': true}"));

        assertThat(events)
                .extracting(event -> event.get("id").textValue())
                .containsOnly(events.get(0).get("id").textValue());
        assertThat(events)
                .extracting(event -> event.get("created").longValue())
                .hasSizeGreaterThan(5)
                .containsOnly(events.get(0).get("created").longValue());
        assertThat(events).extracting(event -> event.get("object").textValue()).containsOnly("chat.completion.chunk");
        assertThat(events.get(0).get("choices").get(0).get("delta").toString())
                .isEqualTo("{\"role\":\"assistant\",\"content\":\"\"}");
        assertThat(events.stream().skip(1).flatMap(event -> event.findValues("role").stream()))
                .isEmpty();
        assertThat(joined(events, 0, "delta", "content"))
                .isEqualTo(whole.get("choices")
                        .get(0)
                        .get("message")
                        .get("content")
                        .textValue());
        JsonNode reason = events.get(events.size() - 2).get("choices").get(0);
        assertThat(reason.get("delta")).isEmpty();
        assertThat(reason.get("finish_reason").textValue()).isEqualTo("length");
        JsonNode usage = events.get(events.size() - 1);
        assertThat(usage.get("choices")).isEmpty();
        assertThat(usage.get("usage")).isEqualTo(whole.get("usage"));
        assertThat(events.subList(0, events.size() - 1))
                .allMatch(event -> event.has("usage") && event.get("usage").isNull());
        assertThat(events.subList(0, events.size() - 2))
                .allMatch(event ->
                        event.get("choices").get(0).get("finish_reason").isNull());
        assertThat(port.stream(CHAT, chat(", 'max_tokens': 2, 'stream': true"))).noneMatch(event -> event.has("usage"));
    }

    @Test
    void stopStrings_endTheTextBeforeThem_alsoAcrossTokens_andInStreams() throws Exception {
        String text = alone("qv", PROMPT, GenerationConfig.greedy(30)).text();
        // From the middle of a word to that of another.
        int at = text.indexOf(' ', 20) - 2;
        String stop = text.substring(at, at + 4);
        String expected = text.substring(0, text.indexOf(stop));

        JsonNode answer = port.ask(COMPLETIONS, greedy("qv", 30, ", 'stop': ['nowhere to be found', '" + stop + "']"));
        List<JsonNode> events = port.stream(COMPLETIONS, greedy("qv", 30, ", 'stream': true, 'stop': '" + stop + "'"));

        assertThat(answer.get("choices").get(0).get("text").textValue()).isEqualTo(expected);
        assertThat(answer.get("choices").get(0).get("finish_reason").textValue())
                .isEqualTo("stop");
        assertThat(joined(events, 0, "text")).isEqualTo(expected);
    }

    @Test
    void probabilitiesOfAnswers_areTokensWithTheirBytes_inStreamsToo() throws Exception {
        String more = ", 'max_tokens': 15, 'logprobs': true, 'top_logprobs': 2";
        JsonNode choice = port.ask(CHAT, chat(more)).get("choices").get(0);
        List<JsonNode> events = port.stream(CHAT, chat(more + ", 'stream': true"));

        JsonNode tokens = choice.get("logprobs").get("content");
        assertThat(tokens).hasSize(15);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (JsonNode token : tokens) {
            token.get("bytes").forEach(unit -> bytes.write(unit.intValue()));
            assertThat(token.get("top_logprobs")).hasSize(2);
            // The best token was taken each time.
            assertThat(token.get("top_logprobs").get(0).get("token")).isEqualTo(token.get("token"));
            assertThat(token.get("top_logprobs").get(0).get("logprob")).isEqualTo(token.get("logprob"));
            assertThat(token.get("top_logprobs").get(1).get("logprob").doubleValue())
                    .isLessThanOrEqualTo(token.get("logprob").doubleValue());
        }
        assertThat(bytes.toString(StandardCharsets.UTF_8))
                .isEqualTo(choice.get("message").get("content").textValue());
        List<JsonNode> streamed = new ArrayList<>();
        events.forEach(event ->
                event.get("choices").get(0).get("logprobs").path("content").forEach(streamed::add));
        assertThat(streamed).containsExactlyElementsOf(tokens);
    }

    @Test
    void probabilitiesOfCompletions_haveTheirPlacesInTheText_andEndWithIt() throws Exception {
        GenerationConfig config =
                GenerationConfig.greedy(30).toBuilder().logProbabilities(true).build();
        Generation expected = alone("qv", PROMPT, config);
        String stop = expected.text().substring(40, 44);

        JsonNode whole = port.ask(COMPLETIONS, greedy("qv", 30, ", 'logprobs': 3"))
                .get("choices")
                .get(0);
        JsonNode cut = port.ask(COMPLETIONS, greedy("qv", 30, ", 'logprobs': 0, 'stop': '" + stop + "'"))
                .get("choices")
                .get(0);

        JsonNode logs = whole.get("logprobs");
        assertThat(logs.get("tokens")).hasSize(30);
        for (int i = 0; i < 30; i++) {
            assertThat(whole.get("text").textValue())
                    .startsWith(whole.get("text")
                                    .textValue()
                                    .substring(0, logs.get("text_offset").get(i).intValue())
                            + logs.get("tokens").get(i).textValue());
            assertThat(logs.get("token_logprobs").get(i).doubleValue())
                    .isCloseTo(expected.logProbabilities()[i], offset(1e-3));
            assertThat(logs.get("top_logprobs").get(i).size()).isBetween(1, 4);
        }
        int last = cut.get("logprobs").get("text_offset").size() - 1;
        assertThat(cut.get("logprobs").get("text_offset").get(last).intValue())
                .isLessThan(cut.get("text").textValue().length());
        assertThat(cut.get("logprobs").get("top_logprobs").get(0).isNull()).isTrue();
    }

    @Test
    void logitBias_takesTokensOut_orMakesThemTheOnlyOnes() throws Exception {
        int[] ids = alone(OpenAiPort.BASE, PROMPT, GenerationConfig.greedy(1)).newIds();
        int forced = alone.tokenizer().encode(" big", false)[0];

        JsonNode without =
                port.ask(COMPLETIONS, greedy("stories", 1, ", 'logprobs': 0, 'logit_bias': {'" + ids[0] + "': -100}"));
        JsonNode only = port.ask(COMPLETIONS, greedy("stories", 3, ", 'logit_bias': {'" + forced + "': 100}"));

        assertThat(without.get("choices").get(0).get("text").textValue())
                .isNotEqualTo(alone(OpenAiPort.BASE, PROMPT, GenerationConfig.greedy(1))
                        .text());
        String token = new String(alone.tokenizer().bytes(forced), StandardCharsets.UTF_8);
        assertThat(only.get("choices").get(0).get("text").textValue()).isEqualTo(token.repeat(3));
    }

    @Test
    void tools_areRendered_andCallsAreTakenOutOfAnswers() throws Exception {
        String tools =
                ", 'max_tokens': 4, 'tools': [{'type': 'function', 'function': {'name': 'weather', 'parameters': {}}}]";
        JsonNode without = port.ask(CHAT, chat(", 'max_tokens': 4"));
        JsonNode with = port.ask(CHAT, chat(tools + ", 'tool_choice': 'auto'"));
        JsonNode none = port.ask(CHAT, chat(tools + ", 'tool_choice': 'none'"));

        int prompt = without.get("usage").get("prompt_tokens").intValue();
        assertThat(with.get("usage").get("prompt_tokens").intValue())
                .isEqualTo(alone.tokenizer()
                        .encode("You may call weather. user said Tell me of Tom. Once upon", false)
                        .length);
        assertThat(none.get("usage").get("prompt_tokens").intValue()).isEqualTo(prompt);
        assertThat(port.refused(400, CHAT, chat(tools + ", 'tool_choice': 'required'"))
                        .get("param")
                        .textValue())
                .isEqualTo("tool_choice");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "'prompt': 'a', 'temperature': 3; temperature",
                "'prompt': 'a', 'temperature': 'hot'; temperature",
                "'prompt': 'a', 'top_p': -0.1; top_p",
                "'prompt': 'a', 'top_k': 1.5; top_k",
                "'prompt': 'a', 'n': 0; n",
                "'prompt': 'a', 'n': 129; n",
                "'prompt': 'a', 'max_tokens': 0; max_tokens",
                "'prompt': 'a', 'seed': 1.5; seed",
                "'prompt': 'a', 'stop': ''; stop",
                "'prompt': 'a', 'stop': [1]; stop[0]",
                "'prompt': 'a', 'presence_penalty': 2.5; presence_penalty",
                "'prompt': 'a', 'logit_bias': {'512': 1}; logit_bias",
                "'prompt': 'a', 'logit_bias': {'x': 1}; logit_bias",
                "'prompt': 'a', 'logit_bias': {'5': 101}; logit_bias",
                "'prompt': 'a', 'logprobs': 21; logprobs",
                "'prompt': 'a', 'best_of': 4; best_of",
                "'prompt': 'a', 'suffix': 'b'; suffix",
                "'prompt': 'a', 'echo': true, 'logprobs': 1; echo",
                "'prompt': 'a', 'stream_options': {'include_usage': true}; stream_options",
                "'prompt': 'a', 'guided_json': {'type': 'object'}; guided_json",
                "'temperature': 1; prompt",
                "'prompt': []; prompt",
                "'prompt': [['a']]; prompt[0][0]",
                "'prompt': {}; prompt",
            })
    void whatIsWrongInCompletions_isNamed(String fields, String param) throws Exception {
        JsonNode error = port.refused(400, COMPLETIONS, "{'model': 'stories', " + fields + "}");

        assertThat(error.get("param").textValue()).isEqualTo(param);
        assertThat(error.get("type").textValue()).isEqualTo("invalid_request_error");
        assertThat(error.get("message").textValue()).startsWith(param.equals("prompt[0][0]") ? "prompt" : param);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "'top_logprobs': 3; top_logprobs",
                "'logprobs': 3; logprobs",
                "'logprobs': true, 'top_logprobs': 21; top_logprobs",
                "'max_completion_tokens': 'many'; max_completion_tokens",
                "'response_format': {'type': 'json_schema', 'json_schema': {'name': 'x', 'schema': {}}}; response_format",
                "'response_format': {'type': 'json_object'}; response_format",
                "'functions': [{'name': 'f'}]; functions",
                "'tools': {}; tools",
                "'tools': [{'type': 'code'}]; tools",
                "'tool_choice': {'type': 'function', 'function': {'name': 'f'}}; tool_choice",
                "'audio': {'voice': 'x'}; audio",
                "'messages': 'hello'; messages",
            })
    void whatIsWrongInConversations_isNamed(String fields, String param) throws Exception {
        String messages = fields.contains("messages") ? "" : MESSAGES + ", ";

        JsonNode error = port.refused(400, CHAT, "{'model': 'stories', " + messages + fields + "}");

        assertThat(error.get("param").textValue()).isEqualTo(param);
        assertThat(error.get("message").textValue()).startsWith(param);
    }

    @Test
    void fieldsWithoutEffect_areIgnored() throws Exception {
        JsonNode answer = port.ask(
                CHAT,
                chat(", 'max_tokens': 3, 'response_format': {'type': 'text'}, 'store': true, 'metadata': {'a': 'b'},"
                        + " 'reasoning_effort': 'low', 'functions': [], 'suffix': null, 'something': [1]"));

        assertThat(answer.get("choices")).hasSize(1);
    }

    @Test
    void textBeyondTheContext_isRefusedInTheWordsOfOpenAi() throws Exception {
        int context = port.server.longestText();
        int prompt = alone.tokenizer().encode(PROMPT).length;
        String longText = "word ".repeat(context);
        int tokens = alone.tokenizer().encode(longText).length;

        JsonNode completion = port.refused(400, COMPLETIONS, greedy("stories", context, ""));
        JsonNode longPrompt = port.refused(400, COMPLETIONS, "{'model': 'stories', 'prompt': '" + longText + "'}");
        JsonNode conversation = port.refused(
                400, CHAT, "{'model': 'stories', 'messages': [{'role': 'user', 'content': '" + longText + "'}]}");
        JsonNode answer = port.refused(400, CHAT, chat(", 'max_tokens': " + context));

        assertThat(completion.get("message").textValue())
                .isEqualTo("This model's maximum context length is " + context + " tokens, however you requested "
                        + (context + prompt) + " tokens (" + prompt + " in your prompt; " + context
                        + " for the completion). Please reduce your prompt; or completion length.");
        assertThat(longPrompt.get("message").textValue()).contains(tokens + " tokens");
        assertThat(conversation.get("message").textValue())
                .startsWith("This model's maximum context length is " + context
                        + " tokens. However, your messages resulted in ")
                .endsWith(" tokens. Please reduce the length of the messages.");
        assertThat(answer.get("message").textValue()).contains(" in the messages, " + context + " in the completion)");
        for (JsonNode error : List.of(completion, longPrompt, conversation, answer)) {
            assertThat(error.get("code").textValue()).isEqualTo("context_length_exceeded");
            assertThat(error.get("type").textValue()).isEqualTo("invalid_request_error");
        }
        assertThat(conversation.get("param").textValue()).isEqualTo("messages");
    }

    @Test
    void unknownModel_isRefusedWithNamesThatAreLikeIt_andNeverTheBase() throws Exception {
        for (String path : List.of(COMPLETIONS, CHAT)) {
            JsonNode error = port.refused(404, path, "{'model': 'storeis', 'prompt': 'a', " + MESSAGES + "}");

            assertThat(error.get("code").textValue()).isEqualTo("model_not_found");
            assertThat(error.get("message").textValue()).contains("\"storeis\"").contains("\"stories\"");
        }
        port.refused(404, COMPLETIONS, "{'model': 'stories:nobody', 'prompt': 'a'}");
        port.refused(404, COMPLETIONS, "{'model': '', 'prompt': 'a'}");
        assertThat(port.refused(400, COMPLETIONS, "{'prompt': 'a'}")
                        .get("param")
                        .textValue())
                .isEqualTo("model");
    }

    @Test
    void models_areTheBaseAndItsAdapters() throws Exception {
        JsonNode list = port.get("/models");

        assertThat(list.get("object").textValue()).isEqualTo("list");
        assertThat(list.get("data"))
                .extracting(model -> model.get("id").textValue())
                .containsExactlyInAnyOrder(OpenAiPort.BASE, "qv", "all");
        for (JsonNode model : list.get("data")) {
            boolean isBase = model.get("id").textValue().equals(OpenAiPort.BASE);
            assertThat(model.get("object").textValue()).isEqualTo("model");
            assertThat(model.get("parent").textValue()).isEqualTo(isBase ? null : OpenAiPort.BASE);
            assertThat(model.get("max_model_len").intValue()).isEqualTo(port.server.longestText());
            assertThat(port.get("/models/" + model.get("id").textValue())).isEqualTo(model);
        }
        assertThat(port.get("/models/qx").get("error").get("code").textValue()).isEqualTo("model_not_found");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void clientThatGoes_endsItsText(boolean isStream) throws Exception {
        long before = port.server.metrics().cancelled();
        String body = chat(", 'stream': " + isStream + ", 'ignore_eos': true").replace('\'', '"');
        try (Socket socket = new Socket("127.0.0.1", port.port())) {
            socket.getOutputStream()
                    .write(
                            ("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                            + "Content-Length: " + body.length() + "\r\n\r\n" + body)
                                    .getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            StringBuilder read = new StringBuilder();
            while (isStream && !read.toString().contains("data: ")) {
                read.append((char) in.read());
            }
            assertThat(within(
                            Duration.ofSeconds(20), () -> port.server.metrics().running() > 0))
                    .isTrue();
        }

        assertThat(within(Duration.ofSeconds(20), () -> port.server.metrics().cancelled() > before))
                .isTrue();
        assertThat(within(
                        Duration.ofSeconds(5),
                        () -> port.metrics.text().contains("lora4j_num_requests_running{model_name=\"qv\"} 0")))
                .isTrue();
        assertThat(port.metrics.text())
                .contains("lora4j_request_success_total{finished_reason=\"abort\",model_name=\"qv\"}");
    }

    private static boolean within(Duration time, BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + time.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                return false;
            }
            Thread.sleep(5);
        }
        return true;
    }

    @Test
    void metrics_countTokensAndTimes() throws Exception {
        port.ask(COMPLETIONS, greedy("all", 7, ""));

        assertThat(port.metrics.text())
                .contains("lora4j_generation_tokens_total{model_name=\"all\"} ")
                .contains("lora4j_prompt_tokens_total{model_name=\"all\"} ")
                .contains("lora4j_request_success_total{finished_reason=\"length\",model_name=\"all\"} ")
                .contains("lora4j_time_to_first_token_seconds_count{model_name=\"all\"} ")
                .contains("lora4j_e2e_request_latency_seconds_count{model_name=\"all\"} ")
                .contains("lora4j_inter_token_latency_seconds_count{model_name=\"all\"} ")
                .contains("lora4j_num_requests_waiting{model_name=\"all\"} 0")
                .contains("lora4j_lora_requests_info{");
    }

    @Test
    void modelWithoutATemplate_hasNoConversations(@TempDir Path folder) throws Exception {
        try (OpenAiPort plain = new OpenAiPort(folder, null)) {
            JsonNode error = plain.refused(400, CHAT, chat(""));

            assertThat(error.get("message").textValue()).contains("has no chat template");
            assertThat(plain.ask(COMPLETIONS, greedy("qv", 2, "")).get("choices"))
                    .hasSize(1);
        }
    }

    @Test
    void templateWithoutAPlaceForTools_isSaid(@TempDir Path folder) throws Exception {
        String tools = ", 'tools': [{'type': 'function', 'function': {'name': 'f'}}]";
        try (OpenAiPort plain = new OpenAiPort(folder, "{{ messages[0].content }}")) {
            JsonNode error = plain.refused(400, CHAT, chat(tools));

            assertThat(error.get("param").textValue()).isEqualTo("tools");
            assertThat(error.get("message").textValue()).contains("no place for tools");
        }
    }

    @Test
    void queueThatIsFull_asksToComeAgain_andWhatWasAcceptedIsAnswered(@TempDir Path folder) throws Exception {
        CausalLm model = OpenAiPort.load(folder, OpenAiPort.TEMPLATE);
        try (OpenAiPort small = new OpenAiPort(
                CausalLmServer.builder(model).maxSequences(1).queue(1).build())) {
            String body = "{'model': 'qv', 'prompt': 'Tom', 'max_tokens': 300, 'ignore_eos': true, 'temperature': 0}";
            List<CompletableFuture<HttpResponse<String>>> running = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                running.add(
                        small.client.sendAsync(small.request(COMPLETIONS, body), HttpResponse.BodyHandlers.ofString()));
            }
            assertThat(within(
                            Duration.ofSeconds(10),
                            () -> small.server.metrics().running()
                                            + small.server.metrics().waiting()
                                    == 2))
                    .isTrue();

            JsonNode full = small.refused(429, COMPLETIONS, body);
            JsonNode many = small.refused(400, COMPLETIONS, body.replace("'Tom'", "['a', 'b', 'c']"));
            assertThat(full.get("type").textValue()).isEqualTo("rate_limit_error");
            assertThat(many.get("message").textValue()).contains("expected at most 2");
            assertThat(small.server.drain(Duration.ofSeconds(30))).isTrue();
            for (CompletableFuture<HttpResponse<String>> one : running) {
                assertThat(one.get().statusCode()).isEqualTo(200);
                assertThat(one.get().body()).contains("\"completion_tokens\":300");
            }
            small.refused(503, COMPLETIONS, body);
        }
    }

    @Test
    void adapterThatGoesWhileARequestWaits_isUnknown(@TempDir Path folder) throws Exception {
        CausalLm model = OpenAiPort.load(folder, OpenAiPort.TEMPLATE);
        try (OpenAiPort small = new OpenAiPort(
                CausalLmServer.builder(model).maxSequences(1).queue(4).build())) {
            String body =
                    "{'model': 'MODEL', 'prompt': 'Tom', 'max_tokens': 400, 'ignore_eos': true, 'temperature': 0}";
            CompletableFuture<HttpResponse<String>> running = small.client.sendAsync(
                    small.request(COMPLETIONS, body.replace("MODEL", "all")), HttpResponse.BodyHandlers.ofString());
            assertThat(within(
                            Duration.ofSeconds(10), () -> small.server.metrics().running() == 1))
                    .isTrue();
            CompletableFuture<HttpResponse<String>> waiting = small.client.sendAsync(
                    small.request(COMPLETIONS, body.replace("MODEL", "qv")), HttpResponse.BodyHandlers.ofString());
            assertThat(within(
                            Duration.ofSeconds(10), () -> small.server.metrics().waiting() == 1))
                    .isTrue();

            small.server.remove("qv");

            assertThat(running.get().statusCode()).isEqualTo(200);
            assertThat(waiting.get().statusCode()).isEqualTo(404);
            assertThat(waiting.get().body()).contains("model_not_found");
        }
    }
}
