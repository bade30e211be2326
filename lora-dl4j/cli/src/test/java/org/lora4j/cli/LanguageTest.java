/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.internal.format.json.JsonObjects;

/** A language model from a file of examples to a file of llama.cpp. */
class LanguageTest {

    private static final String BASE = Path.of("../language/src/test/resources/language/models/stories260k")
            .toAbsolutePath()
            .normalize()
            .toString();

    @TempDir
    Path folder;

    private CliRun call(ExitCode code, String... arguments) {
        List<String> all = new ArrayList<>();
        Arrays.stream(arguments).map(word -> word.replace("IN/", folder + "/")).forEach(all::add);
        CliRun run = CliRun.of(all.toArray(String[]::new));
        assertThat(run.code()).as(run.both()).isEqualTo(code);
        return run;
    }

    @Test
    void aWriter_isTrainedReadAndWrittenForOthers() throws IOException {
        Files.writeString(
                folder.resolve("balls.jsonl"),
                "{\"prompt\": \"Tom had a\", \"completion\": \" red ball.\"}\n".repeat(12));
        String preview = call(ExitCode.OK, "preview", "--base", BASE, "--data", "IN/balls.jsonl", "--rows", "1")
                .out();
        assertThat(preview).contains("Tom had a", "red ball.");
        String trained = call(
                        ExitCode.OK,
                        "train",
                        "--base",
                        BASE,
                        "--data",
                        "IN/balls.jsonl",
                        "--out",
                        "IN/writer",
                        "--epochs",
                        "8",
                        "--set",
                        "validation-fraction=0",
                        "--json")
                .out();
        assertThat(trained).contains("\"task\" : \"language\"");
        assertThat(call(ExitCode.OK, "generate", "IN/writer", "Tom had a", "--max-tokens", "8")
                        .out())
                .startsWith("Tom had a red");
        assertThat(call(
                                ExitCode.OK,
                                "generate",
                                BASE,
                                "--adapter",
                                "mine=" + folder.resolve("writer"),
                                "Tom had a",
                                "--json",
                                "--max-tokens",
                                "4")
                        .out())
                .contains("\"finish_reason\"");
        assertThat(call(ExitCode.OK, "evaluate", "IN/writer", "--data", "IN/balls.jsonl", "--json")
                        .out())
                .contains("\"perplexity\"");
        call(ExitCode.REFUSED, "evaluate", "IN/writer", "--data", "IN/balls.jsonl", "--at-least", "perplexity=1000");
        call(ExitCode.OK, "report", "IN/writer", "--data", "IN/balls.jsonl");
        assertThat(Files.readString(folder.resolve("writer.html"))).contains("erplexity");
        assertThat(call(ExitCode.OK, "verify", "IN/writer", "--strict").out())
                .contains("base: the one that it was trained on", "tensors: ");
        assertThat(call(ExitCode.REFUSED, "gate", "IN/writer", "IN/writer", "--data", "IN/balls.jsonl")
                        .out())
                .startsWith("it cannot be said: on 12 examples")
                .contains("the loss of a token");
        call(ExitCode.USAGE, "predict", "IN/writer", "Tom");
        call(ExitCode.INPUT, "chat", "IN/writer");
        call(ExitCode.OK, "convert", "IN/writer", "--to", "gguf", "--type", "q8_0", "--out", "IN/gguf");
        assertThat(call(
                                ExitCode.OK,
                                "inspect",
                                folder.resolve("gguf/model.gguf").toString())
                        .out())
                .contains("GGUF of llama.cpp", "llama");
        call(ExitCode.OK, "merge", "IN/writer", "--out", "IN/merged");
        assertThat(call(ExitCode.OK, "inspect", "IN/merged", "IN/writer", "--json")
                        .out())
                .contains("model of Hugging Face", "language model that lora4j trained", "\"sound\" : true");
        call(ExitCode.OK, "reduce", "IN/writer", "--rank", "2", "--out", "IN/small");
        call(
                ExitCode.OK,
                "combine",
                "IN/writer",
                "IN/writer",
                "--weights",
                "0.5,0.5",
                "--algorithm",
                "cat",
                "--out",
                "IN/both");
        assertThat(call(ExitCode.OK, "compare", "IN/writer", "IN/small").out()).isNotBlank();
        call(ExitCode.OK, "convert", "IN/writer", "--to", "peft", "--type", "f16", "--out", "IN/half");
        assertThat(Files.size(folder.resolve("half/adapter_model.safetensors")))
                .isLessThan(Files.size(folder.resolve("writer/adapter_model.safetensors")) * 6 / 10);
        assertThat(call(ExitCode.USAGE, "combine", "IN/writer", "IN/small", "--out", "IN/half")
                        .err())
                .contains("nothing is overwritten");
    }

