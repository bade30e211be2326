/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import onnx.Onnx;
import org.lora4j.error.Problems;
import org.lora4j.internal.onnx.OnnxTensors;
import org.lora4j.pretrained.Pooling;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.protobuf.ByteString;

/**
 * Adds nodes and outputs behind those that a graph has. Only ops whose form has not changed since version 8 of the set are
 * used, so sums over tokens are matrix products: {@code ReduceSum} takes its axes another way since version 13.
 *
 * @apiNote Status: internal
 */
public final class OnnxOutputs {

    /** The poolings that there are ops for. */
    public static final List<Pooling> POOLINGS =
            List.of(Pooling.MEAN, Pooling.NORMALIZED_MEAN, Pooling.CLS, Pooling.NORMALIZED_CLS, Pooling.POOLER);

    /** Output with a vector for every text. */
    public static final String EMBEDDING = "sentence_embedding";
    /** Output with a score for every class. */
    public static final String LOGITS = "logits";
    /** Output with a probability for every class. */
    public static final String PROBABILITIES = "probabilities";

    /** What a model with a vector for every token calls it. */
    private static final List<String> HIDDEN = List.of("last_hidden_state", "token_embeddings", "hidden_states");

    private static final String MASK = "attention_mask";
    private static final String NAMES = "lora4j/";
    private static final long LEAST_OPSET = 8;

    private final Onnx.GraphProto.Builder graph;
    private final Onnx.ValueInfoProto hidden;
    private final boolean hasMask;
    private final int type;
    private int number;

    /**
     * Looks for the output with a vector for every token.
     *
     * @param graph the graph to add to, a copy of the model's
     * @param problems takes what the model lacks
     */
    public OnnxOutputs(Onnx.ModelProto model, Onnx.GraphProto.Builder graph, Problems problems) {
        this.graph = graph;
        long opset = model.getOpsetImportList().stream()
                .filter(set -> set.getDomain().isEmpty() || set.getDomain().equals("ai.onnx"))
                .mapToLong(Onnx.OperatorSetIdProto::getVersion)
                .max()
                .orElse(1);
        problems.check(
                opset >= LEAST_OPSET,
                "version " + opset + " of the operator set, expected " + LEAST_OPSET + " or later to add outputs");
        Optional<Onnx.ValueInfoProto> found = tokenVectors(graph);
        problems.check(
                found.isPresent(),
                "outputs " + Problems.quoted(names(graph.getOutputList()))
                        + ", expected one of [batch, length, features]" + ", or one called one of "
                        + Problems.quoted(HIDDEN) + ", to add outputs to");
        this.hidden = found.orElse(Onnx.ValueInfoProto.getDefaultInstance());
        this.hasMask =
                graph.getInputList().stream().anyMatch(input -> input.getName().equals(MASK));
        this.type = hidden.getType().getTensorType().getElemType() == Onnx.TensorProto.DataType.DOUBLE_VALUE
                ? Onnx.TensorProto.DataType.DOUBLE_VALUE
                : Onnx.TensorProto.DataType.FLOAT_VALUE;
        Set<String> taken = new HashSet<>();
        graph.getNodeList().forEach(node -> taken.addAll(node.getOutputList()));
        Stream.of(graph.getInputList(), graph.getOutputList())
                .flatMap(List::stream)
                .forEach(value -> taken.add(value.getName()));
        graph.getInitializerList().forEach(tensor -> taken.add(tensor.getName()));
        Stream.of(EMBEDDING, LOGITS, PROBABILITIES)
                .filter(taken::contains)
                .forEach(name -> problems.add("it has a value \"" + name
                        + "\" already, expected none where an output of this name is added"));
        problems.check(
                taken.stream().noneMatch(name -> name.startsWith(NAMES)),
                "it has values whose names begin with \"" + NAMES + "\", expected a model to which nothing was added");
    }

