/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import onnx.Onnx;
import org.lora4j.error.Problems;
import org.lora4j.internal.onnx.ExternalFiles;
import org.lora4j.internal.onnx.OnnxTensors;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Where a graph has the parameters of a model, by PyTorch's names and in PyTorch's layout.
 *
 * <p>A weight is an initializer or the value of a Constant node, and one node computes with it in a way that is known: MatMul
 * (stored [in, out], or turned by a Transpose before it), Gemm, Conv, Gather. It is called by its own name if that ends in
 * {@code .weight}, as exporters leave it where they do not turn it; else by the path in the name of its node
 * ({@code /encoder/layer.0/attention/self/query/MatMul}), by its bias, or by its own name as that of a module. Every other
 * parameter is called by its own name.
 *
 * <p>What cannot be replaced is found, too, with the reason, so that an adapter that changes it can be told.
 *
 * @apiNote Status: internal
 */
public final class OnnxWeights {

    private static final String WEIGHT = ".weight";
    private static final String BIAS = ".bias";

    /** Names that an exporter made up. */
    private static final Pattern ANONYMOUS = Pattern.compile("onnx::.*|\\d+|val_\\d+|");

    /** Where a tensor is. */
    private record Place(Onnx.TensorProto tensor, int initializer, int constantNode) {}

    /** A tensor as the operand of a node. */
    private record Operand(String tensor, boolean turned, List<String> names, String problem) {}

    /**
     * A parameter.
     *
     * @param tensor name of its tensor in the file
     * @param turned whether it is the transpose of PyTorch's
     * @param problems why it cannot be replaced; none if it can
     */
    private record Parameter(String tensor, boolean turned, List<String> problems) {}

    private final Onnx.GraphProto graph;
    private final ExternalFiles files;
    private final Map<String, Place> places = new LinkedHashMap<>();
    private final Map<String, Onnx.NodeProto> producers = new HashMap<>();
    private final Map<String, List<Onnx.NodeProto>> consumers = new HashMap<>();
    private final Map<String, List<String>> users = new HashMap<>();
    /** What is wrong with a tensor that several nodes use, said once for all of them. */
    private final Map<String, String> sharing = new HashMap<>();
    /** What depends on no input of the graph. */
    private final Set<String> constants = new HashSet<>();

    private final Map<String, Parameter> parameters = new LinkedHashMap<>();

    /**
     * Looks a graph through.
     *
     * @param files where tensors are that are not in it
     */
    public OnnxWeights(Onnx.GraphProto graph, ExternalFiles files) {
        this.graph = graph;
        this.files = files;
        for (int i = 0; i < graph.getInitializerCount(); i++) {
            places.put(graph.getInitializer(i).getName(), new Place(graph.getInitializer(i), i, -1));
        }
        for (int i = 0; i < graph.getNodeCount(); i++) {
            addNode(graph.getNode(i), i);
        }
        graph.getOutputList().forEach(output -> use(output.getName(), "the outputs of the graph"));
        graph.getNodeList().forEach(this::findWeights);
        findOthers();
    }

    private void addNode(Onnx.NodeProto node, int index) {
        if (node.getOpType().equals("Constant") && node.getOutputCount() == 1) {
            node.getAttributeList().stream()
                    .filter(Onnx.AttributeProto::hasT)
                    .forEach(value -> places.put(node.getOutput(0), new Place(value.getT(), -1, index)));
        }
        node.getOutputList().forEach(output -> producers.put(output, node));
        // Nodes are in the order in which they can be computed.
        boolean constant = node.getInputList().stream()
                .allMatch(input -> input.isEmpty() || places.containsKey(input) || constants.contains(input));
        if (constant && node.getInputCount() > 0) {
            constants.addAll(node.getOutputList());
        }
        for (String input : node.getInputList()) {
            consumers.computeIfAbsent(input, key -> new ArrayList<>()).add(node);
            use(input, label(node));
        }
        useInSubgraphs(node);
    }

    private void useInSubgraphs(Onnx.NodeProto node) {
        node.getAttributeList().stream()
                .flatMap(attribute -> Stream.concat(
                        attribute.hasG() ? Stream.of(attribute.getG()) : Stream.empty(),
                        attribute.getGraphsList().stream()))
                .forEach(inner -> inner.getNodeList().forEach(deep -> {
                    deep.getInputList().forEach(input -> use(input, label(deep) + " within " + label(node)));
                    useInSubgraphs(deep);
                }));
    }

    private void use(String name, String by) {
        users.computeIfAbsent(name, key -> new ArrayList<>()).add(by);
    }

