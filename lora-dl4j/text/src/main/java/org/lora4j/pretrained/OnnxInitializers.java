/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import onnx.Onnx;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.Backend;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.onnx.ExternalFiles;
import org.lora4j.internal.onnx.OnnxModels;
import org.lora4j.internal.onnx.OnnxTensors;
import org.lora4j.train.Progress;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The floating-point tensors stored in an ONNX file, by name.
 *
 * <p>Exporters give the weights of linear modules meaningless names ({@code onnx::MatMul_787}) but keep the path of the
 * module in the name of the node that uses them. Such a weight is therefore found under both names: its own and the
 * MatMul node's ({@code /encoder/layer.0/attention/self/query/MatMul}).
 *
 * <p>The graph itself is not interpreted, but for the number of attention heads. Integer and half-precision tensors are known by name and type only.
 *
 * <p><i>State.</i> Immutable, except that the arrays are live.
 *
 * <p><i>Source.</i> ONNX intermediate representation, onnx.proto3: ModelProto, GraphProto, TensorProto.
 *
 * @apiNote Status: stable
 */
public final class OnnxInitializers {

    private final String source;
    private final Map<String, INDArray> tensors;
    private final Map<String, String> otherTypes;
    private final OnnxHeads heads;

    private OnnxInitializers(
            String source, Map<String, INDArray> tensors, Map<String, String> otherTypes, OnnxHeads heads) {
        this.heads = heads;
        this.source = source;
        this.tensors = Collections.unmodifiableMap(tensors);
        this.otherTypes = Collections.unmodifiableMap(otherTypes);
    }

    /**
     * Reads a file.
     *
     * @param file an ONNX file, below 2 GiB, with its weights inside or in files beside it
     * @return the tensors
     * @throws ModelFormatException if it is not an ONNX model or its tensors are damaged; the message lists every
     *     problem
     * @throws IOException if it cannot be read
     */
    public static OnnxInitializers read(Path file) throws IOException {
        OnnxModels.require(file);
        try (InputStream in = RegularFile.open(file, "an ONNX model")) {
            return read(
                    in,
                    file.toString(),
                    Files.size(file),
                    ExternalFiles.of(file.toAbsolutePath().getParent()));
        }
    }

    /**
     * Reads a resource of the class path.
     *
     * @param loader where to look, for example {@code getClass().getClassLoader()}
     * @param resource name of the resource, without a leading slash, for example {@code all-minilm-l6-v2.onnx}
     * @return the tensors
     * @throws ModelFormatException if it is not an ONNX model or its tensors are damaged; the message lists every
     *     problem
     * @throws IOException if it does not exist or cannot be read
     */
    public static OnnxInitializers readResource(ClassLoader loader, String resource) throws IOException {
        try (InputStream in = Resources.open(loader, resource, "an ONNX model")) {
            return read(in, resource);
        }
    }

    /**
     * Reads a stream to its end and leaves it open.
     *
     * @param in an ONNX model
     * @param source what the stream is, for messages
     * @return the tensors
     * @throws ModelFormatException if it is not an ONNX model or its tensors are damaged; the message lists every
     *     problem
     * @throws IOException if it cannot be read
     */
    public static OnnxInitializers read(InputStream in, String source) throws IOException {
        return read(in, source, 0, ExternalFiles.NONE);
    }

