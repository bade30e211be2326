/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The jar and its script as users get them, in {@code mvn -Pcli verify}. */
@Timeout(600)
class JarIT {

    private static final Path PROGRAM = Path.of(System.getProperty("lora4j.cli", "target/lora4j"));
    private static final long MOST_BYTES = 300_000_000;
    private static final int STARTS = 5;

    @TempDir
    Path parent;

    private record Said(int code, String out, String err, double seconds) {}

    private static Said run(Path folder, Map<String, String> environment, Path script, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(script.toString()));
        command.addAll(Arrays.asList(arguments));
        Path out = Files.createTempFile("lora4j", ".out");
        Path err = Files.createTempFile("lora4j", ".err");
        long start = System.nanoTime();
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        assertThat(process.waitFor(300, TimeUnit.SECONDS)).isTrue();
        double seconds = (System.nanoTime() - start) / 1e9;
        return new Said(process.exitValue(), Files.readString(out), Files.readString(err), seconds);
    }

    private static Path script() {
        return PROGRAM.resolve("lora4j").toAbsolutePath();
    }

    @Test
    void theJar_hasWhatRunsAndNoMore() throws IOException {
        Path jar = PROGRAM.resolve("lora4j.jar");
        assertThat(Files.size(jar)).isLessThan(MOST_BYTES);
        try (JarFile file = new JarFile(jar.toFile())) {
            assertThat(file.getManifest().getMainAttributes().getValue("Main-Class"))
                    .isEqualTo("org.lora4j.cli.Lora4j");
            assertThat(file.getManifest().getMainAttributes().getValue("Enable-Native-Access"))
                    .isEqualTo("ALL-UNNAMED");
            List<String> natives = file.stream()
                    .map(entry -> entry.getName())
                    .filter(name -> name.startsWith("org/") && name.matches(".*\\.(so(\\.\\d+)*|dll|dylib)"))
                    .toList();
            assertThat(natives).isNotEmpty();
            assertThat(natives.stream()
                            .map(name -> name.replaceAll(".*/([a-z]+-[a-z0-9_]+)/.*", "$1"))
                            .distinct())
                    .hasSize(1);
            assertThat(file.stream().filter(entry -> entry.getName().matches("META-INF/.*\\.(SF|RSA)")))
                    .isEmpty();
            assertThat(file.getEntry("META-INF/services/org.lora4j.text.TaskExporter"))
                    .isNotNull();
        }
    }

    @Test
    void help_isThereAtOnce() throws Exception {
        double best = Double.MAX_VALUE;
        for (int i = 0; i < STARTS; i++) {
            Said said = run(parent, Map.of(), script(), "--help");
            assertThat(said.code()).isZero();
            assertThat(said.err()).isEmpty();
            best = Math.min(best, said.seconds());
        }
        // 0.3 s where nothing else runs; the bound leaves room for a machine that builds.
        assertThat(best).isLessThan(1.5);
        assertThat(run(parent, Map.of(), script(), "--version").out()).startsWith("lora4j 0");
    }

    @Test
    void withoutHomeInAFolderWithUmlauts_aModelIsTrainedAndUsed() throws Exception {
        Path folder = Files.createDirectories(parent.resolve("Größe und mehr"));
        Path link = Files.createSymbolicLink(folder.resolve("lora4j"), script());
        TinyFiles.encoder(folder.resolve("encoder"));
        Files.write(folder.resolve("fragen.csv"), TinyFiles.questions(40, ';').getBytes(StandardCharsets.UTF_8));
        // Unpacked once for all runs, and gone with mvn clean.
        Path cache = PROGRAM.toAbsolutePath().resolveSibling("natives");
        Map<String, String> bare =
                Map.of("LANG", "C", "LC_ALL", "C", "HOME", "/nowhere", "LORA4J_CACHE", cache.toString());
        Said trained = run(
                folder,
                bare,
                link,
                "train",
                "--base",
                "encoder",
                "--data",
                "fragen.csv",
                "--text",
                "question",
                "--label",
                "intent",
                "--out",
                "modell ä");
        assertThat(trained.code()).as(trained.err()).isZero();
        assertThat(folder.resolve("modell ä/adapter_config.json")).exists();
        Said answer = run(folder, bare, link, "predict", "modell ä", "where is my card");
        assertThat(answer.out()).as(answer.err()).matches("(card|rate)\t[01]\\.\\d+\n");
        assertThat(answer.err()).doesNotContainIgnoringCase("warning");
        Said merged = run(folder, bare, link, "merge", "modell ä", "--out", "merged");
        assertThat(merged.code()).as(merged.err()).isZero();
        // What is inside: the encoder, and its own libraries that multiply.
        Said vector = run(folder, bare, link, "embed", "all-minilm-l6-v2", "a text");
        assertThat(vector.out()).as(vector.err()).startsWith("{\"text\":\"a text\",\"vector\":[");
    }
}
