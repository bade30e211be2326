/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.Extremes;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.graph.OpTraits;
import org.lora4j.quant.StoredWeights;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/**
 * The placeholders of a graph that hold indices or class labels, and the range of each. ND4J does not look: a label beyond
 * the classes makes a row of zeros or reads foreign memory, and so does an id beyond its table.
 */
final class IndexRanges {

    private static final String SPARSE_LOSS = "sparse_softmax_cross_entropy_loss_with_logits";

    private final SameDiff graph;
    private final List<Range> ranges = new ArrayList<>();

    /** What an op takes from a placeholder: indices from {@code least} on, below {@code size}. */
    private record Range(String placeholder, String result, long least, long size, String use) {}

    IndexRanges(SameDiff graph) {
        this.graph = graph;
        graph.getOps().values().forEach(this::add);
    }

    private void add(SameDiffOp op) {
        List<String> inputs = GraphOrder.inputs(op);
        switch (op.getOp().opName()) {
            case "gather" -> {
                if (argument(op, 0, 0) == 0) {
                    add(op, inputs.get(1), 0, rows(inputs.get(0)), "rows of \"" + inputs.get(0) + "\"");
                }
            }
            // A negative label makes a row of zeros, which is how examples are left out of a loss.
            case "onehot" -> add(op, inputs.get(0), Long.MIN_VALUE, argument(op, 1, -1), "classes of the one-hot op");
            case SPARSE_LOSS -> add(op, inputs.get(0), 0, width(inputs.get(1)), "classes of \"" + inputs.get(1) + "\"");
            default -> {
                // Takes no indices that are known here.
            }
        }
    }

    private void add(SameDiffOp op, String indices, long least, long size, String use) {
        String placeholder = placeholder(indices);
        if (placeholder != null && size > 0) {
            ranges.add(new Range(placeholder, op.getOutputsOfOp().get(0), least, size, size + " " + use));
        }
    }

    private String placeholder(String variable) {
        SDVariable found = graph.getVariable(variable);
        if (found.getVariableType() == VariableType.PLACEHOLDER) {
            return variable;
        }
        SameDiffOp producer = producer(variable);
        return producer != null && OpTraits.keepsValues(producer)
                ? placeholder(GraphOrder.inputs(producer).get(0))
                : null;
    }

    private SameDiffOp producer(String variable) {
        String producer = GraphOrder.producer(graph, variable);
        return producer == null ? null : graph.getOps().get(producer);
    }

    private long rows(String table) {
        long[] shape = shape(table);
        return shape == null || shape.length == 0 ? -1 : shape[0];
    }

    // The number of columns of what a head computes, from its weight; -1 where it is not of such a form.
    private long width(String logits) {
        SameDiffOp op = producer(logits);
        if (op == null) {
            return -1;
        }
        List<String> inputs = GraphOrder.inputs(op);
        return switch (op.getOp().opName()) {
            case "matmul" -> columns(inputs.get(1), argument(op, 1, 0) != 0);
            case "xw_plus_b" -> columns(inputs.get(1), argument(op, 1, 0) != 0);
            case "add", "identity" ->
                inputs.stream().mapToLong(this::width).max().orElse(-1);
            default -> -1;
        };
    }

    private long columns(String weight, boolean transposed) {
        long[] shape = shape(weight);
        return shape == null || shape.length != 2 ? -1 : shape[transposed ? 0 : 1];
    }

    // Of a leaf or of a stored weight; null for all else.
    private long[] shape(String name) {
        SDVariable found = graph.getVariable(name);
        boolean leaf =
                found.getVariableType() == VariableType.CONSTANT || found.getVariableType() == VariableType.VARIABLE;
        if (leaf) {
            return found.getArr() == null ? null : found.getArr().shape();
        }
        return StoredWeights.find(graph, name)
                .map(stored -> new long[] {stored.rows(), stored.columns()})
                .orElse(null);
    }

    private static long argument(SameDiffOp op, int index, long otherwise) {
        long[] arguments = op.getOp() instanceof DynamicCustomOp custom ? custom.iArgs() : new long[0];
        return arguments.length > index ? arguments[index] : otherwise;
    }

    /** Notes every index that is out of its range, of ops that the given variables need. */
    void check(Map<String, INDArray> given, Set<String> needed, Problems problems) {
        for (Range range : ranges) {
            INDArray array = given.get(range.placeholder());
            if (array == null || array.isEmpty() || !needed.contains(range.result())) {
                continue;
            }
            Extremes found = Extremes.of(array);
            double least = found.least();
            double most = found.most();
            if (!(least >= range.least() && most < range.size())) {
                problems.add("placeholder \"" + range.placeholder() + "\" holds "
                        + (most < range.size() ? (long) least : (long) most) + ", expected 0 to " + (range.size() - 1)
                        + " (" + range.use() + ")");
            }
        }
    }
}
