/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.language.ChatMessage;
import org.lora4j.language.GenerationConfig;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.openai.OpenAiChatModel;
import org.springframework.ai.openai.OpenAiChatOptions;
import org.springframework.ai.openai.api.OpenAiApi;
import org.springframework.ai.retry.NonTransientAiException;
import org.springframework.retry.support.RetryTemplate;

/** The client of Spring AI, with the settings that docs/serving.md names. */
@Timeout(60)
class SpringAiTest {

    private static final String QUESTION = "Tell me of Tom.";

    private static OpenAiPort port;
    private static String answer;

    @BeforeAll
    static void open(@TempDir Path folder) throws IOException {
        port = new OpenAiPort(folder, OpenAiPort.TEMPLATE);
        answer = port.model
                .chat(List.of(ChatMessage.user(QUESTION)), GenerationConfig.greedy(15))
                .text();
    }

    @AfterAll
    static void close() {
        port.close();
    }

    private static OpenAiChatModel model(String name) {
        return OpenAiChatModel.builder()
                .openAiApi(OpenAiApi.builder()
                        .baseUrl(port.url().replaceAll("/v1$", ""))
                        .apiKey("none is asked for")
                        .build())
                .defaultOptions(OpenAiChatOptions.builder()
                        .model(name)
                        .temperature(0.0)
                        .maxTokens(15)
                        .build())
                .retryTemplate(RetryTemplate.builder().maxAttempts(1).build())
                .build();
    }

    @Test
    void answers_areRead() {
        ChatResponse found = model(OpenAiPort.BASE).call(new Prompt(QUESTION));

        assertThat(found.getResult().getOutput().getText()).isEqualTo(answer);
        assertThat(found.getResult().getMetadata().getFinishReason()).isEqualTo("LENGTH");
        assertThat(found.getMetadata().getUsage().getCompletionTokens()).isEqualTo(15);
        assertThat(found.getMetadata().getModel()).isEqualTo(OpenAiPort.BASE);
    }

    @Test
    void streams_areRead() {
        List<String> pieces =
                model(OpenAiPort.BASE).stream(QUESTION).collectList().block(Duration.ofSeconds(30));

        assertThat(String.join("", pieces)).isEqualTo(answer);
        assertThat(pieces).hasSizeGreaterThan(3);
    }

    @Test
    void errors_areRead() {
        assertThatThrownBy(() -> model("qw").call(QUESTION))
                .isInstanceOf(NonTransientAiException.class)
                .hasMessageContaining("404")
                .hasMessageContaining("qv");
    }
}
