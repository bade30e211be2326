/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.samediff.form;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.graph.OpTraits;
import org.lora4j.internal.graph.OpTraits.Trait;
import org.lora4j.quant.StoredWeight;
import org.lora4j.quant.StoredWeights;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Answers the questions that forms ask about a graph. Reads only; for one thread.
 *
 * @apiNote Status: internal
 */
public final class GraphReader {

    private final SameDiff graph;
    private final Map<String, Boolean> parameters = new HashMap<>();

    /**
     * Creates a reader.
     *
     * @param graph the graph; it must not change while the reader is in use
     */
    public GraphReader(SameDiff graph) {
        this.graph = graph;
        for (SameDiffOp op : GraphOrder.topological(graph)) {
            List<String> inputs = GraphOrder.inputs(op);
            // An op without inputs draws or makes its values: no parameter.
            boolean only = !inputs.isEmpty() && inputs.stream().allMatch(this::isParameter);
            op.getOutputsOfOp().forEach(output -> parameters.put(output, only));
        }
    }

    /**
     * The graph.
     *
     * @return the graph that this reader was made for
     */
    public SameDiff graph() {
        return graph;
    }

    /**
     * Whether a variable depends on leaves alone.
     *
     * @return true for CONSTANT and VARIABLE, and for what is computed from nothing else
     */
    public boolean isParameter(String variable) {
        return isLeaf(variable) || parameters.getOrDefault(variable, false);
    }

    /**
     * Whether a variable is a CONSTANT or VARIABLE.
     *
     * @return true if it holds its own array
     */
    public boolean isLeaf(String variable) {
        SDVariable v = graph.getVariable(variable);
        return v != null
                && (v.getVariableType() == VariableType.CONSTANT || v.getVariableType() == VariableType.VARIABLE);
    }

    Operand operand(SameDiffOp op, int index) {
        List<String> inputs = GraphOrder.inputs(op);
        if (index >= inputs.size()) {
            return new Operand(op.getName(), null, null, null, false, null);
        }
        String variable = inputs.get(index);
        String leaf = isParameter(variable) ? leafBehind(variable) : null;
        Optional<StoredWeight> stored = leaf == null ? Optional.empty() : StoredWeights.find(graph, leaf);
        INDArray array = leaf == null || stored.isPresent()
                ? null
                : graph.getVariable(leaf).getArr();
        long[] shape = stored.map(w -> new long[] {w.rows(), w.columns()}).orElse(array == null ? null : array.shape());
        DataType type = stored.isPresent() ? DataType.FLOAT : array == null ? null : array.dataType();
        return new Operand(variable, leaf, shape, type, isParameter(variable), kindOfProducer(variable));
    }

    // Imported TensorFlow graphs read every weight through an identity.
    private String leafBehind(String variable) {
        String at = variable;
        while (!isLeaf(at) && StoredWeights.find(graph, at).isEmpty()) {
            if (!"identity".equals(kindOfProducer(at))) {
                return null;
            }
            at = producer(at).getInputsToOp().get(0);
        }
        return at;
    }

    /** The op that computes a variable, or null. */
    SameDiffOp producer(String variable) {
        String name = GraphOrder.producer(graph, variable);
        return name == null ? null : graph.getOps().get(name);
    }

    /** The kind of op that computes a variable, for instance {@code matmul}, or null. */
    String kindOfProducer(String variable) {
        SameDiffOp op = producer(variable);
        return op == null ? null : op.getOp().opName();
    }

    /** The kind of op that a variable comes from, seen through ops that only reshape or convert. */
    SameDiffOp sourceThroughReshapes(String variable) {
        Set<String> seen = new HashSet<>();
        SameDiffOp op = producer(variable);
        while (op != null && (OpTraits.has(op, Trait.KEEPS_PLACES) || OpTraits.has(op, Trait.CONVERTS))) {
            String next = op.getInputsToOp().get(0);
            op = seen.add(next) ? producer(next) : null;
        }
        return op;
    }

    /** A leaf of so many values that is added to a variable right away: its bias, or null. */
    String biasBehind(String variable, long outputs) {
        for (String name : new TreeSet<>(GraphOrder.consumers(graph, variable))) {
            SameDiffOp consumer = graph.getOps().get(name);
            String kind = consumer.getOp().opName();
            if (kind.equals("add") || kind.equals("biasadd")) {
                for (String other : GraphOrder.inputs(consumer)) {
                    if (!other.equals(variable) && isVector(other, outputs)) {
                        return other;
                    }
                }
            }
        }
        return null;
    }

    private boolean isVector(String variable, long length) {
        if (!isLeaf(variable)) {
            return false;
        }
        INDArray array = graph.getVariable(variable).getArr();
        return array != null
                && array.dataType().isFPType()
                && array.rank() >= 1
                && array.rank() <= 2
                && array.length() == length;
    }
}
