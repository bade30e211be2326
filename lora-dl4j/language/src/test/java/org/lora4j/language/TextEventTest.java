/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import jdk.jfr.Recording;
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
}
