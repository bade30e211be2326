/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.quant;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
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
 * w = cast(w.bf16)
 * w = cast(w.f16)
 * w = cast(w.int8) * w.scale
 * w = reshape(permute(cast(w.bf16_tiles)))
 * w = reshape(permute(cast(w.f16_tiles)))
 * w = reshape(permute(cast(w.int8_tiles))) * w.scale
 * w = reshape(reshape(gather(lora4j.nf4.pairs, cast(w.nf4))) * absmax),  absmax = w.absmax, or with double quantization
 *     reshape(cast(w.absmax) * w.absmax_scale + w.absmax_mean)
 * </pre>
 *
 * @apiNote Status: experimental
 */
public final class StoredWeights {

    private static final String PAIRS = "lora4j.nf4.pairs";
    private static final String BF16 = ".bf16";
    private static final String F16 = ".f16";
    private static final String INT8 = ".int8";
    private static final String SCALE = ".scale";
    private static final String BF16_TILES = ".bf16_tiles";
    private static final String F16_TILES = ".f16_tiles";
    private static final String INT8_TILES = ".int8_tiles";
    private static final String NF4 = ".nf4";
    private static final String ABSMAX = ".absmax";
    private static final String ABSMAX_SCALE = ".absmax_scale";
    private static final String ABSMAX_MEAN = ".absmax_mean";

    private static final Set<String> BLOCKS = Set.of("cast", "multiply", "gather", "reshape");
    private static final Set<String> BLOCKS_DOUBLED = Set.of("cast", "multiply", "gather", "reshape", "add");

    private static final Set<String> TILES = Set.of("cast", "permute", "reshape");

    private static final List<Spelling> SPELLINGS = List.of(
            new Spelling(List.of(BF16), Set.of("cast"), StoredWeights::halfPrecision),
            new Spelling(List.of(F16), Set.of("cast"), StoredWeights::halfPrecision),
            new Spelling(List.of(INT8, SCALE), Set.of("cast", "multiply"), StoredWeights::int8),
            new Spelling(List.of(BF16_TILES), TILES, StoredWeights::tiled),
            new Spelling(List.of(F16_TILES), TILES, StoredWeights::tiled),
            new Spelling(
                    List.of(INT8_TILES, SCALE), Set.of("cast", "permute", "reshape", "multiply"), StoredWeights::tiled),
            new Spelling(List.of(NF4, ABSMAX), BLOCKS, StoredWeights::nf4),
            new Spelling(List.of(NF4, ABSMAX, ABSMAX_SCALE, ABSMAX_MEAN), BLOCKS_DOUBLED, StoredWeights::nf4));

    /** What a form reads of a graph, given the name of a weight and the arrays of its leaves. */
    private interface Form {
        StoredWeight of(SameDiff graph, String weight, List<INDArray> leaves);
    }

    /**
     * One way.
     *
     * @param leaves what the names of the leaves end with
     * @param ops the ops that compute the weight
     */
    private record Spelling(List<String> leaves, Set<String> ops, Form form) {

        List<String> leaves(String weight) {
            return leaves.stream().map(weight::concat).toList();
        }

