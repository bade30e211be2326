/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.exec.FrozenPrefix;
import org.lora4j.train.cache.PrefixReport;

/** The judge is the JDK's own reader of recordings. */
class FlightRecorderListenerTest {

    @Test
    void aRun_isInTheRecording(@TempDir Path folder) throws Exception {
        FlightRecorderListener listener = new FlightRecorderListener();
        Path file = folder.resolve("run.jfr");
        try (Recording recording = new Recording()) {
            recording.start();
            listener.onStep(new StepReport(
                    3, 1, 2.5, 1e-3, 0.5, 8, 100, 0.1, 0.3, OptionalLong.empty(), OptionalDouble.empty()));
            listener.onEvaluation(new EvaluationReport(3, 1, 0.7, 0.2, true));
            listener.onEpochEnd(new EpochReport(1, 3, 2.25, 24, 0.3, OptionalDouble.of(0.8), 0.2, true));
            listener.onEpochEnd(new EpochReport(2, 3, 2.25, 24, 0.3, OptionalDouble.empty(), 0, false));
            listener.onFrozenPrefix(new PrefixReport(new FrozenPrefix(List.of("a"), 4, 2, 8), 3, 6, 100, 50, 1));
            recording.stop();
            recording.dump(file);
        }

        List<RecordedEvent> events = RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().startsWith("org.lora4j."))
                .toList();
        assertThat(events)
                .extracting(event -> event.getEventType().getName())
                .containsExactly(
                        "org.lora4j.Step",
                        "org.lora4j.Evaluation",
                        "org.lora4j.Epoch",
                        "org.lora4j.Evaluation",
                        "org.lora4j.Epoch",
                        "org.lora4j.FrozenPrefix");
        assertThat(events.get(0).getLong("step")).isEqualTo(3);
        assertThat(events.get(0).getDouble("loss")).isEqualTo(2.5);
        assertThat(events.get(2).getDouble("meanLoss")).isEqualTo(2.25);
        assertThat(events.get(3).getDouble("metric")).isEqualTo(0.8);
        assertThat(events.get(5).getLong("reused")).isEqualTo(6);
    }
}
