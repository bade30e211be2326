/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.lora4j.export.OnnxGraphs.adapter;
import static org.lora4j.export.OnnxGraphs.floats;
import static org.lora4j.export.OnnxGraphs.integer;
import static org.lora4j.export.OnnxGraphs.real;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import onnx.Onnx;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.ModelFormatException;
import org.lora4j.pretrained.Pooling;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.protobuf.ByteString;

class OnnxExportTest {

    private static final float[] WEIGHT = {1, 2, 3, 4};

    /** [[1, 2], [3, 4]] as [out, in], plus [[3, 4], [6, 8]]. */
    private static final float[] CHANGED = {4, 6, 9, 12};

    /** [[1, 3], [2, 4]] as [out, in], plus the same, and turned back. */
    private static final float[] CHANGED_TURNED = {4, 8, 7, 12};

    @TempDir
    private Path folder;

    private Path target() {
        return folder.resolve("tuned");
    }

    private static float[] values(Onnx.TensorProto tensor) {
        float[] values = new float[tensor.getRawData().size() / 4];
        tensor.getRawData()
                .asReadOnlyByteBuffer()
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(values);
        return values;
    }

    /** What is written, with the first initializer as it was: everything else has to be the same. */
    private Onnx.ModelProto written() throws IOException {
        return OnnxGraphs.read(target().resolve(OnnxExport.MODEL));
    }

    private void assertFirstTensor(OnnxGraphs before, float[] expected) throws IOException {
        Onnx.ModelProto after = written();
        assertThat(values(after.getGraph().getInitializer(0))).containsExactly(expected);
        Onnx.ModelProto.Builder restored = after.toBuilder();
        restored.getGraphBuilder().setInitializer(0, before.graph().getInitializer(0));
        assertThat(restored.build()).isEqualTo(before.model());
    }

    private ExportReport export(OnnxGraphs graph, Adapter... adapters) throws IOException {
        OnnxExport export = OnnxExport.of(graph.write(folder.resolve("base.onnx")));
        for (Adapter adapter : adapters) {
            export.adapter(adapter);
        }
        return export.write(target());
    }

    private static OnnxGraphs matMul() {
        return new OnnxGraphs()
                .tensor("onnx::MatMul_1", WEIGHT, 2, 2)
                .node("MatMul", "/block/fc/MatMul", "y", "x", "onnx::MatMul_1");
    }

    @Test
    void matMul_whoseNodeHasThePath_isChangedTurnedRound_andNothingElse() throws IOException {
        OnnxGraphs graph = matMul();

        ExportReport report = export(graph, adapter("block.fc"));

        assertFirstTensor(graph, CHANGED_TURNED);
        assertThat(report.changed()).containsExactly("block.fc.weight");
        assertThat(report.files()).containsExactly("README.md", "model.onnx");
    }

    @Test
    void matMul_withAnAdapterWhoseModulesHaveAPrefix_isFound() throws IOException {
        OnnxGraphs graph = matMul();

        export(graph, adapter("bert.block.fc"));

        assertFirstTensor(graph, CHANGED_TURNED);
    }

    @Test
    void matMul_withAnAdapterMadeForWeightsTheOtherWayRound_isTheSame() throws IOException {
        OnnxGraphs graph = matMul();
        Adapter plain = adapter("block.fc");

        export(
                graph,
                Adapter.of(
                        plain.config().toBuilder().fanInFanOut(true).build(),
                        plain.modules(),
                        plain.savedParameters()));

        assertFirstTensor(graph, CHANGED_TURNED);
    }

    @Test
    void matMul_ofAModelWithAPrefix_isFound() throws IOException {
        OnnxGraphs graph = matMul();

        export(graph, adapter("fc"));

        assertFirstTensor(graph, CHANGED_TURNED);
    }

    @Test
    void matMul_withoutANodeName_isFoundByItsBias() throws IOException {
        OnnxGraphs graph = new OnnxGraphs()
                .tensor("123", WEIGHT, 2, 2)
                .tensor("block.fc.bias", new float[] {0, 0}, 2)
                .node("MatMul", "MatMul_7", "product", "x", "123")
                .node("Add", "", "y", "product", "block.fc.bias");

        export(graph, adapter("block.fc"));

        assertFirstTensor(graph, CHANGED_TURNED);
    }

    @Test
    void matMul_ofATransposedWeight_isChangedAsStored() throws IOException {
        OnnxGraphs graph = new OnnxGraphs()
                .tensor("fc.weight", WEIGHT, 2, 2)
                .node("Transpose", "t", "turned", "fc.weight")
                .node("MatMul", "", "y", "x", "turned");

        export(graph, adapter("fc"));

        assertFirstTensor(graph, CHANGED);
    }

