/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.serve.text.TextLimits;
import org.lora4j.text.Prediction;

/** Text Embeddings Inference's protocol; its published description judges requests and answers. */
class TeiProtocolTest {

    private static OpenApiJudge judge;
    private static LoraServer server;
    private static URI uri;

    @BeforeAll
    static void start() throws Exception {
        judge = OpenApiJudge.ofTextEmbeddingsInference();
        server = TinyTasks.all()
                .textLimits(TextLimits.usual().request(8, 1000, 500))
                .start();
        uri = server.uri();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /** Asks, and has the answer judged; the request too, but for the fields that are ours. */
    private static JsonNode right(String path, String body) throws Exception {
        ObjectNode request = (ObjectNode) Asked.JSON.readTree(body.replace('\'', '"'));
        assertThat(judge.request(path, request)).isEmpty();
        Asked.Answer answer = Asked.post(uri, path, body);
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        assertThat(judge.answer(path, "post", 200, answer.json())).isEmpty();
        return answer.json();
    }

    private static JsonNode wrong(String path, String body, int status) throws Exception {
        Asked.Answer answer = Asked.post(uri, path, body);
        assertThat(answer.status()).as(answer.text()).isEqualTo(status);
        assertThat(judge.answer(path, "post", status, answer.json())).isEmpty();
        return answer.json();
    }

    private static float[] floats(JsonNode list) {
        float[] values = new float[list.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = list.get(i).floatValue();
        }
        return values;
    }

    @Test
    void judge_seesWhatIsNotAsDescribed() throws Exception {
        assertThat(judge.request("/embed", Asked.JSON.readTree("{\"inputs\": 7}")))
                .isNotEmpty();
        assertThat(judge.request("/embed", Asked.JSON.readTree("{}"))).isNotEmpty();
        assertThat(judge.answer("/embed", "post", 200, Asked.JSON.readTree("[[\"a\"]]")))
                .isNotEmpty();
        assertThat(judge.answer("/embed", "post", 418, Asked.JSON.readTree("[]")))
                .isNotEmpty();
        assertThat(judge.answer("/embed", "post", 422, Asked.JSON.readTree("{\"error\":\"a\",\"error_type\":\"b\"}")))
                .isNotEmpty();
    }

    @Test
    void embed_givesVectorsOfTheBase_orOfAnAdapter() throws Exception {
        List<String> texts = List.of("a good film", "paris");
        JsonNode base = right("/embed", "{'inputs': ['a good film', 'paris'], 'model': 'tiny'}");
        float[][] expected = TinyTasks.ENCODER.embed(texts);
        for (int i = 0; i < 2; i++) {
            assertThat(floats(base.get(i))).containsExactly(expected[i], within(1e-5f));
        }
        JsonNode adapted = right("/embed", "{'inputs': 'a good film', 'model': 'vectors'}");
        assertThat(adapted.size()).isEqualTo(1);
        Asked.Answer byHeader = Asked.post(uri, "/embed", "{'inputs': 'a good film'}", "x-adapter", "vectors");
        assertThat(byHeader.json()).isEqualTo(adapted);
        assertThat(adapted.get(0)).isNotEqualTo(base.get(0));
        assertThat(byHeader.header("x-adapter-generation")).isEqualTo("7");
    }

    @Test
    void embed_ofIds_isThatOfTheirText() throws Exception {
        JsonNode tokens =
                right("/tokenize", "{'inputs': 'a good film', 'model': 'tiny'}").get(0);
        List<String> ids = new ArrayList<>();
        tokens.forEach(token -> ids.add(token.get("id").toString()));
        assertThat(right("/embed", "{'inputs': [[" + String.join(",", ids) + "]], 'model': 'tiny'}"))
                .isEqualTo(right("/embed", "{'inputs': 'a good film', 'model': 'tiny'}"));
        assertThat(right("/embed", "{'inputs': [" + String.join(",", ids) + "], 'model': 'tiny'}")
                        .size())
                .isEqualTo(1);
    }

    @Test
    void embed_withDimensions_isShorter_andOfLengthOne() throws Exception {
        float[] vector = floats(right("/embed", "{'inputs': 'a good film', 'dimensions': 4, 'model': 'tiny'}")
                .get(0));
        assertThat(vector).hasSize(4);
        double squares = 0;
        for (float value : vector) {
            squares += value * value;
        }
        assertThat(squares).isCloseTo(1, within(1e-5));
        assertThat(wrong("/embed", "{'inputs': 'a', 'dimensions': 17, 'model': 'tiny'}", 422)
                        .get("error")
                        .textValue())
                .contains("dimensions", "1 to 16");
    }

    @Test
    void embedAll_givesAVectorForEachToken() throws Exception {
        JsonNode all = right("/embed_all", "{'inputs': ['a good film', 'paris'], 'model': 'tiny'}");
        assertThat(all.get(0).size()).isEqualTo(5);
        assertThat(all.get(1).size()).isEqualTo(3);
        assertThat(all.get(1).get(0).size()).isEqualTo(16);
    }

    @Test
    void embedSparse_isSaidToBeOfAnotherModel() throws Exception {
        assertThat(wrong("/embed_sparse", "{'inputs': 'a', 'model': 'tiny'}", 424)
                        .get("error_type")
                        .textValue())
                .isEqualTo("Backend");
    }

    @Test
    void predict_givesLabels_theBestFirst() throws Exception {
        JsonNode one = right("/predict", "{'inputs': 'a good film', 'model': 'reviews'}");
        Prediction expected = TinyTasks.CLASSIFIER.predict("a good film");
        assertThat(one.size()).isEqualTo(2);
        assertThat(one.get(0).get("label").textValue()).isEqualTo(expected.label());
        assertThat(one.get(0).get("score").doubleValue())
                .isCloseTo(expected.scores().get(expected.label()), within(1e-5));
        JsonNode batch = right("/predict", "{'inputs': [['a good film'], ['bad']], 'model': 'reviews'}");
        assertThat(batch.size()).isEqualTo(2);
        // Rows of a batch round in their own way where the processor has other kernels for it.
        for (int i = 0; i < 2; i++) {
            assertThat(batch.get(0).get(i).get("label")).isEqualTo(one.get(i).get("label"));
            assertThat(batch.get(0).get(i).get("score").doubleValue())
                    .isCloseTo(one.get(i).get("score").doubleValue(), within(1e-5));
        }
        JsonNode raw = right("/predict", "{'inputs': 'a good film', 'raw_scores': true, 'model': 'reviews'}");
        double difference =
                raw.get(0).get("score").doubleValue() - raw.get(1).get("score").doubleValue();
        double odds =
                one.get(0).get("score").doubleValue() / one.get(1).get("score").doubleValue();
        assertThat(difference).isCloseTo(Math.log(odds), within(1e-3));
    }

    @Test
    void predict_ofPairsAndNumbers() throws Exception {
        assertThat(right("/predict", "{'inputs': ['a good film', 'bad'], 'model': 'same'}")
                        .size())
                .isEqualTo(2);
        assertThat(right("/predict", "{'inputs': [['a', 'b'], ['c', 'd']], 'model': 'same'}")
                        .size())
                .isEqualTo(2);
        assertThat(right("/predict", "{'inputs': [['good'], ['bad']], 'model': 'stars'}")
                        .get(0)
                        .get(0)
                        .get("label")
                        .textValue())
                .isEqualTo("LABEL_0");
    }

    @Test
    void rerank_ordersTexts_inBothForms() throws Exception {
        JsonNode ranks = right(
                "/rerank",
                "{'query': 'a good film', 'texts': ['bad', 'very good film', 'paris'], 'return_text': true, 'model':"
                        + " 'relevant'}");
        assertThat(ranks.size()).isEqualTo(3);
        assertThat(ranks.get(0).get("score").doubleValue())
                .isGreaterThanOrEqualTo(ranks.get(1).get("score").doubleValue());
        List<String> texts = List.of("bad", "very good film", "paris");
        ranks.forEach(rank -> assertThat(rank.get("text").textValue())
                .isEqualTo(texts.get(rank.get("index").intValue())));
        Asked.Answer documents = Asked.post(
                uri,
                "/v1/rerank",
                "{'query': 'a good film', 'documents': ['bad', 'very good film', 'paris'], 'top_n': 2, 'model':"
                        + " 'relevant'}");
        assertThat(documents.json().get("results").size()).isEqualTo(2);
        assertThat(documents.json().get("results").get(0).get("index"))
                .isEqualTo(ranks.get(0).get("index"));
        assertThat(Asked.post(uri, "/v1/rerank", "{'query': 'a', 'texts': ['b'], 'model': 'relevant'}")
                        .status())
                .isEqualTo(200);
    }

    @Test
    void similarity_isThatOfTheVectors() throws Exception {
        JsonNode values = right(
                "/similarity",
                "{'inputs': {'source_sentence': 'a good film', 'sentences': ['a good film', 'paris']}, 'model': 'tiny'}");
        assertThat(values.get(0).doubleValue()).isCloseTo(1, within(1e-5));
        float[] first = TinyTasks.ENCODER.embed("a good film");
        float[] second = TinyTasks.ENCODER.embed("paris");
        double cosine = 0;
        for (int i = 0; i < first.length; i++) {
            cosine += first[i] * second[i];
        }
        assertThat(values.get(1).doubleValue()).isCloseTo(cosine, within(1e-5));
    }

    @Test
    void tokenize_givesTokensWithTheirPlaces_andDecodeTheirText() throws Exception {
        JsonNode tokens = right("/tokenize", "{'inputs': 'a playing film', 'model': 'tiny'}")
                .get(0);
        assertThat(tokens.size()).isEqualTo(6);
        assertThat(tokens.get(0).get("special").booleanValue()).isTrue();
        assertThat(tokens.get(3).get("text").textValue()).isEqualTo("ing");
        assertThat(tokens.get(3).get("start").intValue()).isEqualTo(6);
        assertThat(tokens.get(3).get("stop").intValue()).isEqualTo(9);
        JsonNode word = right("/tokenize", "{'inputs': 'stra\u00dfe a', 'model': 'tiny'}")
                .get(0)
                .get(3);
        assertThat(word.get("text").textValue()).isEqualTo("a");
        assertThat(word.get("start").intValue()).as("in bytes of UTF-8").isEqualTo(8);
        assertThat(right("/tokenize", "{'inputs': ['a', 'b'], 'add_special_tokens': false, 'model': 'tiny'}")
                        .get(0)
                        .size())
                .isEqualTo(1);
        assertThat(right("/decode", "{'ids': [2, 9, 5, 8, 3], 'model': 'tiny'}")
                        .get(0)
                        .textValue())
                .isEqualTo("a good film");
        assertThat(right("/decode", "{'ids': [[2, 9], [5]], 'skip_special_tokens': false, 'model': 'tiny'}")
                        .get(0)
                        .textValue())
                .isEqualTo("[CLS] a");
    }

    @ParameterizedTest
    @CsvSource({"tiny,embedding", "vectors,embedding", "reviews,classifier", "stars,classifier", "relevant,reranker"})
    void info_saysWhatAModelIs(String model, String type) throws Exception {
        Asked.Answer answer = Asked.get(uri, "/info?model=" + model);
        assertThat(judge.answer("/info", "get", 200, answer.json())).isEmpty();
        assertThat(answer.json().get("model_type").has(type)).isTrue();
        assertThat(answer.json().get("served_model_name").textValue()).isEqualTo(model);
        assertThat(answer.json().get("max_client_batch_size").intValue()).isEqualTo(8);
    }

    @Test
    void healthAndMetrics_areAsDescribed() throws Exception {
        assertThat(judge.answer("/health", "get", Asked.get(uri, "/health").status(), Asked.JSON.missingNode()))
                .isEmpty();
        Asked.Answer metrics = Asked.get(uri, "/metrics");
        assertThat(metrics.header("Content-Type")).startsWith("text/plain; version=0.0.4");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/embed|{'inputs': [], 'model': 'tiny'}|400|Empty",
                "/embed|{'inputs': ['a','a','a','a','a','a','a','a','a'], 'model': 'tiny'}|413|Validation",
                "/embed|{'model': 'tiny'}|422|Tokenizer",
                "/embed|{'inputs': 7, 'model': 'tiny'}|422|Tokenizer",
                "/embed|{'inputs': ['a', 7], 'model': 'tiny'}|422|Tokenizer",
                "/embed|{'inputs': [99999], 'model': 'tiny'}|422|Tokenizer",
                "/embed|{'inputs': 'good good good good good good good good good good good good good good good', 'model': 'tiny'}|422|Validation",
                "/embed|{'inputs': 'a', 'prompt_name': 'none', 'model': 'tiny'}|422|Tokenizer",
                "/embed|{'inputs': 'a', 'truncate': 'yes', 'model': 'tiny'}|422|Tokenizer",
                "/embed|{'inputs': 'a', 'truncate': true, 'truncation_direction': 'Left', 'model': 'tiny'}|422|Tokenizer",
                "/predict|{'inputs': 'a', 'model': 'tiny'}|424|Backend",
                "/predict|{'inputs': 'a', 'model': 'places'}|424|Backend",
                "/predict|{'inputs': ['a', 'b', 'c'], 'model': 'same'}|422|Tokenizer",
                "/predict|{'inputs': [], 'model': 'reviews'}|400|Empty",
                "/rerank|{'query': 'a', 'texts': ['b'], 'model': 'reviews'}|424|Backend",
                "/rerank|{'query': 'a', 'texts': [], 'model': 'relevant'}|400|Empty",
                "/rerank|{'texts': ['b'], 'model': 'relevant'}|422|Tokenizer",
                "/similarity|{'inputs': {'source_sentence': 'a', 'sentences': []}, 'model': 'tiny'}|400|Empty",
                "/tokenize|{'inputs': [], 'model': 'tiny'}|400|Empty",
                "/decode|{'ids': [], 'model': 'tiny'}|400|Empty",
                "/decode|{'ids': [100000], 'model': 'tiny'}|422|Tokenizer"
            })
    void request_thatIsWrong_getsTheProtocolsError(String path, String body, int status, String type) throws Exception {
        assertThat(wrong(path, body, status).get("error_type").textValue()).isEqualTo(type);
    }

