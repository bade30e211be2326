/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.lora4j.internal.engine.autodiff.rules.LossOp;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.graph.OpTraits;
import org.lora4j.internal.graph.OpTraits.Trait;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ops.CustomOp;

/**
 * Whether a batch may be cut along its rows: finds which variables of a graph hold, for each row of the batch, values that
 * depend on that row alone, and which are means or sums over the rows. It goes by the names of ops and by the shapes that two
 * batches of different sizes give, and takes every op that it does not know for one that mixes rows.
 */
final class RowIndependence {

    /** What a variable is to the rows of a batch. */
    private enum Kind {
        /** The same for every batch. */
        FIXED,
        /** A number of rows, or a shape made of it. */
        SHAPE,
        /** As many leading entries for each row, which depend on that row alone. */
        ROWS,
        /** The mean of values that depend on one row each. */
        MEAN,
        /** The sum of such values. */
        SUM,
        /** Anything else. */
        MIXED
    }

    private static final int NO_REDUCTION = 0;
    private static final int SUM = 1;
    private static final Set<Long> MEANS = Set.of(2L, 3L);

    private final SameDiff graph;
    private final Map<String, long[]> shapes;
    private final Map<String, long[]> shapesOfPart;
    private final long rows;
    private final long rowsOfPart;
    private final Map<String, Kind> kinds = new HashMap<>();
    private final Map<String, String> mixing = new HashMap<>();

    /**
     * Looks at a graph.
     *
     * @param shapes of its variables for a batch
     * @param shapesOfPart of its variables for another one
     * @param rowsOfPart of that one, another number
     */
    RowIndependence(
            SameDiff graph,
            Collection<String> outputs,
            Map<String, long[]> shapes,
            long rows,
            Map<String, long[]> shapesOfPart,
            long rowsOfPart) {
        this.graph = graph;
        this.shapes = shapes;
        this.rows = rows;
        this.shapesOfPart = shapesOfPart;
        this.rowsOfPart = rowsOfPart;
        Set<String> asked = GraphOrder.ancestors(graph, outputs);
        for (SameDiffOp op : GraphOrder.topological(graph)) {
            List<String> results = op.getOutputsOfOp();
            if (results.stream().anyMatch(asked::contains)) {
                Kind kind = kind(op);
                results.forEach(result -> kinds.put(result, kind));
                if (kind == Kind.MIXED) {
                    String earlier = GraphOrder.inputs(op).stream()
                            .filter(mixing::containsKey)
                            .map(mixing::get)
                            .findFirst()
                            .orElse("op \"" + op.getName() + "\" (" + op.getOp().opName() + ")");
                    results.forEach(result -> mixing.put(result, earlier));
                }
            }
        }
    }

    /** Why losses are not known to be all means over the rows, or all sums; empty if they are. */
    Optional<String> reasonAgainstLosses(Collection<String> losses) {
        Kind first = areSums(losses) ? Kind.SUM : Kind.MEAN;
        return losses.stream()
                .filter(loss -> kind(loss) != first)
                .map(loss -> reason(loss, "is not known to be a mean over the rows of a batch, or a sum"))
                .findFirst();
    }

    /** Whether losses are known to be sums over the rows. */
    boolean areSums(Collection<String> losses) {
        return losses.stream().allMatch(loss -> kind(loss) == Kind.SUM);
    }

    /** Why outputs of parts cannot be joined; empty if they have a row for each row of the batch, or are scalar means. */
    Optional<String> reasonAgainstJoining(Collection<String> outputs) {
        return outputs.stream()
                .filter(output -> !(kind(output) == Kind.ROWS && shapes.get(output)[0] == rows)
                        && !(kind(output) == Kind.MEAN && shapes.get(output).length == 0))
                .map(output -> reason(output, "is not known to have a row for each row of a batch"))
                .findFirst();
    }

