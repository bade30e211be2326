/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What llama.cpp says to a file, asked in a process of its own. */
final class LlamaCpp {

    private final Path folder;
    private final Path model;
    private final Path adapter;
    private final List<String> tasks = new ArrayList<>();

    LlamaCpp(Path folder, Path model, Path adapter) {
        this.folder = folder;
        this.model = model;
        this.adapter = adapter;
    }

    LlamaCpp generate(int count, int... ids) {
        tasks.add("generate " + count + " "
                + IntStream.of(ids).mapToObj(Integer::toString).collect(Collectors.joining(",")));
        return this;
    }

    LlamaCpp encode(String text) {
        tasks.add("encode " + Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8)));
        return this;
    }

    /** Texts that were generated. */
    List<String> texts() throws IOException, InterruptedException {
        return answers().stream()
                .map(answer -> new String(Base64.getDecoder().decode(answer), StandardCharsets.UTF_8))
                .toList();
    }

    /** Ids of texts. */
    List<int[]> ids() throws IOException, InterruptedException {
        return answers().stream()
                .map(answer -> answer.isEmpty()
                        ? new int[0]
                        : Arrays.stream(answer.split(","))
                                .mapToInt(Integer::parseInt)
                                .toArray())
                .toList();
    }

    private List<String> answers() throws IOException, InterruptedException {
        Path own = Files.createTempDirectory(folder, "llama");
        Path answers = own.resolve("answers");
        Path log = own.resolve("log");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        // Its loader clears the temporary folder of whatever is called like itself.
                        "-Djava.io.tmpdir=" + own,
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        LlamaProgram.class.getName(),
                        model.toString(),
                        adapter == null ? "-" : adapter.toString(),
                        Files.write(own.resolve("tasks"), tasks).toString(),
                        answers.toString())
                .redirectOutput(log.toFile())
                .redirectErrorStream(true)
                .start();
        boolean ended = process.waitFor(2, TimeUnit.MINUTES);
        if (!ended) {
            process.destroyForcibly();
        }
        assertThat(ended && process.exitValue() == 0)
                .as(() -> "llama.cpp on " + model + ": " + log(log))
                .isTrue();
        return Files.readAllLines(answers);
    }

    private static String log(Path log) {
        try {
            String all = new String(Files.readAllBytes(log), StandardCharsets.ISO_8859_1);
            return all.substring(Math.max(0, all.length() - 4000));
        } catch (IOException e) {
            return e.toString();
        }
    }
}
