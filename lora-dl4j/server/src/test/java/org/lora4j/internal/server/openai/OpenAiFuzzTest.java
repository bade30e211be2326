/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Requests of odd fields: each is answered or refused in words, and none breaks the server. */
class OpenAiFuzzTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    private static final List<String> FIELDS = List.of(
            "model",
            "prompt",
            "messages",
            "max_tokens",
            "max_completion_tokens",
            "temperature",
            "top_p",
            "top_k",
            "min_p",
            "n",
            "best_of",
            "seed",
            "stop",
            "stream",
            "stream_options",
            "logprobs",
            "top_logprobs",
            "presence_penalty",
            "frequency_penalty",
            "repetition_penalty",
            "logit_bias",
            "min_tokens",
            "ignore_eos",
            "echo",
            "suffix",
            "tools",
            "tool_choice",
            "response_format",
            "user",
            "unheard_of");

    /** Values that fit somewhere, and values that fit nowhere. */
    private static final List<String> VALUES = List.of(
            "null",
            "true",
            "false",
            "0",
            "1",
            "2",
            "3",
            "-1",
            "0.5",
            "-0.0",
            "1e-320",
            "1e400",
            "2147483648",
            "-9223372036854775808",
            "99999999999999999999999",
            "\"\"",
            "\"qv\"",
            "\"stories\"",
            "\"auto\"",
            "\"a\\u0000b\\uD83D\\uDE00<s></s>\"",
            "\"<0xE2>\\n\\n\"",
            "[]",
            "{}",
            "[1,2,3]",
            "[[1],[2,3]]",
            "[511]",
            "[512]",
            "[-1]",
            "[[]]",
            "[\"Tom\",\"\"]",
            "[null]",
            "{\"5\":1}",
            "{\"5\":-100,\"6\":100}",
            "{\"type\":\"text\"}",
            "{\"type\":\"json_object\"}",
            "{\"include_usage\":true}",
            "{\"include_usage\":3}",
            "[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"a\":[1.5,null]}}}]",
            "[{\"role\":\"user\",\"content\":\"Tom\"}]",
            "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Tom\"}]},{\"role\":\"assistant\",\"content\":null}]",
            "[{\"role\":\"{{ x }}\",\"content\":\"{% for %}\"}]");

    @Test
    @Timeout(120)
    void oddRequests_areAnsweredOrRefusedInWords(@TempDir Path folder) throws Exception {
        fuzz(folder, 200);
    }

    @Test
    @Tag("thorough")
    @Timeout(1800)
    void oddRequests_manyOfThem(@TempDir Path folder) throws Exception {
        fuzz(folder, 20_000);
    }

    private static void fuzz(Path folder, int requests) throws Exception {
        SplittableRandom random = new SplittableRandom(43);
        int answered = 0;
        try (OpenAiPort port = new OpenAiPort(folder, OpenAiPort.TEMPLATE)) {
            for (int i = 0; i < requests; i++) {
                boolean isChat = random.nextBoolean();
                String body = body(random, isChat);
                HttpResponse<String> response = port.post(isChat ? "/chat/completions" : "/completions", body);

                assertThat(response.statusCode())
                        .as("request %d: %s: %s", i, body, response.body())
                        .isIn(200, 400, 404);
                if (response.statusCode() == 200) {
                    answered++;
                    requireWhole(response.body());
                } else {
                    assertThat(JSON.readTree(response.body())
                                    .get("error")
                                    .get("message")
                                    .textValue())
                            .isNotBlank();
                }
            }
            assertThat(port.server.metrics().failed()).isZero();
            assertThat(port.server.metrics().running()).isZero();
        }
        assertThat(answered).isGreaterThan(requests / 10);
    }

    private static void requireWhole(String body) throws IOException {
        if (body.startsWith("data: ")) {
            assertThat(body).endsWith("data: [DONE]\n\n");
        } else {
            JsonNode answer = JSON.readTree(body);
            assertThat(answer.get("choices")).isNotEmpty();
        }
    }

    /** A right request with up to three fields exchanged for others. */
    private static String body(SplittableRandom random, boolean isChat) throws IOException {
        ObjectNode body = JSON.createObjectNode().put("model", "qv").put("max_tokens", 3);
        List<String> raw = new ArrayList<>();
        if (isChat) {
            body.set("messages", JSON.readTree("[{\"role\":\"user\",\"content\":\"Tom\"}]"));
        } else {
            body.put("prompt", "Tom");
        }
        int changes = random.nextInt(4);
        for (int i = 0; i < changes; i++) {
            String field = FIELDS.get(random.nextInt(FIELDS.size()));
            body.remove(field);
            String entry = "\"" + field + "\":" + VALUES.get(random.nextInt(VALUES.size()));
            raw.removeIf(other -> other.startsWith("\"" + field + "\""));
            raw.add(entry);
        }
        String plain = body.toString();
        String more = String.join(",", raw);
        boolean joins = plain.length() > 2 && !more.isEmpty();
        return plain.substring(0, plain.length() - 1) + (joins ? "," : "") + more + "}";
    }
}