    private String reason(String variable, String what) {
        return "\"" + variable + "\" " + what
                + (mixing.containsKey(variable) ? ": " + mixing.get(variable) + " may mix rows" : "");
    }

    private Kind kind(String variable) {
        return kinds.computeIfAbsent(variable, this::kindOfLeaf);
    }

    private Kind kindOfLeaf(String variable) {
        boolean given = graph.getVariable(variable).getVariableType() == VariableType.PLACEHOLDER
                && shapes.get(variable) != null
                && shapes.get(variable).length > 0;
        if (!given) {
            return Kind.FIXED;
        }
        return isByRows(variable) ? Kind.ROWS : Kind.MIXED;
    }

    /** Whether the first axis, and no other, grows with the batch. */
    private boolean isByRows(String variable) {
        long[] whole = shapes.get(variable);
        long[] part = shapesOfPart.get(variable);
        return whole != null
                && part != null
                && whole.length > 0
                && whole.length == part.length
                && whole[0] > 0
                && whole[0] % rows == 0
                && whole[0] / rows * rowsOfPart == part[0]
                && Arrays.equals(whole, 1, whole.length, part, 1, part.length);
    }

    private boolean isTheSameForAll(String variable) {
        return shapes.get(variable) != null && Arrays.equals(shapes.get(variable), shapesOfPart.get(variable));
    }

    private Kind kind(SameDiffOp op) {
        List<String> inputs = GraphOrder.inputs(op);
        List<Kind> of = inputs.stream().map(this::kind).toList();
        String name = op.getOp().opName();
        if (of.contains(Kind.MIXED) || PrefixCut.isRandom(op)) {
            return Kind.MIXED;
        }
        if (of.stream().allMatch(kind -> kind == Kind.FIXED)) {
            return Kind.FIXED;
        }
        if (OpTraits.has(name, Trait.OF_SHAPES)) {
            return isFirstAxisLeftOut(op, inputs) ? Kind.FIXED : Kind.SHAPE;
        }
        if (of.stream().allMatch(kind -> kind == Kind.FIXED || kind == Kind.SHAPE)) {
            if (isGatherBehindRows(op, inputs)) {
                return Kind.FIXED;
            }
            return OpTraits.has(name, Trait.MAKES_SHAPES) ? Kind.SHAPE : constantOfShape(op, name);
        }
        if (of.contains(Kind.MEAN)) {
            return kindOfLinear(name, of, Kind.MEAN);
        }
        if (of.contains(Kind.SUM)) {
            return kindOfLinear(name, of, Kind.SUM);
        }
        return kindOfRows(op, name, inputs, of);
    }

    /** The size along another axis is the same for every part. */
    private boolean isFirstAxisLeftOut(SameDiffOp op, List<String> inputs) {
        if (!op.getOp().opName().equals("size_at") || !(op.getOp() instanceof CustomOp custom)) {
            return false;
        }
        long[] axes = custom.iArgs();
        int rank = shapes.get(inputs.get(0)) == null ? 0 : shapes.get(inputs.get(0)).length;
        return axes.length == 1 && rank > 0 && Math.floorMod(axes[0], rank) != 0;
    }

    /** Sizes along other axes than the first, taken from a shape. */
    private boolean isGatherBehindRows(SameDiffOp op, List<String> inputs) {
        if (!op.getOp().opName().equals("gather") || inputs.size() < 2) {
            return false;
        }
        String producer = GraphOrder.producer(graph, inputs.get(0));
        SDVariable axes = graph.getVariable(inputs.get(1));
        return producer != null
                && graph.getOps().get(producer).getOp().opName().equals("shape_of")
                && axes.getVariableType() == VariableType.CONSTANT
                && Arrays.stream(axes.getArr().ravel().toLongVector()).allMatch(axis -> axis > 0);
    }

