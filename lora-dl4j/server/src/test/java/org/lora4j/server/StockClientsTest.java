/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.errors.UnauthorizedException;
import com.openai.models.embeddings.CreateEmbeddingResponse;
import com.openai.models.embeddings.EmbeddingCreateParams;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.ai.document.MetadataMode;
import org.springframework.ai.openai.OpenAiEmbeddingOptions;
import org.springframework.ai.openai.api.OpenAiApi;

/** Clients that others wrote ask for embeddings. */
class StockClientsTest {

    private static final String TOKEN = "token-of-callers";

    private static LoraServer server;

    @BeforeAll
    static void start() throws Exception {
        server = TinyTasks.all().token(TOKEN).start();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static OpenAIClient client(String token) {
        return OpenAIOkHttpClient.builder()
                .baseUrl(server.uri() + "/v1")
                .apiKey(token)
                .maxRetries(0)
                .build();
    }

    private static EmbeddingCreateParams.Builder ask(String model, String... texts) {
        return EmbeddingCreateParams.builder().model(model).inputOfArrayOfStrings(List.of(texts));
    }

    @Test
    void openAi_getsEmbeddings_asNumbersAndAsBytes() {
        OpenAIClient client = client(TOKEN);
        float[][] expected = TinyTasks.ENCODER.embed(List.of("a good film", "paris"));
        CreateEmbeddingResponse numbers = client.embeddings()
                .create(ask("tiny", "a good film", "paris")
                        .encodingFormat(EmbeddingCreateParams.EncodingFormat.FLOAT)
                        .build());
        for (int i = 0; i < 2; i++) {
            List<Float> vector = numbers.data().get(i).embedding();
            assertThat(vector).hasSize(16);
            for (int j = 0; j < 16; j++) {
                assertThat(vector.get(j)).isCloseTo(expected[i][j], within(1e-5f));
            }
            assertThat(numbers.data().get(i).index()).isEqualTo(i);
        }
        assertThat(numbers.model()).isEqualTo("tiny");
        assertThat(numbers.usage().promptTokens()).isEqualTo(8);
        CreateEmbeddingResponse bytes = client.embeddings()
                .create(ask("tiny", "a good film")
                        .encodingFormat(EmbeddingCreateParams.EncodingFormat.BASE64)
                        .build());
        for (int j = 0; j < 16; j++) {
            assertThat(bytes.data().get(0).embedding().get(j)).isCloseTo(expected[0][j], within(1e-5f));
        }
        CreateEmbeddingResponse shorter = client.embeddings()
                .create(ask("vectors", "a good film").dimensions(4).build());
        assertThat(shorter.data().get(0).embedding()).hasSize(4);
        client.close();
    }

    @Test
    void openAi_getsItsOwnErrors() {
        OpenAIClient client = client(TOKEN);
        assertThatThrownBy(() -> client.embeddings().create(ask("vector", "a").build()))
                .isInstanceOf(NotFoundException.class)
                .hasMessageContaining("vectors");
        assertThatThrownBy(() -> client.embeddings()
                        .create(ask("tiny", "a").dimensions(1000).build()))
                .isInstanceOf(BadRequestException.class)
                .hasMessageContaining("dimensions");
        client.close();
        OpenAIClient stranger = client("another-token");
        assertThatThrownBy(() -> stranger.embeddings().create(ask("tiny", "a").build()))
                .isInstanceOf(UnauthorizedException.class);
        stranger.close();
    }

    @Test
    void base64_isOfFloatsWithTheLowestByteFirst() throws Exception {
        Asked.Answer answer = Asked.post(
                server.uri(),
                "/v1/embeddings",
                "{'input': 'paris', 'model': 'tiny', 'encoding_format': 'base64'}",
                "Authorization",
                "Bearer " + TOKEN);
        String text = answer.json().at("/data/0/embedding").textValue();
        ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(text)).order(ByteOrder.LITTLE_ENDIAN);
        float[] expected = TinyTasks.ENCODER.embed("paris");
        for (float value : expected) {
            assertThat(bytes.getFloat()).isCloseTo(value, within(1e-5f));
        }
        assertThat(bytes.remaining()).isZero();
    }

    @Test
    void errors_fitBothProtocolsThatHaveThePath() throws Exception {
        Asked.Answer answer = Asked.post(
                server.uri(), "/v1/embeddings", "{'input': [], 'model': 'tiny'}", "Authorization", "Bearer " + TOKEN);
        assertThat(answer.status()).isEqualTo(400);
        assertThat(OpenApiJudge.ofTextEmbeddingsInference().answer("/v1/embeddings", "post", 400, answer.json()))
                .isEmpty();
        assertThat(answer.json().at("/error/message").textValue()).contains("empty");
    }

    @Test
    void langChain4j_getsEmbeddings() {
        OpenAiEmbeddingModel model = OpenAiEmbeddingModel.builder()
                .baseUrl(server.uri() + "/v1")
                .apiKey(TOKEN)
                .modelName("tiny")
                .maxRetries(0)
                .build();
        List<Embedding> found = model.embedAll(List.of(TextSegment.from("a good film"), TextSegment.from("paris")))
                .content();
        float[][] expected = TinyTasks.ENCODER.embed(List.of("a good film", "paris"));
        for (int i = 0; i < 2; i++) {
            assertThat(found.get(i).vector()).containsExactly(expected[i], within(1e-5f));
        }
    }

    @Test
    void springAi_getsEmbeddings() {
        org.springframework.ai.openai.OpenAiEmbeddingModel model =
                new org.springframework.ai.openai.OpenAiEmbeddingModel(
                        OpenAiApi.builder()
                                .baseUrl(server.uri().toString())
                                .apiKey(TOKEN)
                                .build(),
                        MetadataMode.NONE,
                        OpenAiEmbeddingOptions.builder().model("tiny").build());
        assertThat(model.embed("a good film")).containsExactly(TinyTasks.ENCODER.embed("a good film"), within(1e-5f));
    }
}
