/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.serve.RouteStatus;
import org.lora4j.serve.Routes;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Candidates of language models on their way into use. */
@Timeout(60)
class CandidateTest {

    private static final String ASK =
            "{'model': '%s', 'prompt': 'Once upon a time', 'temperature': 0, 'max_tokens': 12%s}";

    private static OpenAiPort port;
    private static Routes routes;

    @BeforeAll
    static void open(@TempDir Path folder) throws IOException {
        port = new OpenAiPort(folder, null);
        routes = port.models.hosts().get(0).routes();
        port.server.register("huge", huge(Adapter.load(OpenAiPort.STORIES.resolve("adapter-all"))));
    }

    @AfterAll
    static void close() {
        port.close();
    }

    /** Its values are finite, what it computes is not. */
    private static Adapter huge(Adapter adapter) {
        Map<String, Map<String, INDArray>> modules = new LinkedHashMap<>();
        adapter.modules().forEach((module, factors) -> {
            Map<String, INDArray> own = new LinkedHashMap<>(factors);
            own.put("lora_B.weight", factors.get("lora_B.weight").mul(1e25));
            modules.put(module, own);
        });
        return Adapter.of(adapter.config(), modules, adapter.savedParameters());
    }

    private static String text(JsonNode answer) {
        return answer.at("/choices/0/text").textValue();
    }

    @Test
    void candidateThatFails_isAnsweredByWhatIsInUse_andCounted() throws Exception {
        assertThat(port.post("/completions", ASK.formatted("huge", "")).statusCode())
                .isEqualTo(500);
        String inUse = text(port.ask("/completions", ASK.formatted("qv", "")));
        routes.alias("live", "qv");
        routes.canary("live", "huge", 1);

        String whole = text(port.ask("/completions", ASK.formatted("live", "")));
        StringBuilder streamed = new StringBuilder();
        port.stream("/completions", ASK.formatted("live", ", 'stream': true"))
                .forEach(event -> streamed.append(text(event)));

        assertThat(whole).isEqualTo(inUse);
        assertThat(streamed).hasToString(inUse);
        RouteStatus status = routes.status("live");
        assertThat(status.ofCandidate().failed()).isEqualTo(2);
        assertThat(status.ofCandidate().answered()).isZero();
        assertThat(status.ofCurrent().answered()).isEqualTo(2);
        assertThat(status.ofCurrent().failed()).isZero();
    }

    @Test
    void requestThatNobodyCanAnswer_isNoFaultOfTheCandidate() throws Exception {
        routes.alias("asked", "qv");
        routes.canary("asked", "all", 1);

        port.refused(400, "/completions", ASK.formatted("asked", ", 'n': 1000"));
        String answered = text(port.ask("/completions", ASK.formatted("asked", "")));

        assertThat(answered).isEqualTo(text(port.ask("/completions", ASK.formatted("all", ""))));
        assertThat(routes.status("asked").ofCandidate().failed()).isZero();
        assertThat(routes.status("asked").ofCandidate().answered()).isEqualTo(1);
    }
}
