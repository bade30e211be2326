/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.PretrainedEncoder;
import org.lora4j.text.ReRanker;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextPair;
import org.lora4j.weights.ModelWeights;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Encoders of other families leave as they came: with the names, shapes and fields of Transformers' own files. */
class FamilyExportTest {

    private static final Path MODELS = Path.of("../text/src/test/resources/encoders/models");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    /** A directory of a model with a tokenizer of as many words as it has rows. */
    private Path model(String name) throws IOException {
        Path directory = folder.resolve("base");
        Files.createDirectories(directory);
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(MODELS.resolve(name).resolve(file), directory.resolve(file));
        }
        StringBuilder words = new StringBuilder("\"[UNK]\": 0");
        IntStream.range(1, 120)
                .forEach(i -> words.append(", \"w").append(i).append("\": ").append(i));
        Files.writeString(directory.resolve("tokenizer.json"), """
                {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
                 "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
                 "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {%s}}}
                """.formatted(words));
        return directory;
    }

    private Path target() {
        return folder.resolve("exported");
    }

    /** Shapes by name; what a file has of a head is told by the caller. */
    private static Map<String, String> shapes(Path directory, String prefix, List<String> heads) throws IOException {
        Map<String, String> shapes = new TreeMap<>();
        JsonNode header = WrittenTensors.header(directory.resolve("model.safetensors"));
        header.fieldNames().forEachRemaining(name -> {
            boolean head = heads.stream().anyMatch(name::startsWith);
            if (!name.equals("__metadata__") && !head && !name.endsWith("position_ids")) {
                shapes.put(
                        name.startsWith(prefix) ? name.substring(prefix.length()) : name,
                        header.get(name).get("shape").toString());
            }
        });
        return shapes;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "albert-seqcls",
                "bert-relative-key-query",
                "deberta-v2-conv",
                "modernbert-seqcls-mean",
                "nomic-seqcls",
                "t5-encoder-gated"
            })
    void encoder_leavesWithItsOwnNamesAndFields_andIsReadBack(String name) throws IOException {
        Path base = model(name);
        try (TextEncoder encoder = TextEncoder.load(base)) {
            HuggingFaceExport.of(encoder).write(target());

            String prefix = encoder.weights().config().prefix();
            Map<String, String> written = shapes(target(), "", List.of());
            Map<String, String> own =
                    shapes(base, prefix, List.of("classifier.", "discriminator_predictions.", "head.", "pooler.dense"));
            // DeBERTa's pooler is of its head, BERT's of the encoder; the table that relative_key leaves unused is left
            // out.
            own.remove("embeddings.position_embeddings.weight");
            written.remove("embeddings.position_embeddings.weight");
            own.keySet().removeIf(key -> key.startsWith("pooler.dense"));
            written.keySet().removeIf(key -> key.startsWith("pooler.dense"));
            assertThat(written).isEqualTo(own);
            try (TextEncoder again = TextEncoder.load(target())) {
                assertThat(again.weights().config()).isEqualTo(encoder.weights().config());
                assertThat(again.embed("w3 w4 w5")).containsExactly(encoder.embed("w3 w4 w5"));
            }
        }
        JsonNode before = JSON.readTree(base.resolve("config.json").toFile());
        JsonNode after = JSON.readTree(target().resolve("config.json").toFile());
        assertThat(after.get("model_type")).isEqualTo(before.get("model_type"));
        assertThat(after.get("architectures").get(0).asText()).endsWith("Model");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"deberta-v3-multilabel-bias", "distilbert-seqcls", "modernbert-seqcls-mean", "nomic-seqcls"})
    void headOfTheClass_leavesWithTheEncoder(String name) throws IOException {
        Path base = model(name);
        PretrainedEncoder model = PretrainedEncoder.load(base);
        EncoderWeights weights = model.weights();
        Pooling pooling =
                weights.config().headPooling("ForSequenceClassification").orElseThrow();
        Map<String, INDArray> parameters = new LinkedHashMap<>(weights.checkpointTensors());
        model.head()
                .orElseThrow()
                .tensors()
                .forEach((key, array) -> parameters.put(
                        key, array.rank() == 2 ? array.permute(1, 0).dup('c') : array));
        List<String> labels =
                List.of("a", "b", "c").subList(0, model.head().orElseThrow().outputs());
        try (TextEncoder encoder = TextEncoder.load(base).withPooling(pooling)) {
            HuggingFaceExport export = HuggingFaceExport.of(encoder)
                    .weights(ModelWeights.of(parameters))
                    .sequenceClassifier(labels);
            (labels.size() == 1 ? export.numbers() : export).write(target());
        }

        assertThat(shapes(target(), "", List.of())).isEqualTo(shapes(base, "", List.of()));
        PretrainedEncoder again = PretrainedEncoder.load(target());
        assertThat(again.head().orElseThrow().labels()).isEqualTo(labels);
        assertThat(again.config()).isEqualTo(model.config());
    }

    /** In the words of sentence-transformers before and since 4.0. */
    @ParameterizedTest
    @ValueSource(strings = {"Identity", "Tanh"})
    void functionOfACrossEncoder_leavesWithIt(String function) throws IOException {
        Path base = model("modernbert-seqcls-mean");
        String path = "torch.nn.modules." + (function.equals("Identity") ? "linear." : "activation.") + function;
        Path config = base.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replace(
                                "\"model_type\"",
                                "\"sbert_ce_default_activation_function\": \"" + path + "\", \"model_type\""));
        TextPair pair = new TextPair("w3 w4", "w5");
        double before;
        try (ReRanker ranker = ReRanker.load(base)) {
            before = ranker.predict(pair);
            ranker.export(target());
        }

        JsonNode written = JSON.readTree(target().resolve("config.json").toFile());
        assertThat(written.path("sentence_transformers").path("activation_fn").asText())
                .isEqualTo(path);
        assertThat(written.path("sbert_ce_default_activation_function").asText())
                .isEqualTo(path);
        try (ReRanker again = ReRanker.load(target())) {
            assertThat(again.predict(pair)).isCloseTo(before, within(1e-6));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"distilbert-seqcls", "deberta-v1-seqcls", "albert-seqcls", "gte-ntk-seqcls"})
    void checkpointThatSomebodyFineTuned_leavesAsItCame(String name) throws IOException {
        Path base = model(name);
        Map<String, Double> before;
        try (TextClassifier classifier = TextClassifier.load(base)) {
            before = classifier.predict("w3 w4 w5").scores();
            classifier.export(target());
        }

        assertThat(shapes(target(), "", List.of())).isEqualTo(shapes(base, "", List.of()));
        try (TextClassifier again = TextClassifier.load(target())) {
            assertThat(again.predict("w3 w4 w5").scores()).isEqualTo(before);
        }
    }

    @Test
    void headOverAnotherVector_isRefused_forAClassThatTakesAnother() throws IOException {
        Path base = model("distilbert-seqcls");
        try (TextEncoder encoder = TextEncoder.load(base)) {
            Map<String, INDArray> parameters =
                    new LinkedHashMap<>(encoder.weights().checkpointTensors());
            parameters.put("classifier.weight", Nd4j.ones(2, 48));
            parameters.put("classifier.bias", Nd4j.ones(2));

            assertThatIllegalArgumentException()
                    .isThrownBy(() -> HuggingFaceExport.of(encoder)
                            .weights(ModelWeights.of(parameters))
                            .sequenceClassifier(List.of("a", "b"))
                            .write(target()))
                    .withMessageContaining("\"pre_classifier.bias\", \"pre_classifier.weight\"")
                    .withMessageContaining("DistilBertForSequenceClassification");
            HuggingFaceExport.of(encoder)
                    .weights(ModelWeights.of(parameters))
                    .sentenceClassifier(List.of("a", "b"))
                    .write(target());
        }
        assertThat(target().resolve("modules.json")).exists();
    }
}
