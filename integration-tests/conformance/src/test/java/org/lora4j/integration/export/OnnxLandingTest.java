/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.langchain4j.model.embedding.onnx.OnnxEmbeddingModel;
import dev.langchain4j.model.embedding.onnx.PoolingMode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import onnx.Onnx;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.ModelFormatException;
import org.lora4j.export.ExportReport;
import org.lora4j.export.OnnxExport;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.text.TextEncoder;
import org.lora4j.weights.ModelWeights;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.nd4j.shade.protobuf.ByteString;

/** MiniLM with an adapter, written into its ONNX file: ONNX Runtime and LangChain4j give what the adapted graph gives. */
class OnnxLandingTest {

    /** Float sums of up to 1536 terms in another order, six layers deep. */
    private static final float TOLERANCE = 1e-5f;

    private static final String MODEL = "all-minilm-l6-v2.onnx";

    private static final List<String> TEXTS = List.of(
            "where is my card?",
            "a longer text, so that there is padding after the shorter ones, and attention has something to do",
            "");

    private static TextEncoder encoder;

    @TempDir
    private Path folder;

    @BeforeAll
    static void read() throws IOException {
        encoder = TextEncoder.named("all-minilm-l6-v2");
    }

    @AfterAll
    static void close() {
        encoder.close();
    }

    private static LoraConfig.Builder config() {
        return LoraConfig.builder()
                .rank(4)
                .alpha(8)
                .targetModules(
                        ModuleSelector.suffixes("query", "value", "attention.output.dense", "intermediate.dense"));
    }

    private static OnnxExport export() {
        return OnnxExport.ofResource(OnnxLandingTest.class.getClassLoader(), MODEL);
    }

    private static Map<String, INDArray> batch(List<String> texts) {
        List<int[]> ids =
                texts.stream().map(text -> encoder.tokenizer().encode(text)).toList();
        int longest = ids.stream().mapToInt(row -> row.length).max().orElseThrow();
        int[][] padded = ids.stream().map(row -> Arrays.copyOf(row, longest)).toArray(int[][]::new);
        float[][] mask = new float[padded.length][longest];
        for (int row = 0; row < padded.length; row++) {
            Arrays.fill(mask[row], 0, ids.get(row).length, 1);
        }
        return Map.of(
                EncoderGraph.INPUT_IDS, Nd4j.createFromArray(padded),
                EncoderGraph.ATTENTION_MASK, Nd4j.createFromArray(mask));
    }

    private static Map<String, float[]> onnxRuntime(Path model, Map<String, INDArray> batch) throws OrtException {
        Map<String, INDArray> inputs = new LinkedHashMap<>(batch);
        inputs.put(EncoderGraph.TOKEN_TYPE_IDS, Nd4j.zerosLike(batch.get(EncoderGraph.INPUT_IDS)));
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
        try (OrtSession session = environment.createSession(model.toString())) {
            for (Map.Entry<String, INDArray> input : inputs.entrySet()) {
                tensors.put(
                        input.getKey(),
                        OnnxTensor.createTensor(environment, input.getValue().toLongMatrix()));
            }
            try (OrtSession.Result result = session.run(tensors)) {
                Map<String, float[]> outputs = new LinkedHashMap<>();
                for (Map.Entry<String, OnnxValue> output : result) {
                    outputs.put(
                            output.getKey(),
                            ((OnnxTensor) output.getValue()).getFloatBuffer().array());
                }
                return outputs;
            }
        } finally {
            tensors.values().forEach(OnnxTensor::close);
        }
    }

    @Test
    void vectors_ofOnnxRuntimeAndLangChain4j_areThoseOfTheAdaptedGraph() throws IOException, OrtException {
        assertVectors(Pooling.NORMALIZED_MEAN, Pooling.CLS);
    }

    @Tag("thorough")
    @Test
    void vectors_ofOtherPoolings_areThoseOfTheAdaptedGraph() throws IOException, OrtException {
        assertVectors(Pooling.MEAN, Pooling.NORMALIZED_CLS);
    }

