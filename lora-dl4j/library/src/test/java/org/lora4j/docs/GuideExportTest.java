/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import onnx.Onnx;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.StorageType;
import org.lora4j.config.LoraConfig;
import org.lora4j.export.CausalLmExport;
import org.lora4j.export.ExportReport;
import org.lora4j.export.GgufAdapterExport;
import org.lora4j.export.GgufExport;
import org.lora4j.export.GgufType;
import org.lora4j.export.HuggingFaceExport;
import org.lora4j.export.LoraExport;
import org.lora4j.export.ModelCard;
import org.lora4j.export.OnnxExport;
import org.lora4j.language.Llama2cCheckpoint;
import org.lora4j.language.TinyLlama2c;
import org.lora4j.pretrained.Pooling;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The examples of docs/export.md. */
class GuideExportTest {

    private static final String QUERY = "encoder.layer.0.attention.self.query";

    @TempDir
    private Path directory;

    private TextEncoder encoder;

    @BeforeEach
    void read() throws IOException {
        encoder = TextEncoder.load(TinyModelFiles.writeDirectory(directory.resolve("base")));
    }

    @AfterEach
    void close() {
        encoder.close();
    }

    private static Adapter adapter(Map<String, INDArray> head, String... modulesToSave) {
        LoraConfig config = LoraConfig.builder()
                .rank(1)
                .alpha(1)
                .targetModules(QUERY)
                .modulesToSave(modulesToSave)
                .build();
        return Adapter.of(
                config,
                Map.of(
                        QUERY,
                        Map.of(
                                "lora_A.weight", Nd4j.ones(DataType.FLOAT, 1, 8),
                                "lora_B.weight", Nd4j.ones(DataType.FLOAT, 8, 1))),
                head);
    }

    /** The tiny file has no inputs and outputs, which a real one has. */
    private Path onnx() throws IOException {
        Path file = TinyModelFiles.writeOnnx(directory);
        Onnx.ModelProto.Builder model = Onnx.ModelProto.parseFrom(Files.readAllBytes(file)).toBuilder();
        model.addOpsetImport(Onnx.OperatorSetIdProto.newBuilder().setVersion(11));
        model.getGraphBuilder()
                .addInput(Onnx.ValueInfoProto.newBuilder().setName("attention_mask"))
                .addOutput(Onnx.ValueInfoProto.newBuilder().setName("last_hidden_state"));
        return Files.write(file, model.build().toByteArray());
    }

    @Test
    void onnx_isWrittenBack() throws IOException {
        Adapter tuned = adapter(Map.of());
        Path base = onnx();
        Path target = directory.resolve("landed");

        ExportReport report = OnnxExport.of(base)
                .adapter(tuned)
                .vectors(Pooling.NORMALIZED_MEAN)
                .tokenizer(encoder.tokenizer())
                .card(ModelCard.of("sentence-transformers/all-MiniLM-L6-v2", "apache-2.0")
                        .data("BANKING77", "cc-by-4.0")
                        .metric("recall at 1", 0.93))
                .write(target);

        assertThat(report.added()).containsExactly("sentence_embedding");
        assertThat(Files.readString(target.resolve("README.md"))).contains("licence cc-by-4.0");
    }

    @Test
    void aDirectory_isWritten() throws IOException {
        Adapter tuned = adapter(
                Map.of(
                        "classifier.weight", Nd4j.ones(DataType.FLOAT, 2, 8),
                        "classifier.bias", Nd4j.ones(DataType.FLOAT, 2)),
                "classifier");
        List<String> labels = List.of("no", "yes");
        Path target = directory.resolve("landed");

        ExportReport report = HuggingFaceExport.of(encoder)
                .adapter(tuned)
                .sentenceClassifier(labels)
                .type(StorageType.F16)
                .write(target);

        assertThat(report.largestError()).isPositive();

        Path plain = directory.resolve("plain");
        LoraExport.of(tuned).write(plain);

        assertThat(plain.resolve("head.safetensors")).exists();
    }

    @Test
    void allWeights_areWritten() throws IOException {
        List<LabeledText> train = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            train.add(new LabeledText((i % 2 == 0 ? "good film " : "bad film ") + i, i % 2 == 0 ? "yes" : "no"));
        }
        TextClassifier classifier =
                TextClassifier.builder(encoder).headOnly().build().fit(train);
        Path target = directory.resolve("landed");

        HuggingFaceExport.of(encoder)
                .weights(classifier.weights())
                .sentenceClassifier(classifier.labels())
                .write(target);

        assertThat(target.resolve("3_Dense/model.safetensors")).exists();
    }

    @Test
    void aLanguageModel_isWritten() throws IOException {
        Path base = TinyLlama2c.convert(directory, true);
        String path = "model.layers.0.self_attn.v_proj";
        LoraConfig config =
                LoraConfig.builder().rank(1).alpha(1).targetModules(path).build();
        Map<String, INDArray> pair = Map.of(
                "lora_A.weight", Nd4j.ones(DataType.FLOAT, 1, 32),
                "lora_B.weight", Nd4j.ones(DataType.FLOAT, 16, 1));
        Adapter tuned = Adapter.of(config, Map.of(path, pair), Map.of());
        Path target = directory.resolve("landed");

        ExportReport report =
                CausalLmExport.of(base).adapter(tuned).type(StorageType.BF16).write(target);

        assertThat(report.changed()).containsExactly(path + ".weight");

        Path file = directory.resolve("file");
        Path lora = directory.resolve("lora");
        GgufExport.of(base).adapter(tuned).type(GgufType.Q8_0).write(file);
        GgufAdapterExport.of(base, tuned).write(lora);

        assertThat(file.resolve("model.gguf")).exists();
        assertThat(lora.resolve("adapter.gguf")).exists();
    }

    @Test
    void aCheckpointOfLlama2c_isConverted() throws IOException {
        Path checkpoint = Files.write(directory.resolve("c.bin"), TinyLlama2c.checkpoint(true));
        Path tokenizer = Files.write(directory.resolve("t.bin"), TinyLlama2c.tokenizer());
        Path target = directory.resolve("landed");

        Llama2cCheckpoint.convert(checkpoint, tokenizer, target);

        assertThat(target.resolve("model.safetensors")).exists();
    }
}
