/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.StorageType;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.docs.TinyModelFiles;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.format.DType;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.PretrainedEncoder;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.weights.ModelWeights;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class HuggingFaceExportTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** BertModel of 2 layers of 8, as Transformers 4 saves it: shapes of PyTorch, [out, in]. */
    private static final String BERT_MODEL = """
            embeddings.LayerNorm.bias [8]
            embeddings.LayerNorm.weight [8]
            embeddings.position_embeddings.weight [16, 8]
            embeddings.token_type_embeddings.weight [2, 8]
            embeddings.word_embeddings.weight [12, 8]
            encoder.layer.0.attention.output.LayerNorm.bias [8]
            encoder.layer.0.attention.output.LayerNorm.weight [8]
            encoder.layer.0.attention.output.dense.bias [8]
            encoder.layer.0.attention.output.dense.weight [8, 8]
            encoder.layer.0.attention.self.key.bias [8]
            encoder.layer.0.attention.self.key.weight [8, 8]
            encoder.layer.0.attention.self.query.bias [8]
            encoder.layer.0.attention.self.query.weight [8, 8]
            encoder.layer.0.attention.self.value.bias [8]
            encoder.layer.0.attention.self.value.weight [8, 8]
            encoder.layer.0.intermediate.dense.bias [16]
            encoder.layer.0.intermediate.dense.weight [16, 8]
            encoder.layer.0.output.LayerNorm.bias [8]
            encoder.layer.0.output.LayerNorm.weight [8]
            encoder.layer.0.output.dense.bias [8]
            encoder.layer.0.output.dense.weight [8, 16]
            """;

    private static final String POOLER = "pooler.dense.bias [8]\npooler.dense.weight [8, 8]\n";

    @TempDir
    private Path folder;

    private TextEncoder encoder;

    @BeforeEach
    void read() throws IOException {
        encoder = TextEncoder.load(TinyModelFiles.writeDirectory(folder.resolve("base")));
    }

    @AfterEach
    void close() {
        encoder.close();
    }

    private Path target() {
        return folder.resolve("tuned");
    }

    /** The table of a model of two layers, of one of them; the second has the same. */
    private static String table(String prefix, String... more) {
        StringBuilder all = new StringBuilder();
        for (String line : (BERT_MODEL + POOLER).split("\n")) {
            all.append(prefix).append(line).append('\n');
            if (line.contains("layer.0")) {
                all.append(prefix).append(line.replace("layer.0", "layer.1")).append('\n');
            }
        }
        all.append(String.join("\n", more));
        return all.toString().lines().sorted().reduce("", (text, line) -> text + line + "\n");
    }

    private JsonNode json(String name) throws IOException {
        return JSON.readTree(target().resolve(name).toFile());
    }

    /** B A is 1 at row 0, column 1 and 0 elsewhere. */
    private static Adapter adapter(String module, Map<String, INDArray> saved, String... modulesToSave) {
        INDArray a = Nd4j.zeros(DataType.FLOAT, 1, 8);
        a.putScalar(0, 1, 1);
        INDArray b = Nd4j.zeros(DataType.FLOAT, 8, 1);
        b.putScalar(0, 0, 1);
        LoraConfig config = LoraConfig.builder()
                .rank(1)
                .alpha(1)
                .targetModules("query")
                .excludeModules(ModuleSelector.regex(".*layer\\.1.*"))
                .modulesToSave(modulesToSave)
                .build();
        return Adapter.of(config, Map.of(module, Map.of("lora_A.weight", a, "lora_B.weight", b)), saved);
    }

    private static Adapter adapter() {
        return adapter("encoder.layer.0.attention.self.query", Map.of());
    }

    private static Adapter classifier() {
        return adapter(
                "encoder.layer.0.attention.self.query",
                Map.of(
                        "classifier.weight", Nd4j.ones(DataType.FLOAT, 3, 8),
                        "classifier.bias", Nd4j.ones(DataType.FLOAT, 3)),
                "classifier");
    }

    @Test
    void encoder_isABertModelWithModules() throws IOException {
        ExportReport report = HuggingFaceExport.of(encoder).adapter(adapter()).write(target());

        assertThat(WrittenTensors.written(target().resolve("model.safetensors")))
                .isEqualTo(table(""));
        assertThat(WrittenTensors.header(target().resolve("model.safetensors"))
                        .at("/__metadata__/format")
                        .asText())
                .isEqualTo("pt");
        assertThat(report.changed()).containsExactly("encoder.layer.0.attention.self.query.weight");
        assertThat(report.largestError()).isZero();
        assertThat(report.files())
                .containsExactly(
                        "1_Pooling/config.json",
                        "README.md",
                        "config.json",
                        "config_sentence_transformers.json",
                        "model.safetensors",
                        "modules.json",
                        "sentence_bert_config.json",
                        "special_tokens_map.json",
                        "tokenizer.json",
                        "tokenizer_config.json");
        JsonNode config = json("config.json");
        assertThat(config.get("architectures").toString()).isEqualTo("[\"BertModel\"]");
        assertThat(config.get("num_attention_heads").asInt()).isEqualTo(2);
        assertThat(config.get("hidden_act").asText()).isEqualTo("gelu");
        assertThat(json("modules.json").findValuesAsText("type"))
                .containsExactly(
                        "sentence_transformers.models.Transformer",
                        "sentence_transformers.models.Pooling",
                        "sentence_transformers.models.Normalize");
        assertThat(json("1_Pooling/config.json").get("pooling_mode_mean_tokens").asBoolean())
                .isTrue();
        assertThat(Files.readAllBytes(target().resolve("tokenizer.json")))
                .isEqualTo(Files.readAllBytes(folder.resolve("base/tokenizer.json")));
    }

    @Test
    void changedWeight_isTheBaseAndTheUpdate_inPyTorchsLayout() throws IOException {
        HuggingFaceExport.of(encoder).adapter(adapter()).write(target());

        String query = "encoder.layer.0.attention.self.query.weight";
        float[] before = WrittenTensors.floats(folder.resolve("base/model.safetensors"), "bert." + query);
        float[] after = WrittenTensors.floats(target().resolve("model.safetensors"), query);
        before[1] += 1;
        assertThat(after).containsExactly(before);
    }

    @Test
    void narrowTypes_tellTheirError() throws IOException {
        ExportReport report = HuggingFaceExport.of(encoder)
                .adapter(adapter())
                .type(StorageType.BF16)
                .write(target());

        // The largest value is the changed one, about 1: bfloat16 has steps of 2^-7 from 1 to 2, half of which is the
        // error.
        assertThat(report.largestError()).isPositive().isLessThanOrEqualTo(1.0 / 256);
        assertThat(WrittenTensors.header(target().resolve("model.safetensors"))
                        .at("/embeddings.LayerNorm.weight/dtype")
                        .asText())
                .isEqualTo("BF16");
        assertThat(json("config.json").get("torch_dtype").asText()).isEqualTo("bfloat16");
    }

    @Test
    void value_beyondTheRangeOfTheType_isRefused() {
        Adapter huge = adapter(
                "encoder.layer.0.attention.self.query",
                Map.of(
                        "classifier.weight", Nd4j.valueArrayOf(new long[] {2, 8}, 1e6, DataType.FLOAT),
                        "classifier.bias", Nd4j.ones(DataType.FLOAT, 2)),
                "classifier");

        assertThatIllegalArgumentException()
                .isThrownBy(() -> HuggingFaceExport.of(encoder)
                        .adapter(huge)
                        .sentenceClassifier(List.of("a", "b"))
                        .type(StorageType.F16)
                        .write(target()))
                .withMessageContaining(
                        "tensor \"classifier.weight\": element 0 = 1000000.0 is beyond the range of F16");
        assertThat(target()).doesNotExist();
    }

    @Test
    void head_overAMean_isADense() throws IOException {
        TextEncoder mean = encoder.withPooling(Pooling.MEAN);
        HuggingFaceExport.of(mean)
                .adapter(classifier())
                .sentenceClassifier(List.of("x", "y", "z"))
                .write(target());
        mean.close();

        assertThat(json("modules.json").findValuesAsText("path")).containsExactly("", "1_Pooling", "2_Dense");
        assertThat(WrittenTensors.written(target().resolve("2_Dense/model.safetensors")))
                .isEqualTo("linear.bias [3]\nlinear.weight [3, 8]\n");
        assertThat(json("2_Dense/config.json").get("activation_function").asText())
                .isEqualTo("torch.nn.modules.linear.Identity");
        assertThat(json("config.json").get("id2label").toString()).isEqualTo("{\"0\":\"x\",\"1\":\"y\",\"2\":\"z\"}");
    }

    @Test
    void head_overAMean_isNoBertForSequenceClassification() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HuggingFaceExport.of(encoder)
                        .adapter(classifier())
                        .sequenceClassifier(List.of("x", "y", "z"))
                        .write(target()))
                .withMessageContaining(
                        "the head was trained over NORMALIZED_MEAN, but BertForSequenceClassification has"
                                + " the pooler \"pooler.dense\" over the first token")
                .withMessageContaining("Python would make weights up");
        assertThat(target()).doesNotExist();
    }

    @Test
    void head_overAPooler_isABertForSequenceClassification() throws IOException {
        TextEncoder pooler = encoder.withPooling(Pooling.POOLER);
        HuggingFaceExport.of(pooler)
                .adapter(classifier())
                .sequenceClassifier(List.of("x", "y", "z"))
                .write(target());
        pooler.close();

        assertThat(WrittenTensors.written(target().resolve("model.safetensors")))
                .isEqualTo(table("bert.", "classifier.bias [3]", "classifier.weight [3, 8]"));
        JsonNode config = json("config.json");
        assertThat(config.get("architectures").get(0).asText()).isEqualTo("BertForSequenceClassification");
        assertThat(config.get("label2id").toString()).isEqualTo("{\"x\":0,\"y\":1,\"z\":2}");
        assertThat(target().resolve("modules.json")).doesNotExist();
    }

    @Test
    void pooler_thatAnAdapterBrings_isTheOneOfTheModel() throws IOException {
        Map<String, INDArray> saved = new LinkedHashMap<>(classifier().savedParameters());
        saved.put("pooler.dense.weight", Nd4j.valueArrayOf(new long[] {8, 8}, 2, DataType.FLOAT));
        saved.put("pooler.dense.bias", Nd4j.valueArrayOf(new long[] {8}, 3, DataType.FLOAT));
        TextEncoder pooler = encoder.withPooling(Pooling.POOLER);
        HuggingFaceExport.of(pooler)
                .adapter(adapter("encoder.layer.0.attention.self.query", saved, "classifier", "pooler.dense"))
                .sequenceClassifier(List.of("x", "y", "z"))
                .write(target());
        pooler.close();

        assertThat(WrittenTensors.floats(target().resolve("model.safetensors"), "bert.pooler.dense.weight"))
                .containsOnly(2f);
    }

    @Test
    void tags_areABertForTokenClassification_withoutAPooler() throws IOException {
        HuggingFaceExport.of(encoder)
                .adapter(adapter(
                        "bert.encoder.layer.0.attention.self.query",
                        classifier().savedParameters(),
                        "classifier"))
                .tokenClassifier(List.of("O", "B-x", "I-x"))
                .write(target());

        assertThat(WrittenTensors.written(target().resolve("model.safetensors")))
                .isEqualTo(table("bert.", "classifier.bias [3]", "classifier.weight [3, 8]")
                        .replace("bert.pooler.dense.bias [8]\nbert.pooler.dense.weight [8, 8]\n", ""));
        assertThat(json("config.json").get("architectures").get(0).asText()).isEqualTo("BertForTokenClassification");
    }

    /** RobertaForSequenceClassification of a layer of 8: no pooler, positions behind the padding id, a head of two layers. */
    private static final String ROBERTA = """
            classifier.dense.bias [8]
            classifier.dense.weight [8, 8]
            classifier.out_proj.bias [3]
            classifier.out_proj.weight [3, 8]
            """
            + BERT_MODEL
                    .replaceAll("(?m)^", "roberta.")
                    .replace("position_embeddings.weight [16", "position_embeddings.weight [18")
                    .replace("token_type_embeddings.weight [2", "token_type_embeddings.weight [1")
                    .replaceAll("roberta\\.\\z", "");

    private Path writeRoberta() throws IOException {
        Path directory = Files.createDirectory(folder.resolve("roberta"));
        Files.writeString(directory.resolve("config.json"), """
                {"architectures": ["RobertaForSequenceClassification"], "model_type": "roberta", "hidden_act": "gelu",
                 "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16,
                 "vocab_size": 12, "max_position_embeddings": 18, "type_vocab_size": 1, "layer_norm_eps": 1e-5,
                 "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "id2label": {"0": "a", "1": "b", "2": "c"}}
                """);
        SplittableRandom random = new SplittableRandom(5);
        List<TensorSource> tensors = new ArrayList<>();
        ROBERTA.lines().map(line -> line.split("[ ,\\[\\]]+")).forEach(line -> {
            long[] shape = Stream.of(line).skip(1).mapToLong(Long::parseLong).toArray();
            ByteBuffer bytes = ByteBuffer.allocate((int) LongStream.of(shape).reduce(4, (a, b) -> a * b));
            bytes.order(ByteOrder.LITTLE_ENDIAN);
            while (bytes.hasRemaining()) {
                bytes.putFloat((float) random.nextDouble() - 0.5f);
            }
            tensors.add(TensorSource.of(line[0], DType.F32, shape, bytes.flip()));
        });
        SafetensorsWriter.write(directory.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
        TinyModelFiles.writeTokenizer(directory);
        return directory;
    }

    @Test
    void roberta_withItsHeadOfTwoLayers_isARobertaForSequenceClassification() throws IOException {
        Path base = writeRoberta();
        SameDiff graph = PretrainedEncoder.load(base).classifier(3, 7).graph();
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(graph),
                LoraConfig.builder()
                        .rank(1)
                        .alpha(1)
                        .targetModules("query")
                        .modulesToSave("classifier")
                        .build(),
                3);
        Adapter fresh = model.adapter(AdaptedSameDiff.DEFAULT_ADAPTER);
        String query = "roberta.encoder.layer.0.attention.self.query";
        assertThat(fresh.modules()).containsOnlyKeys(query);
        Adapter tuned = Adapter.of(
                fresh.config(),
                Map.of(query, adapter().modules().values().iterator().next()),
                fresh.savedParameters());
        model.addAdapter("tuned", tuned);
        model.activate("tuned");

        try (TextEncoder roberta = TextEncoder.load(base)) {
            HuggingFaceExport.of(roberta)
                    .adapter(tuned)
                    .sequenceClassifier(List.of("x", "y", "z"))
                    .write(target());
        }

        assertThat(WrittenTensors.written(target().resolve("model.safetensors")))
                .isEqualTo(ROBERTA);
        JsonNode config = json("config.json");
        assertThat(config.get("architectures").get(0).asText()).isEqualTo("RobertaForSequenceClassification");
        assertThat(config.get("model_type").asText()).isEqualTo("roberta");
        assertThat(config.get("pad_token_id").asInt()).isEqualTo(1);
        assertThat(config.get("max_position_embeddings").asInt()).isEqualTo(18);
        assertThat(config.get("type_vocab_size").asInt()).isEqualTo(1);
        assertThat(config.get("layer_norm_eps").asDouble()).isEqualTo(1e-5);
        float[] before = WrittenTensors.floats(base.resolve("model.safetensors"), query + ".weight");
        before[1] += 1;
        assertThat(WrittenTensors.floats(target().resolve("model.safetensors"), query + ".weight"))
                .containsExactly(before);
        assertThat(WrittenTensors.floats(target().resolve("model.safetensors"), "classifier.dense.weight"))
                .containsExactly(fresh.savedParameters()
                        .get("classifier.dense.weight")
                        .dup('c')
                        .data()
                        .asFloat());
        Map<String, INDArray> batch = Map.of(
                "input_ids", Nd4j.createFromArray(new int[][] {{1 + 4, 3, 2}}),
                "attention_mask", Nd4j.createFromArray(new float[][] {{1, 1, 1}}));
        INDArray expected = model.output(batch, "logits").get("logits");
        INDArray found = PretrainedEncoder.load(target())
                .classifier()
                .graph()
                .output(batch, "logits")
                .get("logits");
        assertThat(found.toFloatMatrix()[0]).containsExactly(expected.toFloatMatrix()[0], within(1e-6f));
    }

    @Test
    void roberta_withALinearHead_isRefused() throws IOException {
        try (TextEncoder roberta = TextEncoder.load(writeRoberta())) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> HuggingFaceExport.of(roberta)
                            .adapter(classifier())
                            .sequenceClassifier(List.of("x", "y", "z"))
                            .write(target()))
                    .withMessageContaining("RobertaForSequenceClassification has a hidden layer \"classifier.dense\"");
        }
    }

    private static List<LabeledText> reviews() {
        List<LabeledText> texts = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            texts.add(new LabeledText((i % 2 == 0 ? "a good film " : "very bad film ") + i, i % 2 == 0 ? "yes" : "no"));
        }
        return texts;
    }

    /** The reader's numbers are those of Transformers: PretrainedEncoderGoldenTest. */
    private void assertClassifies(TextClassifier classifier) throws IOException {
        int[][] ids = {classifier.encoder().tokenizer().encode("a good film")};
        float[][] mask = {new float[ids[0].length]};
        Arrays.fill(mask[0], 1);
        float[] probabilities = PretrainedEncoder.load(target())
                .classifier()
                .graph()
                .output(
                        Map.of("input_ids", Nd4j.createFromArray(ids), "attention_mask", Nd4j.createFromArray(mask)),
                        "probabilities")
                .get("probabilities")
                .toFloatMatrix()[0];
        Map<String, Double> scores = classifier.predict("a good film").scores();
        assertThat((double) probabilities[0]).isCloseTo(scores.get("no"), within(1e-6));
        assertThat((double) probabilities[1]).isCloseTo(scores.get("yes"), within(1e-6));
    }

    @Test
    void allWeights_trainedInFull_areExported_andTheBaseStays() throws IOException {
        byte[] base = Files.readAllBytes(folder.resolve("base/model.safetensors"));
        try (TextEncoder pooler = encoder.withPooling(Pooling.POOLER);
                TextClassifier classifier = TextClassifier.builder(pooler)
                        .fullFineTuning()
                        .learningRate(1e-2)
                        .epochs(2)
                        .build()
                        .fit(reviews(), reviews())) {
            ExportReport report = HuggingFaceExport.of(pooler)
                    .weights(classifier.weights())
                    .sequenceClassifier(classifier.labels())
                    .write(target());

            assertThat(WrittenTensors.written(target().resolve("model.safetensors")))
                    .isEqualTo(table("bert.", "classifier.bias [2]", "classifier.weight [2, 8]"));
            assertThat(report.added()).containsExactly("classifier.bias", "classifier.weight");
            assertClassifies(classifier);
        }
        assertThat(folder.resolve("base/model.safetensors")).hasBinaryContent(base);
    }

    @Test
    void headThatWasTrainedAlone_isExported_overTheWeightsAsTheyWere() throws IOException {
        try (TextEncoder pooler = encoder.withPooling(Pooling.POOLER);
                TextClassifier classifier =
                        TextClassifier.builder(pooler).headOnly().build().fit(reviews(), reviews())) {
            ExportReport report = HuggingFaceExport.of(pooler)
                    .weights(classifier.weights())
                    .sequenceClassifier(classifier.labels())
                    .write(target());

            assertThat(report.changed()).isEmpty();
            assertClassifies(classifier);
        }
    }

    @Test
    void weightsOfALoraTask_areTheBaseWithItsAdapterMerged() throws IOException {
        try (TextClassifier classifier =
                TextClassifier.builder(encoder).epochs(2).build().fit(reviews(), reviews())) {
            HuggingFaceExport.of(encoder)
                    .weights(classifier.weights())
                    .sentenceClassifier(classifier.labels())
                    .write(target());
            HuggingFaceExport.of(encoder)
                    .adapter(classifier.adapter())
                    .sentenceClassifier(classifier.labels())
                    .write(folder.resolve("by adapter"));
        }

        for (String file : List.of("model.safetensors", "3_Dense/model.safetensors")) {
            assertThat(target().resolve(file)).hasSameBinaryContentAs(folder.resolve("by adapter/" + file));
        }
    }

    @Test
    void weights_ofAnotherModel_areRefused_withEveryDifference() {
        Map<String, INDArray> other = new LinkedHashMap<>(encoder.weights().checkpointTensors());
        other.remove("encoder.layer.1.output.dense.bias");
        other.put("embeddings.word_embeddings.weight", Nd4j.ones(DataType.FLOAT, 13, 8));

        assertThatExceptionOfType(IncompatibleBaseException.class)
                .isThrownBy(() -> HuggingFaceExport.of(encoder)
                        .weights(ModelWeights.of(other))
                        .write(target()))
                .withMessageContaining(
                        "\"embeddings.word_embeddings.weight\" has shape [13, 8] in the weights, expected"
                                + " [12, 8] as in the model")
                .withMessageContaining("the weights lack \"encoder.layer.1.output.dense.bias\"");
        assertThat(target()).doesNotExist();
    }

    @Test
    void severalLabels_areSaidInTheConfig() throws IOException {
        HuggingFaceExport.of(encoder)
                .adapter(classifier())
                .sentenceClassifier(List.of("x", "y", "z"))
                .severalLabels()
                .write(target());

        assertThat(json("config.json").get("problem_type").asText()).isEqualTo("multi_label_classification");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HuggingFaceExport.of(encoder)
                        .adapter(classifier())
                        .tokenClassifier(List.of("O", "B-x", "I-x"))
                        .severalLabels()
                        .write(folder.resolve("tags")))
                .withMessageContaining("severalLabels() for ForTokenClassification, expected a classifier of texts");
    }

    @Test
    void head_thatNobodyAskedFor_isNotLeftOutInSilence() throws IOException {
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        HuggingFaceExport.of(encoder).adapter(classifier()).write(target()))
                .withMessageContaining("what was trained brings \"classifier.bias\", \"classifier.weight\"");

        HuggingFaceExport.of(encoder).adapter(classifier()).withoutHead().write(target());
        assertThat(target()).exists();
    }

    @Test
    void adapter_ofAnotherBase_orATargetThatExists_isRefused() throws IOException {
        Adapter other = adapter().withBaseHashes(Map.of("encoder.layer.0.attention.self.query.weight", "0".repeat(32)));

        assertThatExceptionOfType(IncompatibleBaseException.class)
                .isThrownBy(() -> HuggingFaceExport.of(encoder).adapter(other).write(target()))
                .withMessageContaining("are not those that the adapter was trained on");
        Files.writeString(target(), "mine");
        assertThatExceptionOfType(FileAlreadyExistsException.class)
                .isThrownBy(
                        () -> HuggingFaceExport.of(encoder).adapter(adapter()).write(target()));
        assertThat(target()).hasContent("mine");
    }

    @Test
    void vectors_ofTheDirectory_areThoseOfTheAdaptedEncoder() throws IOException {
        HuggingFaceExport.of(encoder).adapter(adapter()).write(target());

        float[] base = encoder.embed("a very good film");
        try (TextEncoder again = TextEncoder.load(target())) {
            assertThat(again.pooling()).isEqualTo(encoder.pooling());
            assertThat(again.embed("a very good film")).hasSize(base.length).isNotEqualTo(base);
        }
    }

    @Test
    void card_hasBaseLicencesAndMetrics_andNoNameBreaksItsHeader() throws IOException {
        HuggingFaceExport.of(encoder)
                .adapter(adapter())
                .card(ModelCard.of("tiny'\nlicense: evil", "apache-2.0")
                        .data("reviews", "cc-by-4.0")
                        .metric("accuracy", 0.91234))
                .write(target());

        assertThat(Files.readString(target().resolve("README.md")))
                .startsWith("""
                        ---
                        base_model: 'tiny'' license: evil'
                        license: 'apache-2.0'
                        library_name: sentence-transformers
                        datasets:
                        - 'reviews'
                        ---
                        """)
                .contains("| accuracy | 0.9123 |")
                .contains("model = SentenceTransformer(\"path/to/this/directory\")");
    }
}