    @Test
    void gemm_isChangedAsItsAttributeSays() throws IOException {
        OnnxGraphs turned = new OnnxGraphs()
                .tensor("fc.weight", WEIGHT, 2, 2)
                .node("Gemm", "", "y", List.of("x", "fc.weight"), integer("transB", 1));
        export(turned, adapter("fc"));
        assertFirstTensor(turned, CHANGED);

        OnnxGraphs plain = new OnnxGraphs().tensor("fc.weight", WEIGHT, 2, 2).node("Gemm", "", "y", "x", "fc.weight");
        OnnxExport.of(plain.write(folder.resolve("base.onnx")))
                .adapter(adapter("fc"))
                .write(folder.resolve("plain"));
        assertThat(values(OnnxGraphs.read(folder.resolve("plain/model.onnx"))
                        .getGraph()
                        .getInitializer(0)))
                .containsExactly(CHANGED_TURNED);
    }

    @Test
    void conv_isChanged_andWhatIsStoredAsFloatsStaysSo() throws IOException {
        Onnx.TensorProto.Builder weight =
                floats("conv.weight", WEIGHT, 2, 2, 1, 1).toBuilder().clearRawData();
        for (float value : WEIGHT) {
            weight.addFloatData(value);
        }
        OnnxGraphs graph = new OnnxGraphs().tensor(weight.build()).node("Conv", "", "y", "x", "conv.weight");
        Adapter adapter = Adapter.of(
                OnnxGraphs.config("conv"),
                Map.of(
                        "conv",
                        Map.of(
                                "lora_A.weight",
                                Nd4j.createFromArray(3f, 4f).reshape(1, 2, 1, 1),
                                "lora_B.weight",
                                Nd4j.createFromArray(1f, 2f).reshape(2, 1, 1, 1))),
                Map.of());

        export(graph, adapter);

        Onnx.TensorProto after = written().getGraph().getInitializer(0);
        assertThat(after.getFloatDataList()).containsExactly(4f, 6f, 9f, 12f);
        assertThat(after.getRawData().isEmpty()).isTrue();
    }

    @Test
    void constantNode_isChangedInItsPlace() throws IOException {
        OnnxGraphs graph = new OnnxGraphs()
                .node("Constant", "", "fc.weight", List.of(), OnnxGraphs.tensorAttribute(floats("", WEIGHT, 2, 2)))
                .node("Gemm", "", "y", List.of("x", "fc.weight"), integer("transB", 1));

        export(graph, adapter("fc"));

        assertThat(values(written().getGraph().getNode(0).getAttribute(0).getT()))
                .containsExactly(CHANGED);
    }

    @Test
    void externalData_isChangedInTheCopy_andTheModelStaysTheSame() throws IOException {
        ByteBuffer data = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        data.position(16).asFloatBuffer();
        for (float value : WEIGHT) {
            data.putFloat(value);
        }
        Files.write(folder.resolve("base.bin"), data.array());
        OnnxGraphs graph = new OnnxGraphs()
                .tensor(external("fc.weight", "base.bin", 16))
                .node("Gemm", "", "y", List.of("x", "fc.weight"), integer("transB", 1));

        export(graph, adapter("fc"));

        assertThat(written()).isEqualTo(graph.model());
        ByteBuffer after = ByteBuffer.wrap(Files.readAllBytes(target().resolve("base.bin")))
                .order(ByteOrder.LITTLE_ENDIAN);
        float[] values = new float[4];
        after.position(16).asFloatBuffer().get(values);
        assertThat(values).containsExactly(CHANGED);
        assertThat(Files.readAllBytes(folder.resolve("base.bin"))).isEqualTo(data.array());
        ByteBuffer.wrap(after.array())
                .order(ByteOrder.LITTLE_ENDIAN)
                .position(16)
                .asFloatBuffer()
                .put(WEIGHT);
        assertThat(after.array()).isEqualTo(data.array());
    }

    private static Onnx.TensorProto external(String name, String location, long offset) {
        return floats(name, new float[0], 2, 2).toBuilder()
                .clearRawData()
                .setDataLocation(Onnx.TensorProto.DataLocation.EXTERNAL)
                .addExternalData(entry("location", location))
                .addExternalData(entry("offset", Long.toString(offset)))
                .addExternalData(entry("length", "16"))
                .build();
    }

    private static Onnx.StringStringEntryProto entry(String key, String value) {
        return Onnx.StringStringEntryProto.newBuilder()
                .setKey(key)
                .setValue(value)
                .build();
    }