    private Kind constantOfShape(SameDiffOp op, String name) {
        boolean rowsOut = op.getOutputsOfOp().stream().allMatch(this::isByRows);
        return rowsOut && OpTraits.has(name, Trait.FILLS) ? Kind.ROWS : Kind.MIXED;
    }

    /** What becomes of means, or of sums. */
    private static Kind kindOfLinear(String name, List<Kind> of, Kind whole) {
        boolean shifts = whole == Kind.MEAN;
        boolean linear = (OpTraits.has(name, Trait.LINEAR) || shifts && OpTraits.has(name, Trait.SHIFTS))
                && of.stream().allMatch(k -> k == whole || shifts && k == Kind.FIXED);
        boolean scaled = OpTraits.has(name, Trait.SCALES) && of.equals(List.of(whole, Kind.FIXED))
                || name.equals("multiply") && of.equals(List.of(Kind.FIXED, whole));
        return linear || scaled ? whole : Kind.MIXED;
    }

    private Kind kindOfRows(SameDiffOp op, String name, List<String> inputs, List<Kind> of) {
        boolean rowsOut = op.getOutputsOfOp().stream().allMatch(this::isByRows);
        if ((name.equals("reduce_mean") || name.equals("reduce_sum")) && !rowsOut) {
            boolean reduced = of.get(0) == Kind.ROWS
                    && of.stream().skip(1).allMatch(kind -> kind == Kind.FIXED)
                    && op.getOutputsOfOp().stream().allMatch(this::isTheSameForAll);
            return !reduced ? Kind.MIXED : name.equals("reduce_mean") ? Kind.MEAN : Kind.SUM;
        }
        if (LossOp.is(name, LossOp.Rows.REDUCED)) {
            return kindOfLoss(op, inputs, of, rowsOut);
        }
        if (!rowsOut) {
            return Kind.MIXED;
        }
        boolean apart = OpTraits.has(name, Trait.ELEMENTWISE) && areAlike(op, inputs, of)
                || OpTraits.has(name, Trait.WITHIN_ROWS) && isWithinRows(op, name, inputs, of)
                || OpTraits.has(name, Trait.WINDOW) && of.get(0) == Kind.ROWS && allFixedBehind(of, 1)
                || OpTraits.has(name, Trait.PRODUCT) && isProductOfRows(op, inputs, of)
                || LossOp.is(name, LossOp.Rows.KEPT) && areAlike(op, inputs, of)
                || name.equals("gather") && of.equals(List.of(Kind.FIXED, Kind.ROWS)) && isGatherOfFirstAxis(op);
        return apart ? Kind.ROWS : Kind.MIXED;
    }

    /** Rows meet their own rows, or what is the same for all. */
    private boolean areAlike(SameDiffOp op, List<String> inputs, List<Kind> of) {
        long[] out = shapes.get(op.getOutputsOfOp().get(0));
        return IntStream.range(0, inputs.size()).allMatch(i -> {
            long[] in = shapes.get(inputs.get(i));
            return switch (of.get(i)) {
                case ROWS -> in.length >= out.length && in[0] == out[0];
                case FIXED -> in != null && (in.length < out.length || in.length == out.length && in[0] == 1);
                default -> false;
            };
        });
    }

    private boolean isWithinRows(SameDiffOp op, String name, List<String> inputs, List<Kind> of) {
        long[] out = shapes.get(op.getOutputsOfOp().get(0));
        boolean negative = op.getOp() instanceof CustomOp custom
                && name.equals("strided_slice")
                && Arrays.stream(custom.iArgs()).skip(5).anyMatch(a -> a < 0);
        return switch (name) {
            case "softmax", "log_softmax", "logsoftmax" -> out.length > 1 && !isOverFirstAxis(op, out.length);
            case "layer_norm", "standardize" ->
                out.length > 1 && !isOverFirstAxis(op, out.length) && allFixedBehind(of, 1);
            case "split" -> inputs.size() == 1 && keepsFirstAxis(inputs, of, out);
            case "cumsum" -> out.length > 1 && !isCumulatedOverFirstAxis(op, out.length);
            case "concat", "stack" ->
                IntStream.range(0, inputs.size())
                        .allMatch(i -> of.get(i) == Kind.ROWS && shapes.get(inputs.get(i))[0] == out[0]);
            case "strided_slice", "slice" -> !negative && keepsFirstAxis(inputs, of, out);
            case "permute", "transpose", "tile", "broadcast_to", "pad" -> keepsFirstAxis(inputs, of, out);
            case "reshape" -> of.get(0) == Kind.ROWS && !isInFortranOrder(op);
            default -> of.get(0) == Kind.ROWS && of.stream().skip(1).allMatch(k -> k == Kind.FIXED || k == Kind.SHAPE);
        };
    }

