/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.format.safetensors.SafetensorsReader;

/** What tasks save, against what PEFT writes for a model of the same modules. */
class PeftDirectoriesTest {

    private static final TextEncoder ENCODER = TinyEncoder.create();
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final String FACTORS = """
            base_model.model.encoder.layer.0.attention.self.query.lora_A.weight [2, 16]
            base_model.model.encoder.layer.0.attention.self.query.lora_B.weight [16, 2]
            base_model.model.encoder.layer.0.attention.self.value.lora_A.weight [2, 16]
            base_model.model.encoder.layer.0.attention.self.value.lora_B.weight [16, 2]
            base_model.model.encoder.layer.1.attention.self.query.lora_A.weight [2, 16]
            base_model.model.encoder.layer.1.attention.self.query.lora_B.weight [16, 2]
            base_model.model.encoder.layer.1.attention.self.value.lora_A.weight [2, 16]
            base_model.model.encoder.layer.1.attention.self.value.lora_B.weight [16, 2]
            """;

    private static final String HEAD_OF_ONE = """
            base_model.model.classifier.bias [1]
            base_model.model.classifier.weight [1, 16]
            """;

    private static final String HEAD_OF_TWO = """
            base_model.model.classifier.bias [2]
            base_model.model.classifier.weight [2, 16]
            """;

    @TempDir
    private Path folder;

    @AfterAll
    static void close() {
        ENCODER.close();
    }

    private static <B extends TextTaskBuilder<B, ?>> B quick(B builder) {
        return builder.adapter(LoraConfig.builder()
                        .rank(2)
                        .alpha(4)
                        .targetModules("query", "value")
                        .build())
                .epochs(1);
    }

    private static List<String> texts() {
        return TinyEncoder.reviews(12, 1).stream().map(LabeledText::text).toList();
    }

    @Test
    void textClassifier() throws IOException {
        quick(TextClassifier.builder(ENCODER))
                .build()
                .fit(TinyEncoder.reviews(12, 1))
                .save(folder);

        assertSaved("SEQ_CLS", HEAD_OF_TWO + FACTORS, "classifier");
    }

    @Test
    void pairClassifier() throws IOException {
        List<LabeledPair> pairs = texts().stream()
                .map(text -> new LabeledPair(text, "a film", text.contains("good") ? "yes" : "no"))
                .toList();
        quick(PairClassifier.builder(ENCODER)).build().fit(pairs).save(folder);

        assertSaved("SEQ_CLS", HEAD_OF_TWO + FACTORS, "classifier");
    }

    @Test
    void reRanker() throws IOException {
        List<ScoredPair> pairs = texts().stream()
                .map(text -> new ScoredPair("where", text, text.contains("good") ? 1 : 0))
                .toList();
        quick(ReRanker.builder(ENCODER)).build().fit(pairs).save(folder);

        assertSaved("SEQ_CLS", HEAD_OF_ONE + FACTORS, "classifier");
    }

    @Test
    void textRegressor() throws IOException {
        List<ScoredText> numbers = texts().stream()
                .map(text -> new ScoredText(text, text.length()))
                .toList();
        quick(TextRegressor.builder(ENCODER)).build().fit(numbers).save(folder);

        assertSaved("SEQ_CLS", HEAD_OF_ONE + FACTORS, "classifier");
    }

    @Test
    void tokenClassifier() throws IOException {
        List<LabeledWords> words = new ArrayList<>();
        texts().forEach(text -> words.add(new LabeledWords(List.of(text, "paris"), List.of("O", "B-city"))));
        quick(TokenClassifier.builder(ENCODER)).build().fit(words).save(folder);

        assertSaved("TOKEN_CLS", HEAD_OF_TWO + FACTORS, "classifier");
    }

    @Test
    void sentenceEncoder() throws IOException {
        List<SentenceExample> pairs = texts().stream()
                .map(text -> SentenceExample.pair(text, "the " + text))
                .toList();
        quick(SentenceEncoder.builder(ENCODER)).build().fit(pairs).save(folder);

        assertSaved("FEATURE_EXTRACTION", FACTORS);
    }

    private void assertSaved(String taskType, String tensors, String... modulesToSave) throws IOException {
        List<String> written = new ArrayList<>();
        try (SafetensorsReader reader = SafetensorsReader.open(folder.resolve("adapter_model.safetensors"))) {
            reader.tensors().forEach((name, entry) -> written.add(name + " " + Arrays.toString(entry.shape())));
        }
        assertThat(written).containsExactlyInAnyOrderElementsOf(tensors.lines().toList());

        JsonNode config = JSON.readTree(folder.resolve("adapter_config.json").toFile());
        JsonNode ofPeft =
                JSON.readTree(Path.of("../core/src/test/resources/peft/lora-mlp-modules-to-save/adapter_config.json")
                        .toFile());
        assertThat(config.fieldNames()).toIterable().isSubsetOf(() -> ofPeft.fieldNames());
        assertThat(config.get("peft_type").asText()).isEqualTo("LORA");
        assertThat(config.get("task_type").asText()).isEqualTo(taskType);
        assertThat(config.get("inference_mode").asBoolean()).isTrue();
        assertThat(config.get("target_modules").toString()).isIn("[\"query\",\"value\"]", "[\"value\",\"query\"]");
        assertThat(JSON.convertValue(config.get("modules_to_save"), String[].class))
                .isEqualTo(modulesToSave.length == 0 ? null : modulesToSave);
        // Read by the rules that the golden cases of PEFT test.
        Adapter adapter = Adapter.load(folder);
        assertThat(adapter.config().taskType()).isEqualTo(taskType);
        assertThat(adapter.config().modulesToSave()).containsExactly(modulesToSave);
        assertThat(adapter.modules()).hasSize(4);
    }
}