    private static Optional<Onnx.ValueInfoProto> tokenVectors(Onnx.GraphProto.Builder graph) {
        List<Onnx.ValueInfoProto> outputs = graph.getOutputList();
        Optional<Onnx.ValueInfoProto> named = HIDDEN.stream()
                .flatMap(name ->
                        outputs.stream().filter(output -> output.getName().equals(name)))
                .findFirst();
        List<Onnx.ValueInfoProto> ofRank = outputs.stream()
                .filter(output -> output.getType().getTensorType().getShape().getDimCount() == 3)
                .toList();
        return named.isPresent() || ofRank.size() != 1 ? named : Optional.of(ofRank.get(0));
    }

    private static List<String> names(List<Onnx.ValueInfoProto> values) {
        return values.stream().map(Onnx.ValueInfoProto::getName).toList();
    }

    /**
     * Whether the model has a mask of its tokens.
     *
     * @return true if {@code attention_mask} is an input
     */
    public boolean hasMask() {
        return hasMask;
    }

    /**
     * Appends the vector of a text.
     *
     * @param pooling how it is made
     * @param pooler weight [out, in] and bias of a pooler, if there is one
     * @return name of the value [batch, features]
     */
    public String pooled(Pooling pooling, Map<String, INDArray> pooler) {
        String vector = switch (pooling.modes().get(0)) {
            case MEAN -> mean();
            case CLS -> first();
            case POOLER -> node("Tanh", List.of(linear(first(), pooler.get("weight"), pooler.get("bias"))));
            default ->
                throw new IllegalArgumentException(
                        "OnnxOutputs: pooling = " + pooling + "; expected one of " + POOLINGS + ".");
        };
        return pooling.isNormalized() ? normalized(vector) : vector;
    }

    /** The sum of the vectors of the tokens that the mask keeps, by their number. */
    private String mean() {
        String mask = node("Cast", List.of(MASK), integer("to", type));
        String row = node("Reshape", List.of(mask, integers(0, 1, -1)));
        String column = node("Reshape", List.of(mask, integers(0, -1, 1)));
        String sum = node("MatMul", List.of(row, hidden.getName()));
        // The square of a mask of zeros and ones is the mask.
        String count = node("Max", List.of(node("MatMul", List.of(row, column)), scalar(1)));
        return node("Reshape", List.of(node("Div", List.of(sum, count)), integers(0, -1)));
    }

    private String first() {
        return node("Gather", List.of(hidden.getName(), constant(longs(new long[] {0}, false))), integer("axis", 1));
    }

    private String normalized(String vectors) {
        return node("LpNormalization", List.of(vectors), integer("axis", 1), integer("p", 2));
    }

    /**
     * Appends a linear module.
     *
     * @param input a value [batch, in]
     * @param weight [out, in]
     * @param bias [out]
     * @return name of the value [batch, out]
     */
    public String linear(String input, INDArray weight, INDArray bias) {
        return node("Gemm", List.of(input, constant(tensor(weight)), constant(tensor(bias))), integer("transB", 1));
    }

    /**
     * Appends tanh.
     *
     * @return name of the result
     */
    public String tanh(String input) {
        return node("Tanh", List.of(input));
    }

    /**
     * Appends a linear module over every token.
     *
     * @param weight [out, in]
     * @param bias [out]
     * @return name of the value [batch, length, out]
     */
    public String linearOfTokens(INDArray weight, INDArray bias) {
        String product = node(
                "MatMul",
                List.of(hidden.getName(), constant(tensor(weight.permute(1, 0).dup('c')))));
        return node("Add", List.of(product, constant(tensor(bias))));
    }

    /**
     * Makes a value an output.
     *
     * @param features its last size, 0 if it is not known
     * @param perToken whether there is a row for each token
     */
    public void output(String value, String name, long features, boolean perToken) {
        rawNode("Identity", List.of(value), name);
        declare(name, features, perToken);
    }

