/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import onnx.Onnx;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.protobuf.ByteString;

/** Graphs of a few nodes, as exporters spell them. */
final class OnnxGraphs {

    private final Onnx.GraphProto.Builder graph = Onnx.GraphProto.newBuilder().setName("g");

    OnnxGraphs() {
        graph.addInput(value("x", "batch", 2)).addOutput(value("y", "batch", 2));
    }

    static Onnx.ValueInfoProto value(String name, Object... sizes) {
        Onnx.TensorShapeProto.Builder shape = Onnx.TensorShapeProto.newBuilder();
        for (Object size : sizes) {
            if (size instanceof Integer number) {
                shape.addDimBuilder().setDimValue(number);
            } else {
                shape.addDimBuilder().setDimParam((String) size);
            }
        }
        return Onnx.ValueInfoProto.newBuilder()
                .setName(name)
                .setType(Onnx.TypeProto.newBuilder()
                        .setTensorType(Onnx.TypeProto.Tensor.newBuilder()
                                .setElemType(1)
                                .setShape(shape)))
                .build();
    }

    static Onnx.TensorProto floats(String name, float[] values, long... shape) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        Onnx.TensorProto.Builder tensor = Onnx.TensorProto.newBuilder()
                .setName(name)
                .setDataType(1)
                .setRawData(ByteString.copyFrom(bytes.array()));
        for (long size : shape) {
            tensor.addDims(size);
        }
        return tensor.build();
    }

    OnnxGraphs tensor(Onnx.TensorProto tensor) {
        graph.addInitializer(tensor);
        return this;
    }

    OnnxGraphs tensor(String name, float[] values, long... shape) {
        return tensor(floats(name, values, shape));
    }

    OnnxGraphs node(String op, String name, String output, String... inputs) {
        return node(op, name, output, List.of(inputs));
    }

    OnnxGraphs node(String op, String name, String output, List<String> inputs, Onnx.AttributeProto... attributes) {
        graph.addNode(Onnx.NodeProto.newBuilder()
                .setOpType(op)
                .setName(name)
                .addOutput(output)
                .addAllInput(inputs)
                .addAllAttribute(List.of(attributes)));
        return this;
    }

    static Onnx.AttributeProto integer(String name, long value) {
        return Onnx.AttributeProto.newBuilder()
                .setName(name)
                .setType(Onnx.AttributeProto.AttributeType.INT)
                .setI(value)
                .build();
    }

    static Onnx.AttributeProto real(String name, float value) {
        return Onnx.AttributeProto.newBuilder()
                .setName(name)
                .setType(Onnx.AttributeProto.AttributeType.FLOAT)
                .setF(value)
                .build();
    }

    static Onnx.AttributeProto tensorAttribute(Onnx.TensorProto value) {
        return Onnx.AttributeProto.newBuilder()
                .setName("value")
                .setType(Onnx.AttributeProto.AttributeType.TENSOR)
                .setT(value)
                .build();
    }

    Onnx.GraphProto.Builder graph() {
        return graph;
    }

    Onnx.ModelProto model() {
        return Onnx.ModelProto.newBuilder()
                .setIrVersion(7)
                .setProducerName("pytorch")
                .setProducerVersion("2.1")
                .addOpsetImport(Onnx.OperatorSetIdProto.newBuilder().setVersion(11))
                .addMetadataProps(
                        Onnx.StringStringEntryProto.newBuilder().setKey("k").setValue("v"))
                .setGraph(graph)
                .build();
    }

    Path write(Path file) throws IOException {
        return Files.write(file, model().toByteArray());
    }

    static Onnx.ModelProto read(Path file) throws IOException {
        return Onnx.ModelProto.parseFrom(Files.readAllBytes(file));
    }

    /** B A with B = (1, 2) and A = (3, 4): the change [[3, 4], [6, 8]] of a weight [out, in]. */
    static Adapter adapter(String... modules) {
        Map<String, INDArray> factors = Map.of(
                "lora_A.weight", Nd4j.createFromArray(new float[][] {{3, 4}}),
                "lora_B.weight", Nd4j.createFromArray(new float[][] {{1}, {2}}));
        Map<String, Map<String, INDArray>> all = new TreeMap<>();
        for (String module : modules) {
            all.put(module, factors);
        }
        return Adapter.of(config(modules), all, Map.of());
    }

    static LoraConfig config(String... modules) {
        return LoraConfig.builder()
                .rank(1)
                .alpha(1)
                .targetModules(ModuleSelector.suffixes(modules))
                .build();
    }
}