    private boolean keepsFirstAxis(List<String> inputs, List<Kind> of, long[] out) {
        return of.get(0) == Kind.ROWS && shapes.get(inputs.get(0))[0] == out[0];
    }

    private static boolean isInFortranOrder(SameDiffOp op) {
        return !(op.getOp() instanceof CustomOp custom)
                || Arrays.stream(custom.iArgs()).anyMatch(a -> a == -'f');
    }

    private static boolean isOverFirstAxis(SameDiffOp op, int rank) {
        return !(op.getOp() instanceof CustomOp custom)
                || Arrays.stream(custom.iArgs()).anyMatch(axis -> Math.floorMod(axis, rank) == 0);
    }

    /** Whether sums run along the first axis; without axes they run along all. Two arguments before them say where a sum begins, and from which end. */
    private static boolean isCumulatedOverFirstAxis(SameDiffOp op, int rank) {
        return !(op.getOp() instanceof CustomOp custom)
                || custom.iArgs().length < 3
                || Arrays.stream(custom.iArgs()).skip(2).anyMatch(axis -> Math.floorMod(axis, rank) == 0);
    }

    private static boolean allFixedBehind(List<Kind> of, int first) {
        return of.stream().skip(first).allMatch(kind -> kind == Kind.FIXED);
    }

    /** Rows by a fixed matrix, or batches of matrices of the same rows. */
    private boolean isProductOfRows(SameDiffOp op, List<String> inputs, List<Kind> of) {
        long[] x = shapes.get(inputs.get(0));
        long[] out = shapes.get(op.getOutputsOfOp().get(0));
        boolean batches = x.length > 2 && of.get(1) == Kind.ROWS && shapes.get(inputs.get(1)).length == x.length;
        boolean fixed = of.get(1) == Kind.FIXED && shapes.get(inputs.get(1)).length == 2;
        return of.get(0) == Kind.ROWS && x[0] == out[0] && (fixed || batches) && allFixedBehind(of, 2);
    }

    private static boolean isGatherOfFirstAxis(SameDiffOp op) {
        return op.getOp() instanceof CustomOp custom
                && Arrays.stream(custom.iArgs()).allMatch(axis -> axis == 0);
    }

    /** Weights that are the same for all rows. */
    private Kind kindOfLoss(SameDiffOp op, List<String> inputs, List<Kind> of, boolean rowsOut) {
        boolean weighted = of.get(1) != Kind.FIXED
                || Arrays.stream(shapes.get(inputs.get(1))).anyMatch(size -> size != 1);
        boolean rowsIn = of.get(0) == Kind.ROWS && of.get(2) == Kind.ROWS;
        if (weighted || !rowsIn || !(op.getOp() instanceof CustomOp custom) || custom.iArgs().length == 0) {
            return Kind.MIXED;
        }
        long reduction = custom.iArgs()[0];
        if (reduction == NO_REDUCTION) {
            return rowsOut ? Kind.ROWS : Kind.MIXED;
        }
        return MEANS.contains(reduction) ? Kind.MEAN : reduction == SUM ? Kind.SUM : Kind.MIXED;
    }
}