    @Test
    void externalData_outsideOfTheDirectory_orTooShort_isRefused() throws IOException {
        Path inside = Files.createDirectory(folder.resolve("inside"));
        Files.write(folder.resolve("secret.bin"), new byte[64]);
        Files.write(inside.resolve("short.bin"), new byte[20]);
        for (String location : List.of("../secret.bin", "/etc/passwd", "missing.bin", "short.bin")) {
            OnnxGraphs graph = new OnnxGraphs()
                    .tensor(external("fc.weight", location, 16))
                    .node("Gemm", "", "y", List.of("x", "fc.weight"), integer("transB", 1));
            Path model = graph.write(inside.resolve("base.onnx"));

            assertThatExceptionOfType(ModelFormatException.class)
                    .isThrownBy(
                            () -> OnnxExport.of(model).adapter(adapter("fc")).write(target()))
                    .withMessageContaining("\"" + location + "\"");
            assertThat(target()).doesNotExist();
        }
    }

    @Test
    void weightsThatCannotBeReplaced_areAllNamedWithTheirNodes_andNothingIsWritten() throws IOException {
        OnnxGraphs graph = new OnnxGraphs()
                .tensor("tied", WEIGHT, 2, 2)
                .tensor("scaled.weight", WEIGHT, 2, 2)
                .tensor("product.weight", WEIGHT, 2, 2)
                .tensor("factor", new float[] {2}, 1)
                .tensor("left.weight", WEIGHT, 2, 2)
                .tensor("strange.weight", WEIGHT, 2, 2)
                .tensor(Onnx.TensorProto.newBuilder()
                        .setName("q.weight_quantized")
                        .setDataType(3)
                        .addDims(2)
                        .addDims(2)
                        .setRawData(ByteString.copyFrom(new byte[4]))
                        .build())
                .node("MatMul", "/a/MatMul", "1", "x", "tied")
                .node("MatMul", "/b/MatMul", "2", "1", "tied")
                .node("Gemm", "gemm", "3", List.of("2", "scaled.weight"), real("alpha", 0.5f))
                .node("Mul", "mul", "computed", "product.weight", "factor")
                .node("MatMul", "", "4", "3", "computed")
                .node("MatMul", "turned round", "5", "left.weight", "4")
                .node("Einsum", "einsum", "6", "5", "strange.weight")
                .node("MatMulInteger", "/q/MatMul_quant", "y", "6", "q.weight_quantized");

        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> export(graph, adapter("a", "b", "scaled", "product", "left", "strange", "q")))
                .withMessageContaining("7 problems")
                .withMessageContaining("tensor \"tied\" is shared by 2 uses: node \"/a/MatMul\" (MatMul), node"
                        + " \"/b/MatMul\" (MatMul); expected one")
                .withMessageContaining("node \"gemm\" (Gemm) scales or turns")
                .withMessageContaining("computed by node \"mul\" (Mul)")
                .withMessageContaining("node \"turned round\" (MatMul) has it on the left")
                .withMessageContaining("node \"einsum\" (Einsum) computes with it in a way that is not known")
                .withMessageContaining("node \"/q/MatMul_quant\" (MatMulInteger) has it as INT8, quantized");
        assertThat(target()).doesNotExist();
        assertThat(files()).containsExactly("base.onnx");
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void sharedWeights_thatNoAdapterChanges_stay() throws IOException {
        OnnxGraphs graph = matMul().tensor("gain", new float[] {1, 1}, 2)
                .node("Mul", "", "z", "y", "gain")
                .node("Mul", "", "w", "z", "gain");

        export(graph, adapter("block.fc"));

        assertFirstTensor(graph, CHANGED_TURNED);
    }

    @Test
    void adapter_ofAnotherBase_isRefused() {
        Adapter other =
                adapter("block.fc").withBaseHashes(Map.of("block.fc.weight", "00000000000000000000000000000000"));

        assertThatExceptionOfType(IncompatibleBaseException.class)
                .isThrownBy(() -> export(matMul(), other))
                .withMessageContaining("are not those that the adapter was trained on (\"block.fc.weight\")");
        assertThat(target()).doesNotExist();
    }

    @Test
    void modules_thatTheFileDoesNotHave_areNamed() {
        assertThatExceptionOfType(IncompatibleBaseException.class)
                .isThrownBy(() -> export(matMul(), adapter("fd")))
                .withMessageContaining("module \"fd\" of the adapter has no weight \"fd.weight\"");
    }

    @Test
    void target_thatExists_isRefused_andStays() throws IOException {
        Files.createDirectory(target());

        assertThatExceptionOfType(FileAlreadyExistsException.class)
                .isThrownBy(() -> export(matMul(), adapter("block.fc")))
                .withMessageContaining("tuned exists; expected the name of a directory to make");
        assertThat(target()).isEmptyDirectory();
    }