    private static OnnxInitializers read(InputStream in, String source, long size, ExternalFiles files)
            throws IOException {
        Progress progress = Progress.of("reading an ONNX model");
        Runnable backend = Backend.starting();
        Onnx.GraphProto graph;
        try {
            Progress.Stage read = progress.stage("", "MiB", size / OnnxModels.MEBIBYTE);
            graph = OnnxModels.parse(in, source, read::advance).getGraph();
        } finally {
            backend.run();
        }
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        Map<String, String> otherTypes = new LinkedHashMap<>();
        Problems problems = new Problems();
        Progress.Stage stage = progress.stage("", "tensors", graph.getInitializerCount());
        for (Onnx.TensorProto tensor : graph.getInitializerList()) {
            if (tensors.containsKey(tensor.getName()) || otherTypes.containsKey(tensor.getName())) {
                problems.add("tensor \"" + tensor.getName() + "\" occurs twice, expected once");
            } else if (OnnxTensors.isSupported(tensor)) {
                OnnxTensors.read(tensor, files, problems).ifPresent(array -> tensors.put(tensor.getName(), array));
            } else {
                otherTypes.put(tensor.getName(), OnnxTensors.typeName(tensor));
            }
            stage.advance(1);
        }
        if (problems.isEmpty() && tensors.isEmpty() && otherTypes.isEmpty()) {
            problems.add("holds no tensors, expected an ONNX model with its weights inside");
        }
        if (!problems.isEmpty()) {
            throw new ModelFormatException(
                    problems.message(source) + ". The file is damaged or not complete: fetch it again.");
        }
        addNodeNames(graph, tensors, otherTypes);
        return new OnnxInitializers(source, tensors, otherTypes, new OnnxHeads(graph));
    }

    /**
     * What was read, for messages.
     *
     * @return the path, resource name or description given
     */
    public String source() {
        return source;
    }

    /**
     * The names of all floating-point tensors: their own names, then those of MatMul nodes.
     *
     * @return an unmodifiable set in the order of the file
     */
    public Set<String> names() {
        return tensors.keySet();
    }

    /**
     * One tensor.
     *
     * @param name its name, or that of the MatMul node which uses it
     * @return the live array, FLOAT or DOUBLE, or nothing if there is no floating-point tensor of this name
     */
    public Optional<INDArray> find(String name) {
        return Optional.ofNullable(tensors.get(name));
    }

    /**
     * Several tensors of known shapes.
     *
     * @param shapes the shape expected for each name; -1 stands for any size
     * @return the live arrays by name, in the order of {@code shapes}
     * @throws ModelFormatException if a tensor is missing or has another shape or type; the message lists all of them
     */
    public Map<String, INDArray> require(Map<String, long[]> shapes) throws ModelFormatException {
        Problems problems = new Problems();
        Map<String, INDArray> found = new LinkedHashMap<>();
        shapes.forEach((name, shape) -> {
            INDArray array = tensors.get(name);
            if (array == null) {
                problems.add(
                        missing(name, shape) + (problems.isFull() ? "" : ClosestNames.hint(name, tensors.keySet())));
            } else if (!matches(array.shape(), shape)) {
                problems.add("tensor \"" + name + "\" has shape " + Arrays.toString(array.shape()) + ", expected "
                        + Arrays.toString(shape));
            } else {
                found.put(name, array);
            }
        });
        if (!problems.isEmpty()) {
            throw new ModelFormatException(
                    problems.message(source) + ". The file holds another model, or names its tensors in another way.");
        }
        return found;
    }

    /** What the graph says of its attention. */
    OnnxHeads heads() {
        return heads;
    }

    private String missing(String name, long[] shape) {
        String type = otherTypes.get(name);
        if (type != null) {
            return "tensor \"" + name + "\" has type " + type
                    + ", expected FLOAT or DOUBLE, which the float export of this model has";
        }
        return "tensor \"" + name + "\" is missing, expected shape " + Arrays.toString(shape);
    }

    private static boolean matches(long[] found, long[] expected) {
        if (found.length != expected.length) {
            return false;
        }
        for (int i = 0; i < found.length; i++) {
            if (expected[i] != -1 && found[i] != expected[i]) {
                return false;
            }
        }
        return true;
    }

    /** Lets the weight of every MatMul be found under the node's name too. */
    private static void addNodeNames(
            Onnx.GraphProto graph, Map<String, INDArray> tensors, Map<String, String> otherTypes) {
        for (Onnx.NodeProto node : graph.getNodeList()) {
            if (node.getOpType().equals("MatMul")
                    && node.getInputCount() == 2
                    && !node.getName().isEmpty()) {
                String weight = node.getInput(1);
                if (tensors.containsKey(weight)) {
                    tensors.putIfAbsent(node.getName(), tensors.get(weight));
                } else if (otherTypes.containsKey(weight)) {
                    otherTypes.putIfAbsent(node.getName(), otherTypes.get(weight));
                }
            }
        }
    }
}
