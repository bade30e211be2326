/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.internal.array.Blocks;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.array.RowLoops;
import org.lora4j.internal.array.ThreadArrays;
import org.lora4j.internal.engine.autodiff.rules.RuleContext;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.graph.OpRewrite;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The gradient of a table whose rows were looked up: zeros, to which rows are added. The ops write the zeros, copy them, and add; a
 * table of a vocabulary is tens of megabytes each time. Inputs are the table, of which the shape counts, the indices, and
 * the rows.
 */
final class TableGradient extends FusedOp {

    /** The name that tables of ops know it by. */
    static final String NAME = "lora4j_table_gradient";

    private static final int ROWS = 2;
    private static final int LEAST_WIDTH = 16;

    private TableGradient(SameDiff graph, SDVariable... inputs) {
        super(1, graph, inputs);
    }

    @Override
    public String opName() {
        return NAME;
    }

    @Override
    public TableGradient copied() {
        return new TableGradient(null);
    }

    /** The rewrite of each, by the name of the op that adds the rows. */
    static Map<String, OpRewrite> find(SameDiff graph, LiveOps live) {
        Map<String, OpRewrite> found = new LinkedHashMap<>();
        for (SameDiffOp op : graph.getOps().values()) {
            if (op.getOp().opName().equals("scatter_add") && live.contains(op)) {
                List<String> in = GraphOrder.inputs(op);
                SameDiffOp zeros = zeros(live, in.get(0));
                String table = zeros == null ? null : GraphOrder.inputs(zeros).get(0);
                if (table != null && isTaken(graph, table, in)) {
                    found.put(op.getName(), context -> {
                        SameDiff target = context.graph();
                        return List.of(new TableGradient(
                                        target,
                                        target.getVariable(table),
                                        target.getVariable(in.get(1)),
                                        target.getVariable(in.get(ROWS)))
                                .outputVariable());
                    });
                }
            }
        }
        return found;
    }

    private static SameDiffOp zeros(LiveOps live, String variable) {
        SameDiffOp zeros = live.producer(variable, "zeroslike");
        return zeros == null ? live.producer(variable, "zeros_as") : zeros;
    }

    // Short rows are not worth a copy each.
    private static boolean isTaken(SameDiff graph, String table, List<String> in) {
        SDVariable variable = graph.getVariable(table);
        INDArray values = variable.isPlaceHolder() ? null : variable.getArr();
        return values != null
                && values.rank() == 2
                && values.size(1) >= LEAST_WIDTH
                && values.dataType() == DataType.FLOAT
                && graph.getVariable(in.get(1)).dataType() == DataType.INT32
                && graph.getVariable(in.get(ROWS)).dataType() == DataType.FLOAT;
    }

    @Override
    List<long[]> shapes(List<INDArray> in) {
        return List.of(in.get(0).shape());
    }

    @Override
    Kernel kernel(Multiplier multiplier) {
        return Kernel.of(TableGradient::add);
    }

    private static void add(List<INDArray> in, List<INDArray> out) {
        int[] places = in.get(1).dup('c').data().asInt();
        try (DenseArray rows = DenseArray.rowMajor(in.get(ROWS));
                DenseArray sums = DenseArray.toBeWritten(out.get(0))) {
            float[] zeros = new float[Blocks.size(sums.length(), 1)];
            Blocks.run(sums.length(), 1, (block, from, length) -> sums.write(from, zeros, length));
            int width = sums.width();
            float[] sum = ThreadArrays.array(0, width);
            float[] row = ThreadArrays.array(1, width);
            for (int i = 0; i < places.length; i++) {
                long at = (long) places[i] * width;
                sums.read(at, sum, width);
                rows.read((long) i * width, row, width);
                RowLoops.add(row, sum, width);
                sums.write(at, sum, width);
            }
            sums.flush();
        }
    }

    @Override
    void differentiate(RuleContext c) {
        throw new UnsupportedOperationException(NAME);
    }
}
