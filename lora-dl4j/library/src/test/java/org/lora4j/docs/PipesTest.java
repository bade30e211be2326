/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.continual.ForgettingReport;
import org.lora4j.continual.TaskRouter;
import org.lora4j.dl4j.NetworkFile;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.language.CausalLm;
import org.lora4j.language.ChatTemplate;
import org.lora4j.language.GenerationConfig;
import org.lora4j.language.LanguageTokenizer;
import org.lora4j.language.Llama2cCheckpoint;
import org.lora4j.language.LmExample;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.OnnxInitializers;
import org.lora4j.pretrained.PretrainedEncoder;
import org.lora4j.samediff.SameDiffFile;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextTable;
import org.lora4j.text.TinyEncoder;
import org.lora4j.weights.ModelWeights;

/** In the place of each file that a call reads a pipe, which nobody writes to, and a device, which does not end: refused at once. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "pipes and devices are made as Linux makes them")
class PipesTest {

    @TempDir
    private static Path folder;

    private final Map<String, ThrowingCallable> calls = new LinkedHashMap<>();

    /** A pipe and a device of a name, each in a directory of its own with other files. */
    private void with(String call, String name, Map<String, String> others, DirectoryReader reader) throws Exception {
        for (String kind : List.of("pipe", "device")) {
            Path directory = Files.createTempDirectory(folder, kind);
            for (Map.Entry<String, String> other : others.entrySet()) {
                Files.writeString(directory.resolve(other.getKey()), other.getValue());
            }
            Path file = directory.resolve(name);
            if (kind.equals("device")) {
                Files.createSymbolicLink(file, Path.of("/dev/zero"));
            } else {
                assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor())
                        .isZero();
            }
            calls.put(call + ", a " + kind + " for " + name, () -> reader.read(directory, file));
        }
    }

    private interface DirectoryReader {
        void read(Path directory, Path file) throws Exception;
    }

    @TestFactory
    List<DynamicTest> everyReader_refusesWhatHasNoEnd() throws Exception {
        String llama = """
                {"model_type": "llama", "hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 8,
                 "num_hidden_layers": 1, "vocab_size": 16}""";
        Map<String, String> none = Map.of();
        with("Adapter.load", "adapter_config.json", none, (directory, file) -> Adapter.load(directory));
        with(
                "Adapter.load",
                "adapter_model.safetensors",
                Map.of("adapter_config.json", "{\"peft_type\": \"LORA\", \"target_modules\": [\"a\"]}"),
                (directory, file) -> Adapter.load(directory));
        with(
                "Adapter.load",
                "adapter_model.bin",
                Map.of("adapter_config.json", "{\"peft_type\": \"LORA\", \"target_modules\": [\"a\"]}"),
                (directory, file) -> Adapter.load(directory));
        with("SafetensorsReader.open", "x", none, (directory, file) -> SafetensorsReader.open(file));
        with("ModelWeights.open", "model.safetensors", none, (directory, file) -> ModelWeights.open(directory));
        with(
                "ModelWeights.open",
                "model.safetensors.index.json",
                none,
                (directory, file) -> ModelWeights.open(directory));
        with("OnnxInitializers.read", "x.onnx", none, (directory, file) -> OnnxInitializers.read(file));
        with("TextEncoder.load", "x.onnx", none, (directory, file) -> TextEncoder.load(file));
        with("SameDiffFile.read", "x.fb", none, (directory, file) -> SameDiffFile.read(file));
        with(
                "NetworkFile",
                "x.zip",
                none,
                (directory, file) -> NetworkFile.of(file).network());
        with("TextTable.csv", "x.csv", none, (directory, file) -> TextTable.csv(file));
        with("TextTable.jsonLines", "x.jsonl", none, (directory, file) -> TextTable.jsonLines(file));
        with("LmExample.jsonLines", "x.jsonl", none, (directory, file) -> LmExample.jsonLines(file));
        with("Llama2cCheckpoint.scores", "x", none, (directory, file) -> Llama2cCheckpoint.scores(file));
        with(
                "Llama2cCheckpoint.convert",
                "x",
                none,
                (directory, file) -> Llama2cCheckpoint.convert(file, file, directory.resolve("out")));
        with(
                "GenerationConfig.read",
                "generation_config.json",
                none,
                (directory, file) -> GenerationConfig.read(directory));
        with("ChatTemplate.load", "chat_template.jinja", none, (directory, file) -> ChatTemplate.load(directory));
        with("ChatTemplate.load", "tokenizer_config.json", none, (directory, file) -> ChatTemplate.load(directory));
        with("LanguageTokenizer.load", "tokenizer.json", none, (directory, file) -> LanguageTokenizer.load(directory));
        with(
                "HuggingFaceTextTokenizer.load",
                "tokenizer.json",
                none,
                (directory, file) -> HuggingFaceTextTokenizer.load(file, 8));
        with("CausalLm.load", "config.json", none, (directory, file) -> CausalLm.load(directory));
        with(
                "CausalLm.load",
                "model.safetensors",
                Map.of("config.json", llama),
                (directory, file) -> CausalLm.load(directory));
        with("PretrainedEncoder.load", "config.json", none, (directory, file) -> PretrainedEncoder.load(directory));
        with("ForgettingReport.load", "x.json", none, (directory, file) -> ForgettingReport.load(file));
        with("TaskRouter.load", "x.json", none, (directory, file) -> TaskRouter.load(file));
        TextEncoder encoder = TinyEncoder.create();
        for (String weights : List.of("lora4j_text.safetensors", "adapter_model.safetensors")) {
            String task = "{\"version\": 1, \"tuning\": \"HEAD\", \"weights\": \"" + weights
                    + "\", \"sha256\": \"\", \"task\": \"text-classification\"}";
            with(
                    "TextClassifier.load",
                    weights,
                    Map.of("lora4j_text.json", task),
                    (directory, file) -> TextClassifier.load(directory, encoder));
        }
        with(
                "TextClassifier.load",
                "lora4j_text.json",
                none,
                (directory, file) -> TextClassifier.load(directory, encoder));
        List<DynamicTest> tests = new ArrayList<>();
        calls.forEach((name, call) -> tests.add(DynamicTest.dynamicTest(name, () -> assertRefused(call))));
        return tests;
    }

    private static void assertRefused(ThrowingCallable call) {
        Throwable refusal = assertTimeoutPreemptively(Duration.ofMinutes(1), () -> {
            try {
                call.call();
                return null;
            } catch (Throwable e) {
                return e;
            }
        });
        assertThat(refusal).isInstanceOf(IOException.class).hasMessageContaining(folder.toString());
        assertThat(refusal.getMessage()).containsAnyOf("a device or a pipe", "no such file", "no file");
    }
}
