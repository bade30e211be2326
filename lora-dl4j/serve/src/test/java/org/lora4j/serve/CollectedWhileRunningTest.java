/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Threads serve and train while the collector runs all the time: nothing that a native call reads may be freed meanwhile. In
 * a process of its own, since a failure may be the end of it. Without {@code GuardedExecutioner} most of these ended within
 * half a minute, in {@code sd::DataBuffer::primary()} or {@code sd::TadDescriptor}.
 */
@Tag("thorough")
class CollectedWhileRunningTest {

    private static final int SECONDS = 30;

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource
    void work_underConstantCollections_goesOnWithRightResults(CollectedWhileRunning.Work work) throws Exception {
        Path log = folder.resolve("log");
        ProcessBuilder worker = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                // A young generation of one megabyte is collected after some hundred operations.
                "-Xmn1m",
                "-XX:+UseSerialGC",
                "-XX:-CreateCoredumpOnCrash",
                "-XX:ErrorFile=" + folder.resolve("error"),
                "-Dorg.bytedeco.javacpp.maxphysicalbytes=3G",
                "-cp",
                System.getProperty("java.class.path"),
                CollectedWhileRunning.class.getName(),
                work.name(),
                Integer.toString(SECONDS));
        worker.environment().put("OMP_NUM_THREADS", "1");

        Process process =
                worker.redirectErrorStream(true).redirectOutput(log.toFile()).start();
        boolean ended = process.waitFor(10 * SECONDS, TimeUnit.SECONDS);
        process.destroyForcibly();

        assertThat(ended).isTrue();
        assertThat(process.waitFor()).as(Files.readString(log)).isZero();
    }
}