    /** Nodes without a name are told by what they make. */
    private static String label(Onnx.NodeProto node) {
        String name = node.getName().isEmpty()
                ? "that makes \"" + (node.getOutputCount() == 0 ? "" : node.getOutput(0)) + "\""
                : "\"" + node.getName() + "\"";
        return "node " + name + " (" + node.getOpType() + ")";
    }

    private void findWeights(Onnx.NodeProto node) {
        boolean standard = node.getDomain().isEmpty() || node.getDomain().equals("ai.onnx");
        switch (standard ? node.getOpType() : "") {
            case "MatMul" -> findMatMul(node);
            case "Gemm" -> findGemm(node);
            case "Conv" -> operand(node, 1).ifPresent(weight -> add(node, weight, false, operand(node, 2)));
            case "Gather" -> {
                if (integer(node, "axis", 0) == 0) {
                    operand(node, 0).ifPresent(table -> add(node, table, false, Optional.empty()));
                }
            }
            default -> findUnknown(node);
        }
    }

    private void findMatMul(Onnx.NodeProto node) {
        Optional<Operand> right = operand(node, 1);
        if (right.isPresent()) {
            add(node, right.get(), !right.get().turned(), addedBias(node));
        } else {
            operand(node, 0)
                    .ifPresent(left -> add(
                            node,
                            refused(left, label(node) + " has it on the left, expected x * W"),
                            true,
                            Optional.empty()));
        }
    }

    private void findGemm(Onnx.NodeProto node) {
        operand(node, 1).ifPresent(weight -> {
            boolean plain = real(node, "alpha") == 1 && integer(node, "transA", 0) == 0;
            boolean turned = (integer(node, "transB", 0) == 0) != weight.turned();
            add(
                    node,
                    plain
                            ? weight
                            : refused(
                                    weight,
                                    label(node)
                                            + " scales or turns what it multiplies, expected alpha = 1 and transA = 0"),
                    turned,
                    operand(node, 2)
                            .map(bias -> real(node, "beta") == 1
                                    ? bias
                                    : refused(bias, label(node) + " scales it, expected beta = 1")));
        });
    }

    /** What quantized nodes and others do not know compute with; biases and gains are as they are. */
    private void findUnknown(Onnx.NodeProto node) {
        if (node.getOutputCount() > 0 && constants.contains(node.getOutput(0))) {
            // Found from where its result is used.
            return;
        }
        for (int i = 0; i < node.getInputCount(); i++) {
            Place place = places.get(node.getInput(i));
            if (place != null && place.tensor().getDimsCount() >= 2) {
                String how = OnnxTensors.isSupported(place.tensor())
                        ? label(node)
                                + " computes with it in a way that is not known, expected MatMul, Gemm, Conv or Gather"
                        : quantized(node, place.tensor());
                Operand operand = new Operand(node.getInput(i), false, List.of(node.getInput(i)), how);
                add(node, operand, false, Optional.empty());
            }
        }
    }

    private static String quantized(Onnx.NodeProto node, Onnx.TensorProto tensor) {
        return label(node) + " has it as " + OnnxTensors.typeName(tensor)
                + ", quantized, expected FLOAT or DOUBLE: take the float export of this model";
    }

    /** The input that a node gives on, turned or not. */
    private static Optional<Boolean> passesOn(Onnx.NodeProto node) {
        return switch (node.getOpType()) {
            case "Identity" -> Optional.of(false);
            case "Transpose" -> {
                List<Long> order = node.getAttributeList().stream()
                        .filter(attribute -> attribute.getName().equals("perm"))
                        .findFirst()
                        .map(Onnx.AttributeProto::getIntsList)
                        .orElse(List.of(1L, 0L));
                yield order.equals(List.of(1L, 0L)) ? Optional.of(true) : Optional.empty();
            }
            default -> Optional.empty();
        };
    }

    /** A weight among the inputs of a node, with what is wrong with it; empty for what comes from the inputs of the graph. */
    private Optional<Operand> operand(Onnx.NodeProto node, int index) {
        if (node.getInputCount() <= index || node.getInput(index).isEmpty()) {
            return Optional.empty();
        }
        String name = node.getInput(index);
        List<String> names = new ArrayList<>();
        boolean turned = false;
        while (true) {
            names.add(name);
            Place place = places.get(name);
            if (place != null) {
                String problem = OnnxTensors.isSupported(place.tensor()) ? null : quantized(node, place.tensor());
                return Optional.of(new Operand(name, turned, names, problem));
            }
            Onnx.NodeProto producer = producers.get(name);
            if (producer == null || !constants.contains(name)) {
                return Optional.empty();
            }
            Optional<Boolean> passed = passesOn(producer);
            if (passed.isEmpty()) {
                return Optional.of(new Operand(
                        firstTensor(producer),
                        turned,
                        names,
                        "its weight is computed by " + label(producer)
                                + ", expected an initializer, a Constant, or one of these turned by a Transpose"));
            }
            turned ^= passed.get();
            name = producer.getInput(0);
        }
    }