    @Test
    void outputs_areAddedAfterTheOthers() throws IOException {
        OnnxGraphs graph = encoder();

        ExportReport report = OnnxExport.of(graph.write(folder.resolve("base.onnx")))
                .adapter(adapterWithHead())
                .classes(Pooling.NORMALIZED_MEAN, List.of("no", "yes"))
                .write(target());

        assertThat(report.added()).containsExactly("sentence_embedding", "logits", "probabilities");
        Onnx.GraphProto after = written().getGraph();
        assertThat(after.getOutputList().stream().map(Onnx.ValueInfoProto::getName))
                .containsExactly("y", "sentence_embedding", "logits", "probabilities");
        assertThat(after.getOutput(0)).isEqualTo(graph.graph().getOutput(0));
        assertThat(after.getNodeList().subList(0, graph.graph().getNodeCount()))
                .isEqualTo(graph.graph().getNodeList());
        assertThat(Files.readString(target().resolve("config.json"))).contains("\"0\" : \"no\"");
    }

    private static OnnxGraphs encoder() {
        OnnxGraphs graph = matMul();
        graph.graph().clearOutput().addOutput(OnnxGraphs.value("y", "batch", "length", 2));
        graph.graph().addInput(OnnxGraphs.value("attention_mask", "batch", "length"));
        return graph;
    }

    private static Adapter adapterWithHead() {
        Adapter plain = adapter("block.fc");
        return Adapter.of(
                plain.loraConfig().toBuilder().modulesToSave("classifier").build(),
                plain.modules(),
                Map.of(
                        "classifier.weight", Nd4j.createFromArray(new float[][] {{1, 2}, {3, 4}}),
                        "classifier.bias", Nd4j.createFromArray(5f, 6f)));
    }

    @Test
    void head_withoutAPlace_isNotLeftOutInSilence() throws IOException {
        Path model = encoder().write(folder.resolve("base.onnx"));

        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> OnnxExport.of(model).adapter(adapterWithHead()).write(target()))
                .withMessageContaining("what was trained brings \"classifier.bias\", \"classifier.weight\"");

        OnnxExport.of(model).adapter(adapterWithHead()).withoutHead().write(target());
        assertThat(written().getGraph().getOutputCount()).isEqualTo(1);
    }

    @Test
    void labels_thatDoNotFitTheHead_areRefused() throws IOException {
        Path model = encoder().write(folder.resolve("base.onnx"));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> OnnxExport.of(model)
                        .adapter(adapterWithHead())
                        .classes(Pooling.MEAN, List.of("a", "b", "c"))
                        .write(target()))
                .withMessageContaining("3 labels, expected 2, the outputs of the head");
    }

    @Test
    void outputs_thatTheGraphHasNoPlaceFor_areRefused() throws IOException {
        OnnxGraphs graph = matMul().node("Identity", "", "sentence_embedding", "y");

        Path model = graph.write(folder.resolve("base.onnx"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OnnxExport.of(model).vectors(Pooling.MEAN).write(target()))
                .withMessageContaining("outputs \"y\", expected one of [batch, length, features]")
                .withMessageContaining("it has a value \"sentence_embedding\" already")
                .withMessageContaining("no input \"attention_mask\"");
    }

    @Test
    void file_thatIsNoModel_orDamaged_isRefused() throws IOException {
        byte[] whole = matMul().model().toByteArray();
        List<byte[]> bad = new ArrayList<>(List.of(new byte[0], "not a model".getBytes(), new byte[100]));
        bad.add(Arrays.copyOf(whole, whole.length - 5));
        for (byte[] bytes : bad) {
            Path model = Files.write(folder.resolve("base.onnx"), bytes);
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() ->
                            OnnxExport.of(model).adapter(adapter("block.fc")).write(target()))
                    .withMessageContaining("base.onnx");
            assertThat(files()).containsExactly("base.onnx");
        }
    }

    /** Sparse: the file has no bytes on the disk. */
    @Test
    void modelFile_of2GiB_isRefusedByName() throws IOException {
        Path model = folder.resolve("base.onnx");
        try (RandomAccessFile file = new RandomAccessFile(model.toFile(), "rw")) {
            file.setLength(1L << 31);
        }

        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(
                        () -> OnnxExport.of(model).adapter(adapter("block.fc")).write(target()))
                .withMessageContaining("base.onnx: it has 2147483648 bytes; expected less than 2 GiB")
                .withMessageContaining("external data");
        assertThat(files()).containsExactly("base.onnx");
    }

    @Test
    void nothingToWrite_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OnnxExport.of(folder).write(target()))
                .withMessageContaining("nothing to write");
    }
}
