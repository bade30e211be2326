/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.internal.onednn.DnnlLibrary;

/** Tests that run under other instructions than the processor has: whether they do. */
class InstructionsTest {

    private record Level(String name, String flag) {}

    /** By the value of oneDNN's variable: its name here, and what Linux calls it. */
    private static final Map<String, Level> LEVELS = Map.of(
            "SSE41", new Level("SSE4.1", "sse4_1"),
            "AVX", new Level("AVX", "avx"),
            "AVX2", new Level("AVX2", "avx2"),
            "AVX512_CORE", new Level("AVX-512", "avx512bw"));

    @Test
    void library_usesTheInstructionsThatTheEnvironmentAsksFor() throws Exception {
        assumeTrue(OneDnn.isAvailable(), "oneDNN has no natives here");
        String asked = System.getenv("ONEDNN_MAX_CPU_ISA");
        assumeTrue(
                LEVELS.containsKey(String.valueOf(asked)),
                "all instructions of this processor are used: " + DnnlLibrary.instructions());
        Level level = LEVELS.get(asked);
        Path processor = Path.of("/proc/cpuinfo");
        assumeTrue(
                !Files.exists(processor) || Files.readString(processor).contains(" " + level.flag() + " "),
                "this processor has no " + level.name() + ": its tests ran with " + DnnlLibrary.instructions());

        assertThat(DnnlLibrary.instructions()).isEqualTo(level.name());
        assertThat(OneDnn.orNd4j().description()).contains("(" + level.name() + ")");
    }
}
