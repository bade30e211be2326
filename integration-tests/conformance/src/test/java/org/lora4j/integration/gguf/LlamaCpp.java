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

/** What llama.cpp says to files of GGUF: all questions first, then one process that answers them. */
final class LlamaCpp {

    private final Path folder;
    private final List<String> tasks = new ArrayList<>();

    /** Takes a folder for its own files. */
    LlamaCpp(Path folder) {
        this.folder = folder;
    }

    /** The questions after this are to a model. */
    LlamaCpp model(Path model) {
        tasks.add("model " + model + " -");
        return this;
    }

    /** The questions after this are to a model with an adapter. */
    LlamaCpp model(Path model, Path adapter) {
        tasks.add("model " + model + " " + adapter);
        return this;
    }

    /** Asks for a continuation by the best tokens. */
    LlamaCpp generate(int count, int... ids) {
        tasks.add("generate " + count + " "
                + IntStream.of(ids).mapToObj(Integer::toString).collect(Collectors.joining(",")));
        return this;
    }

    /** Asks for the ids of a text, without what the tokenizer puts around it. */
    LlamaCpp encode(String text) {
        tasks.add("encode " + Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8)));
        return this;
    }

    /** The answers, if all are texts. */
    List<String> texts() throws IOException, InterruptedException {
        return answers().stream()
                .map(answer -> new String(Base64.getDecoder().decode(answer), StandardCharsets.UTF_8))
                .toList();
    }

    /** The answers, if all are ids. */
    List<List<Integer>> ids() throws IOException, InterruptedException {
        return answers().stream()
                .map(answer -> answer.isEmpty()
                        ? List.<Integer>of()
                        : Arrays.stream(answer.split(",")).map(Integer::valueOf).toList())
                .toList();
    }

    private List<String> answers() throws IOException, InterruptedException {
        Path own = Files.createTempDirectory(folder, "llama");
        Path answers = own.resolve("answers");
        Path log = own.resolve("log");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        // Its loader deletes whatever in the temporary folder is called like itself.
                        "-Djava.io.tmpdir=" + own,
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        LlamaProgram.class.getName(),
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
                .as(() -> "llama.cpp: " + end(log))
                .isTrue();
        return Files.readAllLines(answers);
    }

    private static String end(Path log) {
        try {
            String all = new String(Files.readAllBytes(log), StandardCharsets.ISO_8859_1);
            return all.substring(Math.max(0, all.length() - 4000));
        } catch (IOException e) {
            return e.toString();
        }
    }
}