    @Test
    void tokens_beyondTheLimit_areRefused_ofOneTextAndOfAllTogether() throws Exception {
        String many = "'" + "a ".repeat(499) + "'";
        assertThat(wrong("/tokenize", "{'inputs': " + many + ", 'model': 'tiny'}", 413)
                        .get("error")
                        .textValue())
                .contains("more than 500 tokens; expected at most so many");
        String some = "'" + "a ".repeat(298) + "'";
        assertThat(right("/tokenize", "{'inputs': " + some + ", 'model': 'tiny'}")
                        .get(0)
                        .size())
                .isEqualTo(300);
        assertThat(wrong("/tokenize", "{'inputs': [" + some + ", " + some + "], 'model': 'tiny'}", 413)
                        .get("error")
                        .textValue())
                .contains("more than 500 tokens together");
    }

    @Test
    void text_thatIsTooLong_isCutIfThatIsAsked() throws Exception {
        String words = "good ".repeat(40).strip();
        assertThat(right("/embed", "{'inputs': '" + words + "', 'truncate': true, 'model': 'tiny'}")
                        .size())
                .isEqualTo(1);
    }

    @Test
    void name_thatMeansNothing_is404_withNearOnes() throws Exception {
        Asked.Answer answer = Asked.post(uri, "/predict", "{'inputs': 'a', 'model': 'review'}");
        assertThat(answer.status()).isEqualTo(404);
        assertThat(answer.json().get("error").textValue()).contains("\"review\"", "reviews");
        assertThat(Asked.post(uri, "/embed", "{'inputs': 'a'}", "x-adapter", "__base__")
                        .status())
                .isEqualTo(404);
        assertThat(Asked.post(uri, "/embed", "{'inputs': 'a', 'model': 'tiny'}", "x-adapter", "vectors")
                        .status())
                .isEqualTo(422);
        assertThat(Asked.post(uri, "/embed", "{'inputs': 'a', 'model': 'tiny:vectors'}")
                        .status())
                .isEqualTo(200);
    }
}
