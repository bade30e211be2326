/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.internal.format.json.JsonObjects;

/** Published data with the encoder that is inside, and a small published decoder, as a user would begin. */
@Tag("thorough")
@Timeout(1200)
class RealDataTest {

    private static final Path SHARED =
            Path.of(System.getProperty("lora4j.shared", "../../../shared")).resolve("data");

    @TempDir
    Path folder;

    private static Path shared(String name) {
        Path file = SHARED.resolve(name);
        Assumptions.assumeTrue(Files.exists(file), file + " is not there: published data are skipped");
        return file;
    }

    private CliProcess.Result run(String... arguments) throws Exception {
        CliProcess.Result result = CliProcess.in(folder).run(arguments);
        assertThat(result.code()).as(result.err()).isZero();
        return result;
    }

    private static Object measure(CliProcess.Result result, String name) throws IOException {
        return ((Map<?, ?>) JsonObjects.read("output", result.out()).get("measures")).get(name);
    }

    @Test
    void banking77_isTrainedEvaluatedAndConverted() throws Exception {
        Path train = shared("banking77/train.csv");
        List<String> lines = Files.readAllLines(train);
        // Every twentieth question, as the file is sorted by intent; cells with line breaks are rows that begin later.
        String rows = String.join(
                "\n",
                lines.get(0),
                String.join(
                        "\n",
                        IntStream.range(0, lines.size())
                                .filter(i -> i % 20 == 1 && lines.get(i).matches("[^\"]+,[a-zA-Z_?]+"))
                                .mapToObj(lines::get)
                                .toList()));
        CliProcess.write(folder.resolve("train.csv"), rows + "\n");
        run("train", "--data", "train.csv", "--label", "category", "--out", "model", "--method", "head");
        CliProcess.Result evaluated =
                run("evaluate", "model", "--data", shared("banking77/test.csv").toString(), "--json");
        assertThat((Integer) measure(evaluated, "examples")).isEqualTo(3080);
        // 77 intents with about six questions each; chance is 0.013.
        assertThat((Double) measure(evaluated, "accuracy")).isGreaterThan(0.6);
        assertThat(run("predict", "model", "where is my card?").out()).contains("card");
        run("convert", "model", "--to", "huggingface", "--out", "merged");
        assertThat(folder.resolve("merged/modules.json")).exists();
    }

    @Test
    void snips_isReadAsItIsPublished() throws Exception {
        Path train = shared("snips-slots/train.jsonl.gz");
        CliProcess.Result preview =
                run("preview", "--data", train.toString(), "--text", "text", "--spans", "slots", "--rows", "1");
        assertThat(preview.out()).contains("tags: ", "Shawnna");
        CliProcess.write(folder.resolve("some.jsonl"), lines(train, 150));
        run("train", "--data", "some.jsonl", "--spans", "slots", "--method", "head", "--out", "slots");
        assertThat(run("predict", "slots", "play the new album by Björk").out()).isNotBlank();
        String validation = shared("snips-slots/validate.jsonl.gz").toString();
        run("train", "--data", validation, "--label", "intent", "--method", "head", "--out", "intents");
        CliProcess.Result evaluated = run("evaluate", "intents", "--data", validation, "--json");
        assertThat((Double) measure(evaluated, "accuracy")).isGreaterThan(0.9);
    }

    private static String[] writing(String base, String out) {
        return new String[] {
            "train",
            "--base",
            base,
            "--data",
            "stories.jsonl",
            "--out",
            out,
            "--epochs",
            "4",
            "--set",
            "validation-fraction=0",
            "--set",
            "checkpoint-steps=1"
        };
    }

    @Test
    void aDecoder_isStoppedTwice_goesOnToTheSameBytes_andIsWrittenForOthers() throws Exception {
        String base = Path.of("../language/src/test/resources/language/models/stories260k")
                .toAbsolutePath()
                .normalize()
                .toString();
        StringBuilder rows = new StringBuilder();
        for (int i = 0; i < 160; i++) {
            rows.append("{\"prompt\": \"")
                    .append(i % 2 == 0 ? "Tom" : "Lily")
                    .append(" had a\", \"completion\": \"")
                    .append(" very big".repeat(i % 5))
                    .append(i % 2 == 0 ? " red ball.\"}\n" : " new dog.\"}\n");
        }
        CliProcess.write(folder.resolve("stories.jsonl"), rows.toString());
        run(writing(base, "whole"));
        CliProcess.Running first = CliProcess.in(folder).start(writing(base, "stopped"));
        first.waitFor("epoch 1:");
        first.signal("INT");
        CliProcess.Result stopped = first.end();
        assertThat(stopped.code()).as(stopped.err()).isEqualTo(130);
        CliProcess.Running second = CliProcess.in(folder).start("train", "--resume", "--out", "stopped");
        second.waitFor("epoch 3:");
        second.signal("KILL");
        assertThat(second.end().code()).isEqualTo(137);
        run("train", "--resume", "--out", "stopped");
        String weights = "adapter_model.safetensors";
        assertThat(Files.readAllBytes(folder.resolve("stopped").resolve(weights)))
                .isEqualTo(Files.readAllBytes(folder.resolve("whole").resolve(weights)));

        assertThat(run("generate", "stopped", "Tom had a", "--max-tokens", "12").out())
                .containsPattern("red ball|new dog");
        assertThat((Double) measure(run("evaluate", "stopped", "--data", "stories.jsonl", "--json"), "perplexity"))
                .isLessThan(5);
        run("report", "stopped", "--data", "stories.jsonl");
        assertThat(folder.resolve("stopped.html")).exists();
        run("convert", "stopped", "--to", "gguf", "--out", "gguf");
        assertThat(folder.resolve("gguf/model.gguf")).exists();
        assertThat(run("verify", "stopped", "--strict").out()).contains("the one that it was trained on");
    }

    private static String lines(Path zipped, int count) throws IOException {
        try (BufferedReader text = new BufferedReader(
                new InputStreamReader(new GZIPInputStream(Files.newInputStream(zipped)), StandardCharsets.UTF_8))) {
            // The file is sorted by intent.
            List<String> all = text.lines().toList();
            return IntStream.range(0, count)
                    .mapToObj(i -> all.get(i * (all.size() / count)))
                    .collect(Collectors.joining("\n"));
        }
    }
}
