/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The judge is the JDK's own reader of recordings. */
class ServerEventsTest {

    private static final long BYTES = 2 * (6 + 5) * 4;

    private final SplittableRandom random = new SplittableRandom(2);

    @TempDir
    private Path folder;

    private Adapter adapter() {
        return Adapter.of(
                LoraConfig.builder().rank(2).alpha(2).targetModules("up").build(),
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

    @Test
    void batchesAndChangesOfAdapters_areInTheRecording() throws Exception {
        Path file = folder.resolve("server.jfr");
        try (Recording recording = new Recording();
                AdapterServer server =
                        ServedGraph.server().adapterMemory(2 * BYTES).build()) {
            recording.start();
            server.register("a", saved("a"));
            server.register("b", saved("b"));
            server.register("c", saved("c"));
            Map<String, INDArray> inputs = Map.of(ServedGraph.IDS, ServedGraph.ids(new SplittableRandom(1), 1, 3));
            assertThat(server.predict(List.of(new ServingRequest("a", inputs))).get(0))
                    .isInstanceOf(ServingResult.Answer.class);
            server.replace("c", adapter());
            server.remove("a");
            recording.stop();
            recording.dump(file);
        }

        List<RecordedEvent> events = RecordingFile.readAllEvents(file);
        assertThat(events)
                .filteredOn(event -> event.getEventType().getName().equals("org.lora4j.Adapter"))
                .extracting(event -> event.getString("change") + " " + event.getString("adapter"))
                .containsExactly(
                        "REGISTERED a",
                        "REGISTERED b",
                        "DROPPED a",
                        "REGISTERED c",
                        "LOADED a",
                        "DROPPED b",
                        "REPLACED c",
                        "REMOVED a");
        assertThat(events)
                .filteredOn(event -> event.getEventType().getName().equals("org.lora4j.Batch"))
                .singleElement()
                .satisfies(event -> {
                    assertThat(event.getBoolean("alone")).isFalse();
                    assertThat(event.getDuration().toNanos()).isPositive();
                });
    }
}
