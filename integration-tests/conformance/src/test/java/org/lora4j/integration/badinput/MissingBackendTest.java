/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.badinput;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A program on a class path with this library and without a backend for ND4J, which the user adds. */
class MissingBackendTest {

    /** What nd4j-native brings along. */
    private static final List<String> OF_A_BACKEND =
            List.of("nd4j-native", "nd4j-presets-common", "openblas", "javacpp");

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"read", "load"})
    void firstUse_withoutABackend_namesTheMissingDependency(String use) throws IOException, InterruptedException {
        String output = runWithoutBackend(use);

        assertThat(output.lines()
                        .filter(line -> line.startsWith("Exception in thread"))
                        .findFirst())
                .hasValueSatisfying(line -> assertThat(line)
                        .contains("backend")
                        .contains("org.nd4j:nd4j-native")
                        .contains("class path"));
    }

    /** Standard output and error of {@link WithoutBackend}, which must fail. */
    private String runWithoutBackend(String use) throws IOException, InterruptedException {
        File log = directory.resolve("log").toFile();
        String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> OF_A_BACKEND.stream()
                        .noneMatch(
                                part -> Path.of(entry).getFileName().toString().startsWith(part)))
                .collect(Collectors.joining(File.pathSeparator));
        ProcessBuilder child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                        "-cp",
                        classPath,
                        WithoutBackend.class.getName(),
                        use,
                        directory.toString())
                .redirectErrorStream(true)
                .redirectOutput(log);
        Process process = child.start();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException("the child is still running after a minute: " + child.command());
        }
        String output = Files.readString(log.toPath(), StandardCharsets.UTF_8);
        assertThat(process.exitValue()).as(output).isEqualTo(1);
        return output;
    }
}
