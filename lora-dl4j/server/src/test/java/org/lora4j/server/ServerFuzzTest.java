/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.internal.http.HttpFuzz;

/** Requests that mean no good, over the whole server. Reproduce one by its seed. */
class ServerFuzzTest {

    private static final List<String> PATHS = List.of(
            "/",
            "/health",
            "/ready",
            "/metrics",
            "/info",
            "/embed",
            "/embed_all",
            "/embed_sparse",
            "/predict",
            "/rerank",
            "/v1/rerank",
            "/similarity",
            "/tokenize",
            "/decode",
            "/v1/embeddings",
            "/v1/models",
            "/v1/completions",
            "/v1/chat/completions",
            "/v2",
            "/v2/models/reviews",
            "/v2/models/reviews/infer",
            "/v2/models/tiny/infer",
            "/v2/models/%20/ready",
            "/v2/models/reviews/versions/1/infer",
            "/adapters",
            "/adapters/reviews",
            "/adapters/%2e%2e",
            "/aliases",
            "/aliases/a",
            "/aliases/a/promote",
            "/v1/load_lora_adapter",
            "/v1/unload_lora_adapter");

    private static final List<String> BODIES = List.of(
            "{\"inputs\": \"a good film\", \"model\": \"tiny\"}",
            "{\"inputs\": [\"a\", \"b\"], \"model\": \"reviews\", \"truncate\": true}",
            "{\"inputs\": [[\"a\"], [\"b\"]], \"model\": \"reviews\"}",
            "{\"query\": \"a\", \"texts\": [\"b\", \"c\"], \"model\": \"relevant\"}",
            "{\"inputs\": {\"source_sentence\": \"a\", \"sentences\": [\"b\"]}, \"parameters\": {\"truncate\": true}}",
            "{\"ids\": [2, 9, 3], \"skip_special_tokens\": false}",
            "{\"input\": [\"a\", \"b\"], \"model\": \"vectors\", \"dimensions\": 3, \"encoding_format\": \"base64\"}",
            "{\"inputs\": [{\"name\": \"text\", \"shape\": [1], \"datatype\": \"BYTES\", \"data\": [\"a\"]}]}",
            "{\"model\": \"reviews\", \"prompt\": \"a\", \"max_tokens\": 2}",
            "{\"model\": \"tiny\", \"messages\": [{\"role\": \"user\", \"content\": \"a\"}], \"stream\": true}",
            "{\"lora_name\": \"x\", \"lora_path\": \"/etc\"}");

    private static void fuzz(long seed, int count) throws Exception {
        try (LoraServer server = TinyTasks.all()
                .adminToken("token-of-admins")
                .accessLog(line -> {})
                .start()) {
            new HttpFuzz(seed, PATHS, BODIES).run(server.port(), count);
            assertThat(Asked.post(server.uri(), "/embed", "{'inputs': 'a good film', 'model': 'tiny'}")
                            .status())
                    .isEqualTo(200);
            assertThat(Asked.get(server.uri(), "/metrics").text())
                    .as("one is this one")
                    .contains("lora4j_http_requests_running 1\n");
        }
    }

    @Test
    void someRequests_areAllAnsweredOrEnded() throws Exception {
        fuzz(20261201, 300);
    }

    @Test
    @Tag("thorough")
    void manyRequests_areAllAnsweredOrEnded() throws Exception {
        fuzz(7, 20_000);
    }
}
