/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/** A run that is killed again and again, and started again each time, ends with the bytes of one that was left alone. */
class KilledTrainingTest {

    private static final int KILLS = Integer.getInteger("kill.rounds", 4);

    private static final long SEED = 20261125;

    @TempDir
    private Path folder;

    @Test
    void resume_afterAKill_endsWithTheBytesOfAnUninterruptedRun(TestReporter reporter)
            throws IOException, InterruptedException {
        killAndResume(1, 12, reporter);
    }

    @Tag("thorough")
    @Test
    void resume_afterManyKills_endsWithTheBytesOfAnUninterruptedRun(TestReporter reporter)
            throws IOException, InterruptedException {
        killAndResume(KILLS, 40, reporter);
    }

    private void killAndResume(int kills, int epochs, TestReporter reporter) throws IOException, InterruptedException {
        Path expected = folder.resolve("expected");
        runHere(folder.resolve("alone"), expected, epochs);

        SplittableRandom random = new SplittableRandom(SEED);
        Path checkpoints = folder.resolve("killed");
        Path adapter = folder.resolve("adapter");
        List<String> found = new ArrayList<>();
        for (int kill = 0; kill < kills; kill++) {
            Process child = start(checkpoints, adapter, epochs);
            String before = newest(checkpoints);
            while (child.isAlive() && newest(checkpoints).equals(before)) {
                Thread.sleep(1);
            }
            // A checkpoint is written after every step, so that a kill now and then falls into one.
            Thread.sleep(random.nextInt(40));
            assertThat(child.isAlive())
                    .as("the run has not ended before kill %s", kill)
                    .isTrue();
            child.destroyForcibly().waitFor();
            found.add(newest(checkpoints) + (halfWritten(checkpoints) ? " and a half-written one" : ""));
        }
        runHere(checkpoints, adapter, epochs);

        reporter.publishEntry("killed at", String.join(", ", found));
        assertThat(adapter.resolve("adapter_model.safetensors"))
                .hasSameBinaryContentAs(expected.resolve("adapter_model.safetensors"));
    }

    /** In this process, as no process has to die: another one takes seconds to start. */
    private static void runHere(Path checkpoints, Path adapter, int epochs) throws IOException {
        TrainsToTheEnd.main(new String[] {checkpoints.toString(), adapter.toString(), Integer.toString(epochs)});
    }

    private Process start(Path checkpoints, Path adapter, int epochs) throws IOException {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Dorg.bytedeco.javacpp.maxbytes=256M",
                "-Dorg.bytedeco.javacpp.maxphysicalbytes=2G",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                "-cp",
                System.getProperty("java.class.path"),
                TrainsToTheEnd.class.getName(),
                checkpoints.toString(),
                adapter.toString(),
                Integer.toString(epochs));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log.txt").toFile())
                .start();
    }

    private static String newest(Path checkpoints) throws IOException {
        return names(checkpoints)
                .filter(name -> name.startsWith("checkpoint-"))
                .max(String::compareTo)
                .orElse("none");
    }

    private static boolean halfWritten(Path checkpoints) throws IOException {
        return names(checkpoints).anyMatch(name -> name.endsWith(".tmp"));
    }

    private static Stream<String> names(Path checkpoints) throws IOException {
        if (!Files.isDirectory(checkpoints)) {
            return Stream.of();
        }
        try (Stream<Path> files = Files.list(checkpoints)) {
            return files.map(file -> file.getFileName().toString()).toList().stream();
        }
    }
}
