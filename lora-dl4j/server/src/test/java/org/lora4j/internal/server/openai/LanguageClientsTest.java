/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionChoice;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.models.Model;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.model.output.FinishReason;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.language.ChatMessage;
import org.lora4j.language.GenerationConfig;

/** Clients that others wrote and people use: OpenAI's own for Java, and LangChain4j's. */
@Timeout(60)
class LanguageClientsTest {

    private static final String QUESTION = "Tell me of Tom.";

    private static OpenAiPort port;
    private static OpenAIClient openAi;
    /** What the adapter answers to the question with the best tokens. */
    private static String answer;

    @BeforeAll
    static void open(@TempDir Path folder) throws IOException {
        port = new OpenAiPort(folder, OpenAiPort.TEMPLATE);
        openAi = OpenAIOkHttpClient.builder()
                .baseUrl(port.url())
                .apiKey("none is asked for")
                .maxRetries(0)
                .build();
        answer = port.model
                .chat(List.of(ChatMessage.user(QUESTION)), GenerationConfig.greedy(15))
                .text();
    }

    @AfterAll
    static void close() {
        openAi.close();
        port.close();
    }

    private static ChatCompletionCreateParams.Builder question() {
        return ChatCompletionCreateParams.builder()
                .model(OpenAiPort.BASE)
                .addUserMessage(QUESTION)
                .temperature(0)
                .maxCompletionTokens(15);
    }

    @Test
    void openAi_readsAnswers() {
        ChatCompletion found = openAi.chat()
                .completions()
                .create(question().logprobs(true).topLogprobs(2).build());

        assertThat(found.choices()).hasSize(1);
        found.validate();
        assertThat(found.choices().get(0).message().content()).contains(answer);
        assertThat(found.choices().get(0).finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.LENGTH);
        assertThat(found.usage().orElseThrow().completionTokens()).isEqualTo(15);
        assertThat(found.choices().get(0).logprobs().orElseThrow().content().orElseThrow())
                .hasSize(15)
                .allMatch(token -> token.topLogprobs().size() == 2);
    }

    @Test
    void openAi_readsStreams() {
        List<ChatCompletionChunk> chunks;
        try (StreamResponse<ChatCompletionChunk> stream = openAi.chat()
                .completions()
                .createStreaming(question()
                        .streamOptions(ChatCompletionStreamOptions.builder()
                                .includeUsage(true)
                                .build())
                        .build())) {
            chunks = stream.stream().toList();
        }

        chunks.forEach(ChatCompletionChunk::validate);
        assertThat(chunks.stream()
                        .flatMap(chunk -> chunk.choices().stream())
                        .map(choice -> choice.delta().content().orElse(""))
                        .collect(Collectors.joining()))
                .isEqualTo(answer);
        assertThat(chunks.get(chunks.size() - 1).usage().orElseThrow().completionTokens())
                .isEqualTo(15);
    }

    @Test
    void openAi_readsCompletions_wholeAndInPieces() {
        CompletionCreateParams params = CompletionCreateParams.builder()
                .model("qv")
                .prompt("Once upon a time")
                .temperature(0)
                .maxTokens(12)
                .logprobs(2)
                .build();

        Completion found = openAi.completions().create(params);
        found.validate();
        assertThat(found.choices().get(0).finishReason()).isEqualTo(CompletionChoice.FinishReason.LENGTH);
        assertThat(found.choices().get(0).logprobs().orElseThrow().tokens().orElseThrow())
                .hasSize(12);
        try (StreamResponse<Completion> stream = openAi.completions()
                .createStreaming(params.toBuilder().logprobs(Optional.empty()).build())) {
            assertThat(stream.stream()
                            .flatMap(piece -> piece.choices().stream())
                            .map(CompletionChoice::text)
                            .collect(Collectors.joining()))
                    .isEqualTo(found.choices().get(0).text());
        }
    }

    @Test
    void openAi_listsModels() {
        List<Model> models = openAi.models().list().data();

        models.forEach(Model::validate);
        assertThat(models).extracting(Model::id).containsExactlyInAnyOrder(OpenAiPort.BASE, "qv", "all");
        assertThat(openAi.models().retrieve("qv").ownedBy()).isEqualTo("lora4j");
    }

    @Test
    void openAi_readsErrors() {
        assertThatThrownBy(() -> openAi.chat()
                        .completions()
                        .create(question().model("qw").build()))
                .isInstanceOfSatisfying(NotFoundException.class, error -> {
                    assertThat(error.code()).contains("model_not_found");
                    assertThat(error.type()).contains("invalid_request_error");
                })
                .hasMessageContaining("\"qv\"");
        assertThatThrownBy(() -> openAi.chat()
                        .completions()
                        .create(question().maxCompletionTokens(100_000).build()))
                .isInstanceOfSatisfying(
                        BadRequestException.class,
                        error -> assertThat(error.code()).contains("context_length_exceeded"));
    }

    @Test
    void langChain_chats() {
        OpenAiChatModel model = OpenAiChatModel.builder()
                .baseUrl(port.url())
                .apiKey("none is asked for")
                .modelName(OpenAiPort.BASE)
                .temperature(0.0)
                .maxTokens(15)
                .maxRetries(0)
                .build();

        ChatResponse response = model.chat(UserMessage.from(QUESTION));

        assertThat(response.aiMessage().text()).isEqualTo(answer);
        assertThat(response.finishReason()).isEqualTo(FinishReason.LENGTH);
        assertThat(response.tokenUsage().outputTokenCount()).isEqualTo(15);
        assertThat(model.chat(SystemMessage.from("Be short."), UserMessage.from(QUESTION))
                        .aiMessage()
                        .text())
                .isNotBlank();
        OpenAiChatModel unknown = OpenAiChatModel.builder()
                .baseUrl(port.url())
                .apiKey("none is asked for")
                .modelName("nobody")
                .maxRetries(0)
                .build();
        assertThatThrownBy(() -> unknown.chat(QUESTION)).isInstanceOf(ModelNotFoundException.class);
    }

    @Test
    void langChain_streams() throws Exception {
        OpenAiStreamingChatModel model = OpenAiStreamingChatModel.builder()
                .baseUrl(port.url())
                .apiKey("none is asked for")
                .modelName(OpenAiPort.BASE)
                .temperature(0.0)
                .maxTokens(15)
                .build();
        List<String> pieces = new ArrayList<>();
        CompletableFuture<ChatResponse> done = new CompletableFuture<>();

        model.chat(QUESTION, new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String piece) {
                pieces.add(piece);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                done.complete(response);
            }

            @Override
            public void onError(Throwable error) {
                done.completeExceptionally(error);
            }
        });

        ChatResponse response = done.get(30, TimeUnit.SECONDS);
        assertThat(response.aiMessage().text()).isEqualTo(answer);
        assertThat(String.join("", pieces)).isEqualTo(answer);
        assertThat(pieces).hasSizeGreaterThan(3);
        assertThat(response.tokenUsage().outputTokenCount()).isEqualTo(15);
    }
}