    /**
     * Makes probabilities of scores an output.
     *
     * @param several whether each class is judged by itself
     * @param perToken whether there is a row for each token
     */
    public void probabilities(String logits, boolean several, long classes, boolean perToken) {
        if (several) {
            rawNode("Sigmoid", List.of(logits), PROBABILITIES);
        } else {
            rawNode("Softmax", List.of(logits), PROBABILITIES, integer("axis", perToken ? 2 : 1));
        }
        declare(PROBABILITIES, classes, perToken);
    }

    private void declare(String name, long features, boolean perToken) {
        Onnx.TensorShapeProto of = hidden.getType().getTensorType().getShape();
        Onnx.TensorShapeProto.Builder shape = Onnx.TensorShapeProto.newBuilder();
        for (int i = 0; i < (perToken ? 2 : 1); i++) {
            shape.addDim(of.getDimCount() == 3 ? of.getDim(i) : Onnx.TensorShapeProto.Dimension.getDefaultInstance());
        }
        Onnx.TensorShapeProto.Dimension.Builder last = Onnx.TensorShapeProto.Dimension.newBuilder();
        if (features > 0) {
            last.setDimValue(features);
        } else if (of.getDimCount() == 3) {
            last.mergeFrom(of.getDim(2));
        }
        shape.addDim(last);
        graph.addOutput(Onnx.ValueInfoProto.newBuilder()
                .setName(name)
                .setType(Onnx.TypeProto.newBuilder()
                        .setTensorType(Onnx.TypeProto.Tensor.newBuilder()
                                .setElemType(type)
                                .setShape(shape))));
    }

    private String node(String op, List<String> inputs, Onnx.AttributeProto... attributes) {
        return rawNode(op, inputs, NAMES + op.toLowerCase(Locale.ROOT) + "_" + ++number, attributes);
    }

    private String rawNode(String op, List<String> inputs, String output, Onnx.AttributeProto... attributes) {
        graph.addNode(Onnx.NodeProto.newBuilder()
                .setOpType(op)
                .setName(NAMES + op + "_" + ++number)
                .addAllInput(inputs)
                .addOutput(output)
                .addAllAttribute(List.of(attributes)));
        return output;
    }

    private String constant(Onnx.TensorProto value) {
        return node(
                "Constant",
                List.of(),
                Onnx.AttributeProto.newBuilder()
                        .setName("value")
                        .setType(Onnx.AttributeProto.AttributeType.TENSOR)
                        .setT(value)
                        .build());
    }

    private String integers(long... values) {
        return constant(longs(values, true));
    }

    private static Onnx.TensorProto longs(long[] values, boolean vector) {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (long value : values) {
            bytes.putLong(value);
        }
        return Onnx.TensorProto.newBuilder()
                .setDataType(Onnx.TensorProto.DataType.INT64_VALUE)
                .addAllDims(vector ? List.of((long) values.length) : List.of())
                .setRawData(ByteString.copyFrom(bytes.array()))
                .build();
    }

    private String scalar(double value) {
        return constant(tensor(Nd4j.scalar(arrayType(), value)));
    }

    private DataType arrayType() {
        return type == Onnx.TensorProto.DataType.DOUBLE_VALUE ? DataType.DOUBLE : DataType.FLOAT;
    }

    private Onnx.TensorProto tensor(INDArray array) {
        List<Long> dims = new ArrayList<>();
        for (long size : array.shape()) {
            dims.add(size);
        }
        return Onnx.TensorProto.newBuilder()
                .setDataType(type)
                .addAllDims(dims)
                .setRawData(ByteString.copyFrom(OnnxTensors.bytes(array.castTo(arrayType()))))
                .build();
    }

    private static Onnx.AttributeProto integer(String name, long value) {
        return Onnx.AttributeProto.newBuilder()
                .setName(name)
                .setType(Onnx.AttributeProto.AttributeType.INT)
                .setI(value)
                .build();
    }
}