    /** The tensor that a computed weight most likely is made of, which gives it a name. */
    private String firstTensor(Onnx.NodeProto node) {
        String name = node.getInput(0);
        Set<String> seen = new HashSet<>();
        while (!places.containsKey(name) && producers.containsKey(name) && seen.add(name)) {
            Onnx.NodeProto producer = producers.get(name);
            if (producer.getInputCount() == 0) {
                break;
            }
            name = producer.getInput(0);
        }
        return name;
    }

    /** The vector that is added to a product. */
    private Optional<Operand> addedBias(Onnx.NodeProto product) {
        return product.getOutputList().stream()
                .flatMap(output -> consumers.getOrDefault(output, List.of()).stream())
                .filter(node -> node.getOpType().equals("Add") && node.getInputCount() == 2)
                .flatMap(node -> Stream.of(operand(node, 0), operand(node, 1)))
                .flatMap(Optional::stream)
                .filter(found -> places.containsKey(found.tensor())
                        && places.get(found.tensor()).tensor().getDimsCount() == 1)
                .findFirst();
    }

    private static Operand refused(Operand operand, String problem) {
        return operand.problem() == null
                ? new Operand(operand.tensor(), operand.turned(), operand.names(), problem)
                : operand;
    }

    private void add(Onnx.NodeProto node, Operand weight, boolean turned, Optional<Operand> bias) {
        String name = weightName(node, weight, bias);
        put(name, weight, turned);
        bias.ifPresent(found -> put(
                found.tensor().endsWith(BIAS)
                        ? found.tensor()
                        : name.substring(0, name.length() - WEIGHT.length()) + BIAS,
                found,
                false));
    }

    private static String weightName(Onnx.NodeProto node, Operand weight, Optional<Operand> bias) {
        String own = weight.tensor().replaceFirst("_quantized$", "");
        if (own.endsWith(WEIGHT)) {
            return own;
        }
        String path = node.getName().replaceFirst("^/", "");
        if (path.contains("/")) {
            return path.substring(0, path.lastIndexOf('/')).replace('/', '.') + WEIGHT;
        }
        Optional<String> ofBias = bias.map(Operand::tensor).filter(found -> found.endsWith(BIAS));
        if (ofBias.isPresent()) {
            return ofBias.get().substring(0, ofBias.get().length() - BIAS.length()) + WEIGHT;
        }
        return (ANONYMOUS.matcher(own).matches() && !path.isEmpty() ? path : own) + WEIGHT;
    }

    private void put(String name, Operand operand, boolean turned) {
        List<String> problems = new ArrayList<>();
        if (operand.problem() != null) {
            problems.add(operand.problem());
        }
        operand.names().stream()
                .filter(used -> users.getOrDefault(used, List.of()).size() > 1)
                .findFirst()
                .ifPresent(used ->
                        problems.add(sharing.computeIfAbsent(used, key -> shared(operand.tensor(), users.get(key)))));
        Parameter found = new Parameter(operand.tensor(), turned, problems);
        Parameter before = parameters.putIfAbsent(name, found);
        if (before != null && !before.equals(found)) {
            List<String> both = new ArrayList<>(before.problems());
            both.addAll(problems);
            if (!before.tensor().equals(found.tensor())) {
                both.add("tensors \"" + before.tensor() + "\" and \"" + found.tensor()
                        + "\" both look like it, expected one");
            }
            parameters.put(
                    name,
                    new Parameter(
                            before.tensor(),
                            before.turned(),
                            both.stream().distinct().toList()));
        }
    }

    private static String shared(String tensor, List<String> by) {
        return "tensor \"" + tensor + "\" is shared by " + by.size() + " uses: "
                + String.join(", ", by.subList(0, Math.min(by.size(), Problems.SHOWN))) + "; expected one";
    }

