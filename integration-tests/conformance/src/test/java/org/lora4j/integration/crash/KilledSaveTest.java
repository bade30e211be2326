/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;

/**
 * A process that is killed at any moment of a save leaves the old adapter or the new one. Ends of processes only: that the
 * disk keeps what it was told to keep when the power fails is up to the file system.
 */
class KilledSaveTest {

    private static final int ROUNDS = Integer.getInteger("kill.rounds", 5);

    /** Directories that a child saves to at once, so interrupted saves in a round. */
    private static final int DIRECTORIES = 8;

    private static final long SEED = 20261125;

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** What a kill waits for in one of the directories, after a time at random. */
    private enum Moment {
        AT_RANDOM(directory -> true),
        NEW_FOLDER(directory -> Files.exists(directory.resolve(".lora4j-saving"))),
        NEW_WEIGHTS(directory -> Files.exists(directory.resolve(".lora4j-saving/adapter_model.safetensors"))),
        COMMITTED(directory -> Files.exists(directory.resolve(".lora4j-saved"))),
        WITHOUT_CONFIG(directory -> !Files.exists(directory.resolve("adapter_config.json")));

        private final Predicate<Path> seen;

        Moment(Predicate<Path> seen) {
            this.seen = seen;
        }
    }

    /** Where a save was interrupted, by what it left. */
    private enum Remains {
        NOTHING,
        UNCOMMITTED,
        COMMITTED;

        static Remains of(Path directory) {
            if (Files.exists(directory.resolve(".lora4j-saved"))) {
                return COMMITTED;
            }
            return Files.exists(directory.resolve(".lora4j-saving")) ? UNCOMMITTED : NOTHING;
        }
    }

    @TempDir
    private Path folder;

    private final Adapter one = SavesForever.adapter(1);
    private final Adapter two = SavesForever.adapter(2);
    private final Map<Remains, Integer> remains = new EnumMap<>(Remains.class);

    @Test
    void load_afterAKillAtAnyMoment_givesTheOldAdapterOrTheNew(TestReporter reporter)
            throws IOException, InterruptedException {
        SplittableRandom random = new SplittableRandom(SEED);
        List<Path> directories = new ArrayList<>();
        for (int i = 0; i < DIRECTORIES; i++) {
            directories.add(folder.resolve("adapter" + i));
            one.save(directories.get(i));
        }

        for (int round = 0; round < ROUNDS; round++) {
            Moment moment = Moment.values()[round % Moment.values().length];
            killAt(moment, directories, random);
            for (Path directory : directories) {
                checkAndRepair(directory, "round " + round + " of seed " + SEED + ", " + moment + ", " + directory);
            }
        }

        reporter.publishEntry("saves killed", remains.toString());
        assertThat(remains.getOrDefault(Remains.UNCOMMITTED, 0) + remains.getOrDefault(Remains.COMMITTED, 0))
                .as("saves that a kill interrupted, of %s", remains)
                .isPositive();
    }

    private void killAt(Moment moment, List<Path> directories, SplittableRandom random)
            throws IOException, InterruptedException {
        Path log = folder.resolve("log.txt");
        Process child = new ProcessBuilder(command(SavesForever.class, directories))
                .redirectError(log.toFile())
                .start();
        try (BufferedReader output = child.inputReader(StandardCharsets.UTF_8)) {
            assertThat(output.lines().anyMatch(SavesForever.READY::equals))
                    .as(() -> "the child is ready: " + text(log))
                    .isTrue();
            Thread.sleep(random.nextInt(250));
            Path watched = directories.get(random.nextInt(directories.size()));
            long end = System.nanoTime() + PATIENCE.toNanos();
            while (!moment.seen.test(watched)) {
                assertThat(System.nanoTime() - end)
                        .as("%s is seen in %s", moment, watched)
                        .isNegative();
            }
            assertThat(child.isAlive())
                    .as(() -> "the child still saves: " + text(log))
                    .isTrue();
        } finally {
            child.destroyForcibly().waitFor();
        }
    }

    /** The command of a program with paths as arguments. */
    static List<String> command(Class<?> program, List<Path> paths) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Dorg.bytedeco.javacpp.maxbytes=128M",
                "-Dorg.bytedeco.javacpp.maxphysicalbytes=2G",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                "-cp",
                System.getProperty("java.class.path"),
                program.getName()));
        paths.forEach(directory -> command.add(directory.toString()));
        return command;
    }

    static String text(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return "no log: " + e;
        }
    }

    private void checkAndRepair(Path directory, String what) throws IOException {
        remains.merge(Remains.of(directory), 1, Integer::sum);

        Adapter left = Adapter.load(directory);
        assertThat(left).as(what).isIn(one, two);

        Adapter other = left.equals(one) ? two : one;
        other.save(directory);
        assertThat(Adapter.load(directory)).as("saved after %s", what).isEqualTo(other);
        assertThat(Remains.of(directory)).as("left after %s", what).isEqualTo(Remains.NOTHING);
    }
}
