/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.nd4j.linalg.api.ndarray.INDArray;

class AdapterPagingTest {

    /** A of 6 and B of 5 elements for each rank, 4 bytes an element. */
    private static final long BYTES = 2 * (6 + 5) * 4;

    private final SplittableRandom random = new SplittableRandom(2);

    @TempDir
    Path folder;

    private Adapter adapter() {
        LoraConfig config =
                LoraConfig.builder().rank(2).alpha(2).targetModules("up").build();
        return Adapter.of(
                config,
                Map.of(
                        "up",
                        Map.of(
                                "lora_A.weight", ServedGraph.values(random, 1, 2, 6),
                                "lora_B.weight", ServedGraph.values(random, 1, 5, 2))),
                Map.of());
    }

    private Path saved(String name) throws IOException {
        adapter().save(folder.resolve(name));
        return folder.resolve(name);
    }

    private ServingResult ask(AdapterServer server, String adapter) {
        INDArray ids = ServedGraph.ids(new SplittableRandom(1), 1, 3);
        return server.predict(List.of(new ServingRequest(adapter, Map.of(ServedGraph.IDS, ids))))
                .get(0);
    }

    private static List<String> resident(AdapterServer server) {
        return server.status().stream()
                .filter(ServedStatus::resident)
                .map(ServedStatus::name)
                .toList();
    }

    @Test
    void beyondTheCap_theLeastRecentlyUsedIsDropped_andComesBackWithTheSameAnswers() throws IOException {
        AdapterServer server = ServedGraph.server().adapterMemory(2 * BYTES).build();
        server.register("a", saved("a"));
        server.register("b", saved("b"));
        float[] first = ask(server, "a").outputs().get("logits").data().asFloat();

        server.register("c", saved("c"));
        assertThat(resident(server)).containsExactly("a", "c");
        assertThat(server.residentBytes()).isEqualTo(2 * BYTES);

        ask(server, "b").outputs();
        assertThat(resident(server)).containsExactly("b", "c");

        assertThat(ask(server, "a").outputs().get("logits").data().asFloat()).isEqualTo(first);
        assertThat(resident(server)).containsExactly("a", "b");
        assertThat(server.residentBytes()).isEqualTo(2 * BYTES);
    }

    @Test
    void adaptersWithoutADirectory_stay() throws IOException {
        AdapterServer server = ServedGraph.server().adapterMemory(2 * BYTES).build();
        server.register("pinned", adapter());
        server.register("b", saved("b"));
        server.register("c", saved("c"));

        assertThat(resident(server)).containsExactly("c", "pinned");
    }

    @Test
    void aCapThatIsTooSmall_refusesTheAdapter_andServesOn() throws IOException {
        AdapterServer server = ServedGraph.server().adapterMemory(2 * BYTES - 1).build();
        server.register("a", adapter());

        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.register("b", adapter()))
                .withMessageContaining("\"b\"")
                .withMessageContaining(String.valueOf(2 * BYTES))
                .withMessageContaining("adapterMemory");
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        ServedGraph.server().adapterMemory(BYTES - 1).build().register("c", saved("c")))
                .withMessageContaining("adapterMemory");
        assertThat(resident(server)).containsExactly("a");
        assertThat(ask(server, "a")).isInstanceOf(ServingResult.Answer.class);
    }

    @Test
    void aBatchOfMoreAdaptersThanFit_isAnswered() throws IOException {
        AdapterServer server = ServedGraph.server().adapterMemory(BYTES).build();
        server.register("a", saved("a"));
        server.register("b", saved("b"));
        INDArray ids = ServedGraph.ids(random, 2, 3);

        INDArray found =
                server.output(Map.of(ServedGraph.IDS, ids), List.of("a", "b")).get("logits");

        assertThat(found.shape()).containsExactly(2, ServedGraph.CLASSES);
        assertThat(server.residentBytes()).isEqualTo(BYTES);
    }

    @Test
    void aDirectoryThatChanged_failsItsRequests_untilItIsReplaced() throws IOException {
        AdapterServer server = ServedGraph.server().adapterMemory(BYTES).build();
        server.register("a", saved("a"));
        server.register("b", saved("b"));
        saved("a");

        assertThat(ask(server, "a"))
                .isInstanceOfSatisfying(
                        ServingResult.Failure.class,
                        failure -> assertThat(failure.reason()).contains("\"a\"", "other values", "replace"));
        assertThat(ask(server, "b")).isInstanceOf(ServingResult.Answer.class);

        server.replace("a", folder.resolve("a"));
        assertThat(ask(server, "a")).isInstanceOf(ServingResult.Answer.class);
    }

    @Test
    void aDirectoryThatIsGone_failsItsRequestsAlone() throws IOException {
        AdapterServer server = ServedGraph.server().adapterMemory(BYTES).build();
        server.register("a", saved("a"));
        server.register("b", saved("b"));
        Files.delete(folder.resolve("a").resolve("adapter_model.safetensors"));

        assertThat(ask(server, "a")).isInstanceOf(ServingResult.Failure.class);
        assertThat(ask(server, "b")).isInstanceOf(ServingResult.Answer.class);
    }
}
