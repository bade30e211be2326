/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Message;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.util.Event;

/** The judge is TensorFlow's own classes, which read what the listener wrote. */
class TensorBoardListenerTest {

    private static final Instant START = Instant.parse("2026-12-01T00:00:00Z");

    @TempDir
    private Path folder;

    /** A clock that says the same until it is set. */
    private static final class SetClock extends Clock {
        private Instant now = START;

        @Override
        public ZoneOffset getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now;
        }
    }

    private final SetClock clock = new SetClock();

    private static TrainingStart start(String metric) {
        return new TrainingStart(
                TrainingPlan.builder().epochs(1).build(), OptionalLong.of(2), 1, 4, Optional.of(metric));
    }

    private static StepReport step(long number, double loss) {
        return new StepReport(
                number, 1, loss, 1e-3, 0.5, 8, 100, 0.1, 0.1 * number, OptionalLong.of(2), OptionalDouble.empty());
    }

    private static EpochReport epoch(double metric) {
        return new EpochReport(1, 2, 1.5, 16, 0.2, OptionalDouble.of(metric), 0.1, true);
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    /** TensorFlow's classes away from those of ND4J, which has some of the same names over a protobuf of its own. */
    private static Method parser() throws Exception {
        URL[] jars = {
            Event.class.getProtectionDomain().getCodeSource().getLocation(),
            Message.class.getProtectionDomain().getCodeSource().getLocation()
        };
        ClassLoader alone = new URLClassLoader(jars, ClassLoader.getPlatformClassLoader());
        return alone.loadClass(Event.class.getName()).getMethod("parseFrom", byte[].class);
    }

    /** The records of a file in TensorFlow's words on one line; their checksums are those of the bytes. */
    private static List<String> events(Path file) throws Exception {
        Method parser = parser();
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        List<String> events = new ArrayList<>();
        while (bytes.hasRemaining()) {
            byte[] length = new byte[8];
            bytes.get(length);
            assertThat(bytes.getInt()).isEqualTo(masked(length));
            byte[] content = new byte
                    [(int) ByteBuffer.wrap(length)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .getLong()];
            bytes.get(content);
            assertThat(bytes.getInt()).isEqualTo(masked(content));
            events.add(String.valueOf(parser.invoke(null, (Object) content))
                    .replaceAll("\\s+", " ")
                    .strip());
        }
        return events;
    }

    /** Bit by bit, by the polynomial of Castagnoli. */
    private static int masked(byte[] bytes) {
        int checksum = -1;
        for (byte one : bytes) {
            checksum ^= one & 0xff;
            for (int i = 0; i < 8; i++) {
                checksum = (checksum & 1) == 0 ? checksum >>> 1 : checksum >>> 1 ^ 0x82f63b78;
            }
        }
        int whole = ~checksum;
        return (whole >>> 15 | whole << 17) + 0xa282ead8;
    }

    private static String scalar(long step, String tag, String number) {
        return "wall_time: 1.7960832E9 step: " + step + " summary { value { tag: \"" + tag + "\" simple_value: "
                + number + " } }";
    }

    @Test
    void aRun_isReadByTensorFlow() throws Exception {
        TensorBoardListener listener =
                TensorBoardListener.in(folder.resolve("runs").resolve("a"), clock);
        listener.onTrainingStart(start("loss per token"));
        listener.onStep(step(1, 2.5));
        listener.onStep(step(2, 1.5));
        listener.onEvaluation(new EvaluationReport(2, 1, 0.7, 0.1, true));
        listener.onEpochEnd(epoch(0.75));

        try (Stream<Path> files = Files.list(folder.resolve("runs").resolve("a"))) {
            Path file = files.findFirst().orElseThrow();
            assertThat(file.getFileName().toString())
                    .startsWith("events.out.tfevents." + START.getEpochSecond() + ".lora4j.");
            assertThat(events(file))
                    .containsExactly(
                            "wall_time: 1.7960832E9 file_version: \"brain.Event:2\"",
                            scalar(1, "train/loss", "2.5"),
                            scalar(1, "train/learning_rate", "0.001"),
                            scalar(1, "train/gradient_norm", "0.5"),
                            scalar(1, "train/examples_per_second", "100.0"),
                            scalar(2, "train/loss", "1.5"),
                            scalar(2, "train/learning_rate", "0.001"),
                            scalar(2, "train/gradient_norm", "0.5"),
                            scalar(2, "train/examples_per_second", "100.0"),
                            scalar(2, "validation/loss_per_token", "0.7"),
                            scalar(2, "epoch/loss", "1.5"),
                            scalar(2, "validation/loss_per_token", "0.75"));
        }
    }

    @Test
    void aFile_beginsAsThoseOfTensorFlow() throws Exception {
        TensorBoardListener.in(folder, clock).onTrainingStart(start("accuracy"));

        // Every event file of TensorFlow begins so: 24 bytes, and their masked checksum.
        byte[] begin = {0x18, 0, 0, 0, 0, 0, 0, 0, (byte) 0xa3, 0x7f, 0x4b, 0x22, 0x09};
        assertThat(Arrays.copyOf(Files.readAllBytes(files().get(0)), begin.length))
                .isEqualTo(begin);
    }

    @Test
    void steps_areThereAfterASecond_andEachRunHasAFileOfItsOwn() throws Exception {
        TensorBoardListener listener = TensorBoardListener.in(folder, clock);
        listener.onTrainingStart(start("accuracy"));
        listener.onStep(step(300, Double.NaN));
        assertThat(events(files().get(0))).hasSize(1);

        clock.now = START.plus(Duration.ofSeconds(1));
        listener.onStep(step(301, Double.POSITIVE_INFINITY));
        assertThat(events(files().get(0))).hasSize(9);
        assertThat(events(files().get(0)).get(1)).isEqualTo(scalar(300, "train/loss", "NaN"));
        assertThat(events(files().get(0)).get(5)).contains("step: 301", "simple_value: Infinity");

        listener.onTrainingStart(start("accuracy"));
        assertThat(files()).hasSize(2);
        assertThat(events(files().get(1))).hasSize(1);
    }

    @Test
    void aFileThatIsGone_endsTheRun_inWords() throws Exception {
        TensorBoardListener listener = TensorBoardListener.in(folder, clock);
        listener.onTrainingStart(start("accuracy"));
        listener.onStep(step(1, 1));
        Files.delete(files().get(0));

        assertThatThrownBy(() -> listener.onEpochEnd(epoch(0.5)))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("cannot write to")
                .hasMessageContaining("Name a directory");
    }
}
