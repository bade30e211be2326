/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.graph.OpRewrite;
import org.lora4j.quant.StoredWeight;
import org.lora4j.quant.StoredWeights;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The op {@code gather} of rows of a stored table: computes the rows that are asked for and no other. Its inputs are the
 * indices, of any shape; the result has one more axis.
 *
 * <p>An op of our own, which only {@link KernelSession} can run and no copy of a graph can carry.
 */
final class StoredLookup extends OwnOp {

    /** The name that tables of ops know it by. */
    static final String NAME = "lora4j_stored_lookup";

    private final StoredWeight table;
    private final String name;

    private StoredLookup(SameDiff graph, StoredWeight table, String name, SDVariable indices) {
        super(1, graph, indices);
        this.table = table;
        this.name = name;
    }

    /** The rewrite of each lookup of a graph in a stored table, by the name of the op. */
    static Map<String, OpRewrite> find(SameDiff graph) {
        Map<String, OpRewrite> found = new LinkedHashMap<>();
        for (SameDiffOp op : graph.getOps().values()) {
            List<String> inputs = GraphOrder.inputs(op);
            String name = inputs.isEmpty() ? null : inputs.get(0);
            if (name != null && StoredWeights.isLookup(op, name)) {
                StoredWeights.find(graph, name)
                        .ifPresent(table -> found.put(
                                op.getName(),
                                context -> List.of(new StoredLookup(
                                                context.graph(),
                                                table,
                                                name,
                                                context.inputs().get(1))
                                        .outputVariable())));
            }
        }
        return found;
    }

    /** Number of the rows of the table. */
    long rows() {
        return table.rows();
    }

    /** Name of the table. */
    String table() {
        return name;
    }

    @Override
    public String opName() {
        return NAME;
    }

    @Override
    List<long[]> shapes(List<INDArray> in) {
        INDArray indices = in.get(0);
        long[] shape = Arrays.copyOf(indices.shape(), indices.rank() + 1);
        shape[indices.rank()] = table.columns();
        return List.of(shape);
    }

    @Override
    Kernel kernel(Multiplier multiplier) {
        return Kernel.of((in, out) -> run(in.get(0), out.get(0)));
    }

    // The indices were looked at.
    private void run(INDArray indices, INDArray rows) {
        int columns = Math.toIntExact(table.columns());
        long[] places = indices.dup('c').data().asLong();
        float[] row = new float[columns];
        try (DenseArray out = DenseArray.toBeWritten(rows)) {
            for (int i = 0; i < places.length; i++) {
                table.read(places[i], 1, row);
                out.write((long) i * columns, row, columns);
            }
            out.flush();
        }
    }
}
