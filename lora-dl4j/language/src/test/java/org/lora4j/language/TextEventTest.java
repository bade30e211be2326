/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The judge is the JDK's own reader of recordings. */
class TextEventTest {

    @Test
    void aTextOfAServer_isInTheRecording(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("texts.jfr");
        Generation text;
        try (Recording recording = new Recording();
                CausalLmServer server = CausalLmServer.builder(new ServedModel("stories260k").model)
                        .build()) {
            recording.start();
            text = server.submit(null, "Once upon a time", GenerationConfig.greedy(5))
                    .result();
            recording.stop();
            recording.dump(file);
        }

        assertThat(RecordingFile.readAllEvents(file))
                .filteredOn(event -> event.getEventType().getName().equals("org.lora4j.Text"))
                .singleElement()
                .satisfies(event -> {
                    assertThat(event.getInt("newTokens")).isEqualTo(5);
                    assertThat(event.getString("end"))
                            .isEqualTo(text.finishReason().name());
                });
    }

    @Test
    void changesOfAdapters_areInTheRecording(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("adapters.jfr");
        ServedModel stories = new ServedModel("stories260k");
        for (String name : List.of("a", "b")) {
            stories.random(ServedModel.lora(2, "q_proj"), 3, 0.2).save(folder.resolve(name));
        }
        long bytes;
        try (Recording recording = new Recording()) {
            // 5 layers, rank 2, 64 numbers in and out: room for one.
            try (CausalLmServer server = CausalLmServer.builder(stories.model)
                    .adapterMemory(4L * 5 * 2 * (64 + 64))
                    .build()) {
                recording.start();
                server.register("a", folder.resolve("a"));
                server.register("b", folder.resolve("b"));
                server.submit("a", "Once upon a time", GenerationConfig.greedy(2))
                        .result();
                server.replace("b", folder.resolve("a"));
                server.remove("a");
                bytes = server.status().get(0).bytes();
            }
            recording.stop();
            recording.dump(file);
        }

        // Those of several threads lie in the file as they came to it.
        assertThat(RecordingFile.readAllEvents(file).stream().sorted(Comparator.comparing(RecordedEvent::getStartTime)))
                .filteredOn(event -> event.getEventType().getName().equals("org.lora4j.Adapter"))
                .allSatisfy(event -> assertThat(event.getLong("bytes")).isEqualTo(bytes))
                .extracting(event -> event.getString("change") + " " + event.getString("adapter"))
                .containsExactly(
                        "REGISTERED a",
                        "DROPPED a",
                        "REGISTERED b",
                        "DROPPED b",
                        "LOADED a",
                        "DROPPED a",
                        "REPLACED b",
                        "REMOVED a");
    }
}