    private void assertVectors(Pooling... poolings) throws IOException, OrtException {
        for (Pooling pooling : poolings) {
            AdaptedSameDiff model =
                    Lora.inject(EncoderGraph.create(encoder.weights(), pooling).graph(), config().build(), 3);
            Adapter adapter = MovedAdapter.of(model);
            model.addAdapter("moved", adapter);
            model.activate("moved");
            Path target = folder.resolve(pooling.name());

            ExportReport report = export().adapter(adapter)
                    .vectors(pooling)
                    .tokenizer(encoder.tokenizer())
                    .write(target);

            assertThat(report.changed()).hasSize(6 * 4);
            Map<String, INDArray> batch = batch(TEXTS);
            float[] expected = flat(model.output(batch, EncoderGraph.POOLED).get(EncoderGraph.POOLED));
            Map<String, float[]> found = onnxRuntime(target.resolve(OnnxExport.MODEL), batch);
            assertThat(found.keySet()).containsExactly("last_hidden_state", "sentence_embedding");
            assertThat(found.get("sentence_embedding")).containsExactly(expected, within(TOLERANCE));
            if (pooling == Pooling.NORMALIZED_MEAN) {
                assertThat(Transforms.abs(base(batch).sub(Nd4j.create(expected, new long[] {TEXTS.size(), 384}, 'c')))
                                .maxNumber()
                                .doubleValue())
                        .as("what the adapter moves")
                        .isGreaterThan(1e-2);
                assertLangChain4jGives(target, expected);
            }
        }
    }

    private static INDArray base(Map<String, INDArray> batch) {
        return EncoderGraph.create(encoder.weights(), Pooling.NORMALIZED_MEAN)
                .graph()
                .output(batch, EncoderGraph.POOLED)
                .get(EncoderGraph.POOLED);
    }

    private static float[] flat(INDArray array) {
        return array.dup('c').data().asFloat();
    }

    private static void assertLangChain4jGives(Path target, float[] expected) {
        OnnxEmbeddingModel model = new OnnxEmbeddingModel(
                target.resolve(OnnxExport.MODEL), target.resolve("tokenizer.json"), PoolingMode.MEAN);
        for (int i = 0; i < TEXTS.size() - 1; i++) {
            assertThat(model.embed(TEXTS.get(i)).content().vector())
                    .containsExactly(Arrays.copyOfRange(expected, 384 * i, 384 * (i + 1)), within(TOLERANCE));
        }
    }

    @Test
    void classes_ofOnnxRuntime_areThoseOfTheClassifier() throws IOException, OrtException {
        AdaptedSameDiff model = Lora.inject(
                EncoderClassifier.create(encoder.weights(), Pooling.MEAN, 3, 5).graph(),
                config().modulesToSave(EncoderClassifier.HEAD).build(),
                3);
        Adapter adapter = MovedAdapter.of(model);
        model.addAdapter("moved", adapter);
        model.activate("moved");
        Path target = folder.resolve("classes");

        export().adapter(adapter).classes(Pooling.MEAN, List.of("a", "b", "c")).write(target);

        Map<String, INDArray> batch = batch(TEXTS);
        Map<String, INDArray> expected = model.output(batch, EncoderClassifier.LOGITS, EncoderClassifier.PROBABILITIES);
        Map<String, float[]> found = onnxRuntime(target.resolve(OnnxExport.MODEL), batch);
        assertThat(found.get("logits"))
                .containsExactly(flat(expected.get(EncoderClassifier.LOGITS)), within(TOLERANCE));
        assertThat(found.get("probabilities"))
                .containsExactly(flat(expected.get(EncoderClassifier.PROBABILITIES)), within(TOLERANCE));
    }

