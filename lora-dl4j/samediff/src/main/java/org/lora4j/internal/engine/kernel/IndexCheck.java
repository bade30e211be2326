/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.error.IndexOutOfRangeException;
import org.lora4j.internal.array.Extremes;
import org.lora4j.internal.graph.GraphOrder;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Looks at the indices of an op before it runs: ids, positions and labels, given or computed by the graph itself.
 *
 * <p>The native ops of ND4J M2.1 in this table follow an index wherever it leads: one row behind a table is foreign memory,
 * read or written without a word, and a hundred rows end the JVM. The smallest and the largest index of a batch tell. Native
 * ops that are not here (segments, slices, {@code onehot}, {@code confusion_matrix}, ...) refuse or pass over a wrong index
 * themselves.
 *
 * @apiNote Status: internal
 */
public final class IndexCheck {

    private static final int LONGEST_NAME_SHOWN = 100;

    private static final Set<String> SCATTERS = Set.of(
            "scatter_add",
            "scatter_sub",
            "scatter_mul",
            "scatter_div",
            "scatter_max",
            "scatter_min",
            "scatter_upd",
            "scatter_update");

    private static final Map<String, Rule> RULES = new HashMap<>();

    static {
        RULES.put("gather", IndexCheck::gather);
        RULES.put(StoredLookup.NAME, IndexCheck::storedLookup);
        RULES.put("embedding_lookup", IndexCheck::lookup);
        RULES.put(ChunkedLoss.NAME, IndexCheck::chunkedLoss);
        RULES.put(TableGradient.NAME, c -> c.require(1, c.size(0, 0), c.name(0)));
        SCATTERS.forEach(op -> RULES.put(op, c -> c.require(1, c.size(0, 0), c.name(0))));
        RULES.put("gather_nd", c -> c.requireColumns(1, c.array(0).shape(), c.name(0)));
        for (String op : List.of("scatter_nd_add", "scatter_nd_sub", "scatter_nd_update")) {
            RULES.put(op, c -> c.requireColumns(1, c.array(0).shape(), c.name(0)));
        }
        RULES.put("scatter_nd", c -> c.requireColumns(0, c.array(2).toLongVector(), "the result"));
        RULES.put("compat_sparse_to_dense", c -> c.requireColumns(0, c.array(1).toLongVector(), "the result"));
        RULES.put("dynamic_stitch", IndexCheck::stitch);
        for (String op : List.of("", "_grad")) {
            RULES.put(
                    "sparse_softmax_cross_entropy_loss_with_logits" + op, c -> c.require(0, c.size(1, -1), c.name(1)));
            RULES.put("ctc_loss" + op, c -> c.requireFrom(-1, 0, c.size(1, -1), c.name(1)));
        }
    }

    private final String output;
    private final String kind;
    private final DynamicCustomOp function;
    private final List<String> names;
    private final Rule rule;

    /** What must hold of the inputs of an op of a kind. */
    private interface Rule {
        void check(Call call);
    }

    private IndexCheck(SameDiffOp op, DynamicCustomOp function, Rule rule) {
        this.output = op.getOutputsOfOp().get(0);
        this.kind = function.opName();
        this.function = function;
        this.names = GraphOrder.inputs(op);
        this.rule = rule;
    }

    /**
     * The check of an op.
     *
     * @return its check, or null if it follows no index
     */
    public static IndexCheck of(SameDiffOp op) {
        Rule rule = RULES.get(op.getOp().opName());
        return rule != null && op.getOp() instanceof DynamicCustomOp function
                ? new IndexCheck(op, function, rule)
                : null;
    }

    /** The checks of a graph by the names of their ops. */
    static Map<String, IndexCheck> of(SameDiff graph) {
        Map<String, IndexCheck> checks = new HashMap<>();
        graph.getOps().forEach((name, op) -> {
            IndexCheck check = of(op);
            if (check != null) {
                checks.put(name, check);
            }
        });
        return checks;
    }