        // The names alone could be anyone's.
        boolean isOf(SameDiff graph, String weight) {
            if (!leaves.stream().allMatch(leaf -> graph.hasVariable(weight + leaf))) {
                return false;
            }
            Set<String> found = new HashSet<>();
            Set<String> foundOps = new HashSet<>();
            for (String ancestor : GraphOrder.ancestors(graph, List.of(weight))) {
                SameDiffOp op = producer(graph, ancestor);
                if (op != null) {
                    foundOps.add(op.getOp().opName());
                } else if (graph.getVariable(ancestor).getVariableType() == VariableType.CONSTANT) {
                    found.add(ancestor);
                } else {
                    return false;
                }
            }
            found.remove(PAIRS);
            return foundOps.equals(ops) && found.equals(Set.copyOf(leaves(weight)));
        }
    }

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
        return SPELLINGS.stream()
                .filter(spelling -> spelling.isOf(graph, variable))
                .findFirst()
                .map(spelling -> spelling.form()
                        .of(
                                graph,
                                variable,
                                spelling.leaves(variable).stream()
                                        .map(leaf -> graph.getVariable(leaf).getArr())
                                        .toList()));
    }

    private static StoredWeight halfPrecision(SameDiff graph, String weight, List<INDArray> leaves) {
        return new HalfPrecision(leaves.get(0));
    }

    private static StoredWeight int8(SameDiff graph, String weight, List<INDArray> leaves) {
        return new Int8(leaves.get(0), leaves.get(1));
    }

    private static StoredWeight tiled(SameDiff graph, String weight, List<INDArray> leaves) {
        return new Tiled(leaves.get(0), leaves.stream().skip(1).findFirst());
    }

    private static StoredWeight nf4(SameDiff graph, String weight, List<INDArray> leaves) {
        long[] shape = ((DynamicCustomOp) producer(graph, weight).getOp()).iArgs();
        Optional<Nf4.Doubled> doubled =
                leaves.size() > 2 ? Optional.of(new Nf4.Doubled(leaves.get(2), leaves.get(3))) : Optional.empty();
        return new Nf4(leaves.get(0), leaves.get(1), doubled, shape[shape.length - 2], shape[shape.length - 1]);
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
     * Whether an op looks up rows of a table: {@code gather} along the first axis, with indices as an input.
     *
     * @param op an op
     * @param table name of a variable
     * @return true if it looks up rows of this one, and reads it in no other way
     */
    public static boolean isLookup(SameDiffOp op, String table) {
        List<String> inputs = GraphOrder.inputs(op);
        if (!op.getOp().opName().equals("gather") || inputs.size() != 2) {
            return false;
        }
        long[] axis = ((DynamicCustomOp) op.getOp()).iArgs();
        return axis.length == 1
                && axis[0] == 0
                && inputs.get(0).equals(table)
                && !inputs.get(1).equals(table);
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
        return SPELLINGS.stream()
                .flatMap(spelling -> spelling.leaves(weight).stream())
                .distinct()
                .toList();
    }

    /**
     * Adds a stored weight to a graph.
     *
     * @param graph a graph, which will share the arrays of the weight
     * @param name name of the variable that computes the weight, and of its leaves, to which endings are added
     * @param weight the weight
     * @return the variable
     */
    public static SDVariable add(SameDiff graph, String name, StoredWeight weight) {
        SDVariable computed = spell(graph, name, weight);
        graph.renameVariable(computed.name(), name);
        return graph.getVariable(name);
    }

    /** Spells a weight in a graph; the result is to be renamed to the name. */
    static SDVariable spell(SameDiff graph, String name, StoredWeight weight) {
        if (weight instanceof HalfPrecision half) {
            String ending = half.values().dataType() == DataType.BFLOAT16 ? BF16 : F16;
            return graph.constant(name + ending, half.values()).castTo(DataType.FLOAT);
        }
        if (weight instanceof Tiled tiled) {
            return spell(graph, name, tiled);
        }
        return weight instanceof Int8 int8 ? spell(graph, name, int8) : spell(graph, name, (Nf4) weight);
    }

    private static SDVariable spell(SameDiff graph, String name, Int8 weight) {
        SDVariable values = graph.constant(name + INT8, weight.values());
        SDVariable scales = graph.constant(name + SCALE, weight.scales());
        return values.castTo(DataType.FLOAT).mul(scales);
    }

    private static SDVariable spell(SameDiff graph, String name, Tiled weight) {
        String ending = switch (weight.values().dataType()) {
            case BYTE -> INT8_TILES;
            case BFLOAT16 -> BF16_TILES;
            default -> F16_TILES;
        };
        SDVariable tiles = graph.constant(name + ending, weight.values()).castTo(DataType.FLOAT);
        int[] order = weight.scales().isPresent() ? new int[] {0, 3, 1, 2, 4} : new int[] {1, 3, 0, 2};
        SDVariable rows = graph.reshape(graph.permute(tiles, order), weight.rows(), weight.columns());
        return weight.scales()
                .map(scales -> rows.mul(graph.constant(name + SCALE, scales)))
                .orElse(rows);
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

    private static SameDiffOp producer(SameDiff graph, String variable) {
        String producer = GraphOrder.producer(graph, variable);
        return producer == null ? null : graph.getOps().get(producer);
    }
}