    @Test
    void pooler_andClassesOverIt_areThoseOfTheAdaptedGraph() throws IOException, OrtException {
        AdaptedSameDiff model = Lora.inject(
                EncoderClassifier.create(MovedAdapter.withPooler(encoder.weights()), Pooling.POOLER, 3, 5)
                        .graph(),
                config().modulesToSave(EncoderClassifier.HEAD, "pooler.dense").build(),
                3);
        Adapter adapter = MovedAdapter.of(model);
        model.addAdapter("moved", adapter);
        model.activate("moved");
        Path target = folder.resolve("pooler");

        export().adapter(adapter)
                .severalLabels(Pooling.POOLER, List.of("a", "b", "c"))
                .write(target);

        Map<String, INDArray> batch = batch(TEXTS);
        Map<String, INDArray> expected = model.output(batch, EncoderGraph.POOLED, EncoderClassifier.LOGITS);
        Map<String, float[]> found = onnxRuntime(target.resolve(OnnxExport.MODEL), batch);
        assertThat(found.get("sentence_embedding"))
                .containsExactly(flat(expected.get(EncoderGraph.POOLED)), within(TOLERANCE));
        float[] logits = flat(expected.get(EncoderClassifier.LOGITS));
        assertThat(found.get("logits")).containsExactly(logits, within(TOLERANCE));
        float[] each = new float[logits.length];
        for (int i = 0; i < each.length; i++) {
            each[i] = (float) (1 / (1 + Math.exp(-logits[i])));
        }
        assertThat(found.get("probabilities")).containsExactly(each, within(TOLERANCE));
    }

    /** RoBERTa's head has a layer of its own over the first token: W2 tanh(W1 h + b1) + b2. */
    @Test
    void headOfTwoLayers_overTheFirstToken_isComputed() throws IOException, OrtException {
        AdaptedSameDiff model =
                Lora.inject(EncoderGraph.create(encoder.weights(), Pooling.CLS).graph(), config().build(), 3);
        Adapter plain = MovedAdapter.of(model);
        model.addAdapter("moved", plain);
        model.activate("moved");
        SplittableRandom random = new SplittableRandom(4);
        INDArray first = MovedAdapter.moved(Nd4j.zeros(384, 384), 0.3, random);
        INDArray firstBias = MovedAdapter.moved(Nd4j.zeros(384), 0.3, random);
        INDArray second = MovedAdapter.moved(Nd4j.zeros(3, 384), 0.3, random);
        INDArray secondBias = MovedAdapter.moved(Nd4j.zeros(3), 0.3, random);
        Adapter adapter = MovedAdapter.withHead(
                plain,
                Map.of(
                        "classifier.dense.weight", first,
                        "classifier.dense.bias", firstBias,
                        "classifier.out_proj.weight", second,
                        "classifier.out_proj.bias", secondBias));
        Path target = folder.resolve("two layers");

        export().adapter(adapter).classes(Pooling.CLS, List.of("a", "b", "c")).write(target);

        Map<String, INDArray> batch = batch(TEXTS);
        INDArray token = model.output(batch, EncoderGraph.POOLED).get(EncoderGraph.POOLED);
        INDArray hidden = Transforms.tanh(token.mmul(first.transpose()).addRowVector(firstBias.reshape(1, 384)));
        INDArray logits = hidden.mmul(second.transpose()).addRowVector(secondBias.reshape(1, 3));
        Map<String, float[]> found = onnxRuntime(target.resolve(OnnxExport.MODEL), batch);
        assertThat(found.get("logits")).containsExactly(flat(logits), within(TOLERANCE));
        assertThat(found.get("probabilities")).containsExactly(flat(Transforms.softmax(logits)), within(TOLERANCE));
    }

    /** All tensors have moved, tables and norms as well. */
    @Test
    void weightsTrainedInFull_areThoseOfTheGraph_inOnnxRuntime() throws IOException, OrtException {
        SplittableRandom random = new SplittableRandom(6);
        Map<String, INDArray> tensors = new LinkedHashMap<>(encoder.weights().tensors());
        tensors.replaceAll((name, array) -> MovedAdapter.moved(array, 0.02, random));
        EncoderWeights trained = EncoderWeights.of(encoder.weights().config(), tensors);
        Path target = folder.resolve("full");

        ExportReport report = export().weights(ModelWeights.of(trained.checkpointTensors()))
                .vectors(Pooling.MEAN)
                .write(target);

        assertThat(report.changed()).hasSameSizeAs(tensors.keySet());
        Map<String, INDArray> batch = batch(TEXTS);
        INDArray expected = EncoderGraph.create(trained, Pooling.MEAN)
                .graph()
                .output(batch, EncoderGraph.POOLED)
                .get(EncoderGraph.POOLED);
        assertThat(onnxRuntime(target.resolve(OnnxExport.MODEL), batch).get("sentence_embedding"))
                .containsExactly(flat(expected), within(TOLERANCE));
    }