    /** Gains, biases of other nodes, statistics. */
    private void findOthers() {
        Set<String> named = new HashSet<>();
        parameters.values().forEach(parameter -> named.add(parameter.tensor()));
        places.forEach((name, place) -> {
            if (!named.contains(name)
                    && OnnxTensors.isSupported(place.tensor())
                    && place.tensor().getDimsCount() > 0) {
                String problem = place.tensor().getDimsCount() < 2
                        ? null
                        : String.join(", ", users.getOrDefault(name, List.of("nobody")))
                                + " uses it in a way that is not known, expected MatMul, Gemm, Conv or Gather";
                put(name, new Operand(name, false, List.of(name), problem), false);
            }
        });
    }

    /**
     * The names of all parameters, those that cannot be replaced among them.
     *
     * @return names in the order of the graph
     */
    public Set<String> names() {
        return Collections.unmodifiableSet(parameters.keySet());
    }

    /**
     * Why a parameter cannot be replaced.
     *
     * @param name one of {@link #names}
     * @return the reasons; none if it can
     */
    public List<String> problems(String name) {
        return parameters.get(name).problems();
    }

    /**
     * The parameters as arrays in PyTorch's layout.
     *
     * @param problems takes what is wrong with tensors
     * @return arrays by name, without those that are quantized or computed
     * @throws IOException if a file beside the model cannot be read
     */
    public Map<String, INDArray> arrays(Problems problems) throws IOException {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        for (Map.Entry<String, Parameter> parameter : parameters.entrySet()) {
            Place place = places.get(parameter.getValue().tensor());
            if (place != null && OnnxTensors.isSupported(place.tensor()) && isNotEmpty(place.tensor())) {
                OnnxTensors.read(place.tensor(), files, problems)
                        .ifPresent(array -> arrays.put(
                                parameter.getKey(),
                                turned(array, parameter.getValue().turned())));
            }
        }
        return arrays;
    }

    private static boolean isNotEmpty(Onnx.TensorProto tensor) {
        return tensor.getDimsList().stream().noneMatch(size -> size == 0);
    }

    private static INDArray turned(INDArray array, boolean turned) {
        return turned && array.rank() == 2 ? array.permute(1, 0).dup('c') : array;
    }

    /**
     * Puts other values in the place of a parameter's.
     *
     * @param name a parameter without problems
     * @param value its new value, of its shape and type, in PyTorch's layout
     * @param target the graph to change, a copy of the one that was looked through
     * @return the region beside the model and its new bytes, if the parameter is there
     */
    public Optional<Map.Entry<ExternalFiles.Region, byte[]>> replace(
            String name, INDArray value, Onnx.GraphProto.Builder target) {
        Parameter parameter = parameters.get(name);
        Place place = places.get(parameter.tensor());
        INDArray stored = turned(value, parameter.turned());
        if (ExternalFiles.isExternal(place.tensor())) {
            byte[] bytes = OnnxTensors.bytes(stored);
            return files.region(place.tensor(), bytes.length, new Problems()).map(region -> Map.entry(region, bytes));
        }
        Onnx.TensorProto replaced = OnnxTensors.replaced(place.tensor(), stored);
        if (place.initializer() >= 0) {
            target.setInitializer(place.initializer(), replaced);
        } else {
            Onnx.NodeProto.Builder node = target.getNodeBuilder(place.constantNode());
            node.getAttributeBuilderList().stream()
                    .filter(Onnx.AttributeProto.Builder::hasT)
                    .forEach(attribute -> attribute.setT(replaced));
        }
        return Optional.empty();
    }

    /** The files beside the model that tensors are in. */
    public Set<String> externalLocations() {
        Set<String> locations = new TreeSet<>();
        Stream.concat(
                        graph.getInitializerList().stream(),
                        places.values().stream().map(Place::tensor))
                .filter(ExternalFiles::isExternal)
                .flatMap(tensor -> tensor.getExternalDataList().stream())
                .filter(entry -> entry.getKey().equals("location"))
                .forEach(entry -> locations.add(entry.getValue()));
        return locations;
    }

    private static long integer(Onnx.NodeProto node, String name, long absent) {
        return node.getAttributeList().stream()
                .filter(attribute -> attribute.getName().equals(name))
                .mapToLong(Onnx.AttributeProto::getI)
                .findFirst()
                .orElse(absent);
    }

    /** A factor of Gemm, 1 if it is not given. */
    private static double real(Onnx.NodeProto node, String name) {
        return node.getAttributeList().stream()
                .filter(attribute -> attribute.getName().equals(name))
                .mapToDouble(Onnx.AttributeProto::getF)
                .findFirst()
                .orElse(1);
    }
}
