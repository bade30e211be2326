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
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;

/** Two processes that save different adapters to one directory as fast as they can. */
class TwoWritersTest {

    @TempDir
    private Path folder;

    private final Adapter one = SavesForever.adapter(1);
    private final Adapter two = SavesForever.adapter(2);

    @Test
    void load_whileTwoProcessesSave_givesOneAdapterOrTheOther(TestReporter reporter) throws Exception {
        saveTogether(Duration.ofSeconds(2), 1, reporter);
    }

    @Tag("thorough")
    @Test
    void load_whileTwoProcessesSaveForLong_givesOneAdapterOrTheOther(TestReporter reporter) throws Exception {
        saveTogether(Duration.ofSeconds(20), 3, reporter);
    }

    private void saveTogether(Duration time, int rounds, TestReporter reporter) throws Exception {
        Path directory = folder.resolve("adapter");
        one.save(directory);
        int loads = 0;
        for (int round = 0; round < rounds; round++) {
            List<Process> children = new ArrayList<>();
            try {
                for (int i = 0; i < 2; i++) {
                    children.add(start(directory, i));
                }
                long end = System.nanoTime() + time.toNanos();
                while (System.nanoTime() - end < 0) {
                    loads += load(directory) ? 1 : 0;
                }
                assertThat(children).as(this::logs).allMatch(Process::isAlive);
            } finally {
                for (Process child : children) {
                    child.destroyForcibly().waitFor();
                }
            }
            assertThat(Adapter.load(directory)).isIn(one, two);
        }
        reporter.publishEntry("loads", Integer.toString(loads));
        assertThat(loads).isPositive();

        two.save(directory);
        assertThat(Adapter.load(directory)).isEqualTo(two);
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrder("adapter_config.json", "adapter_model.safetensors", "README.md");
        }
    }

    /** False if the adapter was replaced again and again while it was read, which a load says. */
    private boolean load(Path directory) throws IOException {
        try {
            assertThat(Adapter.load(directory)).isIn(one, two);
            return true;
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("was replaced");
            return false;
        }
    }

    private Process start(Path directory, int number) throws IOException {
        Process child = new ProcessBuilder(KilledSaveTest.command(SavesForever.class, List.of(directory)))
                .redirectError(log(number).toFile())
                .start();
        BufferedReader output = child.inputReader(StandardCharsets.UTF_8);
        assertThat(output.lines().anyMatch(SavesForever.READY::equals))
                .as(this::logs)
                .isTrue();
        return child;
    }

    private Path log(int number) {
        return folder.resolve("log" + number + ".txt");
    }

    private String logs() {
        return Stream.of(0, 1)
                .map(number -> Files.exists(log(number)) ? KilledSaveTest.text(log(number)) : "")
                .toList()
                .toString();
    }
}