    @Test
    void everythingButChangedTensors_staysTheSame() throws IOException {
        AdaptedSameDiff model =
                Lora.inject(EncoderGraph.create(encoder.weights(), Pooling.MEAN).graph(), config().build(), 3);
        Path target = folder.resolve("same");
        ExportReport report = export().adapter(MovedAdapter.of(model)).write(target);

        Onnx.ModelProto before;
        try (InputStream in = getClass().getClassLoader().getResourceAsStream(MODEL)) {
            before = Onnx.ModelProto.parseFrom(in.readAllBytes());
        }
        Onnx.ModelProto after = Onnx.ModelProto.parseFrom(Files.readAllBytes(target.resolve(OnnxExport.MODEL)));
        List<String> changed = new ArrayList<>();
        Onnx.ModelProto.Builder restored = after.toBuilder();
        for (int i = 0; i < before.getGraph().getInitializerCount(); i++) {
            Onnx.TensorProto old = before.getGraph().getInitializer(i);
            if (!old.equals(after.getGraph().getInitializer(i))) {
                changed.add(old.getName());
                restored.getGraphBuilder().setInitializer(i, old);
            }
        }
        assertThat(changed).hasSameSizeAs(report.changed());
        assertThat(restored.build()).isEqualTo(before);
    }

    @Test
    void tokens_withATag_areThoseOfTheHead() throws IOException, OrtException {
        AdaptedSameDiff model = Lora.inject(
                EncoderClassifier.create(encoder.weights(), Pooling.MEAN, 3, 5).graph(),
                config().modulesToSave(EncoderClassifier.HEAD).build(),
                3);
        Adapter adapter = MovedAdapter.of(model);
        model.addAdapter("moved", adapter);
        model.activate("moved");
        Path target = folder.resolve("tags");

        export().adapter(adapter).tags(List.of("O", "B-x", "I-x")).write(target);

        Map<String, INDArray> batch = batch(TEXTS.subList(0, 1));
        INDArray hidden = model.output(batch, EncoderGraph.LAST_HIDDEN_STATE).get(EncoderGraph.LAST_HIDDEN_STATE);
        INDArray weight = adapter.savedParameters().get("classifier.weight");
        INDArray expected = hidden.reshape(-1, 384)
                .mmul(weight.transpose())
                .addRowVector(adapter.savedParameters().get("classifier.bias").reshape(1, 3));
        assertThat(onnxRuntime(target.resolve(OnnxExport.MODEL), batch).get("logits"))
                .containsExactly(flat(expected), within(TOLERANCE));
    }

    @Test
    void quantizedFile_isRefusedNodeByNode() throws IOException {
        AdaptedSameDiff model =
                Lora.inject(EncoderGraph.create(encoder.weights(), Pooling.MEAN).graph(), config().build(), 3);
        Adapter adapter = MovedAdapter.of(model);
        Onnx.ModelProto quantized = quantized();
        Path file = Files.write(folder.resolve("quantized.onnx"), quantized.toByteArray());

        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> OnnxExport.of(file).adapter(adapter).write(folder.resolve("q")))
                .withMessageContaining("node \"/encoder/layer.0/attention/self/query/MatMul_quant\" (MatMulInteger)");
        assertThat(folder.resolve("q")).doesNotExist();
    }

    /** As the published -q files spell their linear modules. */
    private static Onnx.ModelProto quantized() {
        Onnx.GraphProto.Builder graph = Onnx.GraphProto.newBuilder();
        for (String module : List.of("query", "value")) {
            graph.addInitializer(Onnx.TensorProto.newBuilder()
                    .setName("onnx::MatMul_" + module + "_quantized")
                    .setDataType(3)
                    .addDims(1)
                    .addDims(1)
                    .setRawData(ByteString.copyFrom(new byte[1])));
            graph.addNode(Onnx.NodeProto.newBuilder()
                    .setOpType("MatMulInteger")
                    .setName("/encoder/layer.0/attention/self/" + module + "/MatMul_quant")
                    .addInput("x")
                    .addInput("onnx::MatMul_" + module + "_quantized")
                    .addOutput(module));
        }
        return Onnx.ModelProto.newBuilder().setGraph(graph).build();
    }
}