    @Test
    void aChat_answersTokenByToken() throws IOException {
        Path model = Files.createDirectories(folder.resolve("model"));
        try (Stream<Path> files = Files.list(Path.of(BASE))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, model.resolve(file.getFileName()));
            }
        }
        Files.writeString(model.resolve("chat_template.jinja"), "{% for m in messages %}{{ m.content }} {% endfor %}");
        Path asked = Files.writeString(folder.resolve("asked"), "Once upon a time\n/new\n/none\nTom had\n/quit\n");
        String whole = chat(asked, "IN/model", "--max-tokens", "6").out();
        assertThat(whole.lines()).hasSize(2).allMatch(line -> !line.isBlank() && line.equals(line.strip()));
        String json = chat(asked, "IN/model", "--max-tokens", "6", "--json").out();
        assertThat(json.lines())
                .hasSize(2)
                .allMatch(line -> line.startsWith("{\"answer\":\"") && line.endsWith("\"tokens\":6}"));
        assertThat(JsonObjects.read("out", json.lines().findFirst().orElseThrow()))
                .containsEntry("answer", whole.lines().findFirst().orElseThrow());
    }

    private CliRun chat(Path asked, String... arguments) throws IOException {
        InputStream before = System.in;
        try (InputStream in = Files.newInputStream(asked)) {
            System.setIn(in);
            return call(
                    ExitCode.OK,
                    Stream.concat(Stream.of("chat"), Stream.of(arguments)).toArray(String[]::new));
        } finally {
            System.setIn(before);
        }
    }

    @Test
    void damage_isFoundWithoutLoadingAModel() throws IOException {
        Path model = Files.createDirectories(folder.resolve("damaged"));
        Path good = Path.of("../language/src/test/resources/language/models/llama-gqa/adapter-qv");
        for (String name : List.of("adapter_config.json", "adapter_model.safetensors")) {
            Files.copy(good.resolve(name), model.resolve(name));
        }
        assertThat(call(ExitCode.OK, "inspect", "IN/damaged").out()).contains("sound", "yes");
        byte[] bytes = Files.readAllBytes(model.resolve("adapter_model.safetensors"));
        // The exponent of the last number: all ones is no number.
        bytes[bytes.length - 1] = 0x7f;
        bytes[bytes.length - 2] = (byte) 0x80;
        Files.write(model.resolve("adapter_model.safetensors"), bytes);
        assertThat(call(ExitCode.REFUSED, "inspect", "IN/damaged").out()).contains("NO", "not finite");
        Files.write(model.resolve("adapter_model.safetensors"), Arrays.copyOf(bytes, bytes.length - 8));
        assertThat(call(ExitCode.REFUSED, "inspect", "IN/damaged").out()).contains("NO");
    }

    @Test
    void modules_areListedByHeadersAlone() {
        assertThat(call(ExitCode.OK, "modules", BASE).out())
                .containsPattern("model\\.layers\\.\\*\\.self_attn\\.q_proj +64 x 64, 5 times");
    }
}
