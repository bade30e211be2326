/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.quant;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lora4j.internal.graph.GraphOrder;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * How a graph spells a stored weight, both ways: a variable {@code w} that stock ops compute from leaves named after it.
 *
 * <pre>
 * w = cast(w.int8) * w.scale
 * w = reshape(reshape(gather(lora4j.nf4.pairs, cast(w.nf4))) * absmax),  absmax = w.absmax, or with double quantization
 *     reshape(cast(w.absmax) * w.absmax_scale + w.absmax_mean)
 * </pre>
 *
 * @apiNote Status: internal
 */
public final class StoredWeights {

    private static final String PAIRS = "lora4j.nf4.pairs";
    private static final String INT8 = ".int8";
    private static final String SCALE = ".scale";
    private static final String NF4 = ".nf4";
    private static final String ABSMAX = ".absmax";
    private static final String ABSMAX_SCALE = ".absmax_scale";
    private static final String ABSMAX_MEAN = ".absmax_mean";

    private static final Set<String> OPS = Set.of("cast", "multiply", "gather", "reshape", "add");

    private StoredWeights() {}

    /**
     * The stored form of a variable.
     *
     * @param graph a graph, only read
     * @param variable name of a variable
     * @return its form, which shares the graph's arrays; empty for a leaf, and for everything computed in another way
     */
    public static Optional<StoredWeight> find(SameDiff graph, String variable) {
        SDVariable found = graph.getVariable(variable);
        if (found == null || found.getVariableType() != VariableType.ARRAY) {
            return Optional.empty();
        }
        boolean int8 = graph.hasVariable(variable + INT8);
        if (!int8 && !graph.hasVariable(variable + NF4) || !isSpelledSo(graph, variable)) {
            return Optional.empty();
        }
        if (int8) {
            return Optional.of(new Int8(array(graph, variable + INT8), array(graph, variable + SCALE)));
        }
        long[] shape = ((DynamicCustomOp) producer(graph, variable).getOp()).iArgs();
        Optional<Nf4.Doubled> doubled = graph.hasVariable(variable + ABSMAX_SCALE)
                ? Optional.of(
                        new Nf4.Doubled(array(graph, variable + ABSMAX_SCALE), array(graph, variable + ABSMAX_MEAN)))
                : Optional.empty();
        return Optional.of(new Nf4(
                array(graph, variable + NF4),
                array(graph, variable + ABSMAX),
                doubled,
                shape[shape.length - 2],
                shape[shape.length - 1]));
    }

    // The names alone could be anyone's.
    private static boolean isSpelledSo(SameDiff graph, String variable) {
        Set<String> leaves = new HashSet<>();
        Set<String> ops = new HashSet<>();
        for (String ancestor : GraphOrder.ancestors(graph, List.of(variable))) {
            SameDiffOp op = producer(graph, ancestor);
            if (op == null) {
                leaves.add(ancestor);
            } else {
                ops.add(op.getOp().opName());
            }
        }
        Set<String> simple = Set.of(variable + INT8, variable + SCALE);
        Set<String> blocks = Set.of(variable + NF4, variable + ABSMAX, PAIRS);
        Set<String> doubled = new HashSet<>(blocks);
        doubled.add(variable + ABSMAX_SCALE);
        doubled.add(variable + ABSMAX_MEAN);
        boolean known = leaves.equals(simple) || leaves.equals(blocks) || leaves.equals(doubled);
        return known
                && OPS.containsAll(ops)
                && leaves.stream().allMatch(leaf -> graph.getVariable(leaf).getVariableType() == VariableType.CONSTANT);
    }

    /**
     * The variables that stored weights consist of, themselves included.
     *
     * @param graph a graph, only read
     * @return their names
     */
    public static Set<String> parts(SameDiff graph) {
        return GraphOrder.ancestors(graph, names(graph));
    }

    /**
     * The leaves that hold the stored weights of a graph, none of which is a parameter by itself.
     *
     * @param graph a graph, only read
     * @return their names
     */
    public static Set<String> leaves(SameDiff graph) {
        return parts(graph).stream()
                .filter(name -> producer(graph, name) == null)
                .collect(Collectors.toSet());
    }

    /**
     * The stored weights of a graph.
     *
     * @param graph a graph, only read
     * @return the names of the variables that compute them
     */
    public static Collection<String> names(SameDiff graph) {
        return graph.getVariables().keySet().stream()
                .filter(name -> find(graph, name).isPresent())
                .toList();
    }

    /**
     * The values of a leaf or of a stored weight.
     *
     * @param graph a graph, only read
     * @param variable name of one or the other
     * @return the array of the leaf itself, or a new array with the values of the stored weight
     */
    public static INDArray value(SameDiff graph, String variable) {
        return find(graph, variable)
                .map(StoredWeight::dequantized)
                .orElseGet(() -> graph.getVariable(variable).getArr());
    }

    /** The names of leaves that a stored weight may need for itself. */
    static List<String> leafNames(String weight) {
        return Stream.of(INT8, SCALE, NF4, ABSMAX, ABSMAX_SCALE, ABSMAX_MEAN)
                .map(weight::concat)
                .toList();
    }

    /** Spells a weight in a graph; the result is to be renamed to the name. */
    static SDVariable spell(SameDiff graph, String name, StoredWeight weight) {
        return weight instanceof Int8 int8 ? spell(graph, name, int8) : spell(graph, name, (Nf4) weight);
    }

    private static SDVariable spell(SameDiff graph, String name, Int8 weight) {
        SDVariable values = graph.constant(name + INT8, weight.values());
        SDVariable scales = graph.constant(name + SCALE, weight.scales());
        return values.castTo(DataType.FLOAT).mul(scales);
    }

    private static SDVariable spell(SameDiff graph, String name, Nf4 weight) {
        SDVariable pairs = graph.hasVariable(PAIRS)
                ? graph.getVariable(PAIRS)
                : graph.constant(PAIRS, Nd4j.create(Nf4.pairs(), new long[] {Nf4.pairs().length / 2, 2}, 'c'));
        SDVariable codes = graph.constant(name + NF4, weight.codes());
        SDVariable absmax = graph.constant(name + ABSMAX, weight.absmax());
        if (weight.doubled().isPresent()) {
            SDVariable scales =
                    graph.constant(name + ABSMAX_SCALE, weight.doubled().get().scales());
            SDVariable mean =
                    graph.constant(name + ABSMAX_MEAN, weight.doubled().get().mean());
            absmax = graph.reshape(absmax.castTo(DataType.FLOAT).mul(scales).add(mean), -1, 1);
        }
        SDVariable units = graph.reshape(graph.gather(pairs, codes.castTo(DataType.INT32), 0), -1, Nf4.BLOCK);
        return graph.reshape(units.mul(absmax), weight.rows(), weight.columns());
    }

    private static INDArray array(SameDiff graph, String name) {
        return graph.getVariable(name).getArr();
    }

    private static SameDiffOp producer(SameDiff graph, String variable) {
        String producer = GraphOrder.producer(graph, variable);
        return producer == null ? null : graph.getOps().get(producer);
    }
}