    /**
     * Looks at the indices of a run.
     *
     * @throws IndexOutOfRangeException if an index is out of its range
     */
    public void check(List<INDArray> inputs) {
        rule.check(new Call(inputs));
    }

    // The axis is an attribute or the third input, the indices the second input or the attributes behind the axis.
    private static void gather(Call c) {
        long[] attributes = c.attributes();
        long axis = c.inputs.size() > 2 ? c.array(2).getLong(0) : attributes.length > 0 ? attributes[0] : 0;
        long size = c.size(0, axis);
        if (c.inputs.size() > 1) {
            c.require(1, size, c.name(0));
        } else {
            for (int i = 1; i < attributes.length; i++) {
                c.require(attributes[i], attributes[i], 0, size, "", c.name(0));
            }
        }
    }

    private static void storedLookup(Call c) {
        StoredLookup lookup = (StoredLookup) c.function();
        c.require(0, lookup.rows(), quoted(lookup.table()));
    }

    private static void chunkedLoss(Call c) {
        c.require(1, ((ChunkedLoss) c.function()).classes(c.inputs), "the output layer");
    }

    // Several tables are one, cut into pieces.
    private static void lookup(Call c) {
        int last = c.inputs.size() - 1;
        long rows = 0;
        for (int i = 0; i < last; i++) {
            rows += c.size(i, 0);
        }
        c.require(last, rows, c.name(0));
    }

    // The result has as many rows as the largest index asks for.
    private static void stitch(Call c) {
        for (int i = 0; i < c.inputs.size() / 2; i++) {
            c.require(i, Integer.MAX_VALUE, "the result");
        }
    }

    /** The inputs of one run. */
    private final class Call {

        private final List<INDArray> inputs;

        Call(List<INDArray> inputs) {
            this.inputs = inputs;
        }

        INDArray array(int input) {
            return inputs.get(input);
        }

        DynamicCustomOp function() {
            return function;
        }

        long[] attributes() {
            return function.iArgs();
        }

        String name(int input) {
            return quoted(names.get(input));
        }

        /** The size of a dimension, also one counted from behind. An axis that there is not is the op's own affair. */
        long size(int input, long axis) {
            INDArray array = array(input);
            long counted = axis < 0 ? axis + array.rank() : axis;
            return counted < 0 || counted >= array.rank() ? Long.MAX_VALUE : array.size((int) counted);
        }

        void require(int indices, long size, String what) {
            requireFrom(0, indices, size, what);
        }

        void requireFrom(long first, int indices, long size, String what) {
            require(array(indices), first, size, name(indices) + ": ", what);
        }

        /** Each index is a row of coordinates. */
        void requireColumns(int indices, long[] sizes, String what) {
            INDArray array = array(indices);
            if (array.isEmpty() || array.rank() == 0) {
                return;
            }
            long columns = array.size(-1);
            INDArray rows = array.reshape('c', -1, columns);
            for (int i = 0; i < columns && i < sizes.length; i++) {
                INDArray column = rows.get(NDArrayIndex.all(), NDArrayIndex.point(i));
                require(column, 0, sizes[i], name(indices) + ", coordinate " + i + ": ", what);
            }
        }

        private void require(INDArray array, long first, long size, String where, String what) {
            if (!array.isEmpty()) {
                Extremes found = Extremes.of(array);
                require((long) found.least(), (long) found.most(), first, size, where, what);
            }
        }

        private void require(long least, long most, long first, long size, String where, String what) {
            if (least < first || most >= size) {
                throw new IndexOutOfRangeException("graph input: variable " + quoted(output) + " (" + kind + "), "
                        + where
                        + "indices from " + least + " to " + most + "; expected " + first + " to " + (size - 1)
                        + ", as "
                        + what + " has " + size + ". Positions: cut the texts, or encode them with the model's longest"
                        + " length as maxLength. Ids: use the tokenizer of this model. Labels: number the classes"
                        + " from 0.");
            }
        }
    }

    private static String quoted(String name) {
        return "\"" + name.substring(0, Math.min(name.length(), LONGEST_NAME_SHOWN)) + "\"";
    }
}
