/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import org.lora4j.internal.graph.OpContext;
import org.lora4j.internal.host.ReplacedTokenRows;
import org.lora4j.internal.samediff.form.Layout;
import org.lora4j.samediff.OpPlan.Leaf;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Replaces rows of a table, in the result of a lookup or in the table itself. Every value is multiplied by 1 or by 0 and
 * added to a zero, so what is not replaced stays equal.
 *
 * @param rows the new rows {@code [rows, size]}
 * @param places for each row of the table its place among the new ones, 0 if it is not replaced
 * @param kept for each row of the table 1 if it stays and 0 if it is replaced, {@code [vocabulary, 1]}
 * @param layout how the table lies
 */
record RowUpdate(Leaf rows, Leaf places, Leaf kept, Layout layout) implements LeafUpdates.Update {

    /** For each row of a table its place among the new ones. */
    static INDArray places(ReplacedTokenRows<GraphModule> rows) {
        int[] places = new int[Math.toIntExact(rows.vocabulary())];
        for (int i = 0; i < rows.rows().size(); i++) {
            places[rows.rows().get(i)] = i;
        }
        return Nd4j.createFromArray(places);
    }

    /** For each row of a table whether it stays. */
    static INDArray kept(ReplacedTokenRows<GraphModule> rows, DataType type) {
        INDArray kept = Nd4j.ones(type, rows.vocabulary(), 1);
        rows.rows().forEach(row -> kept.putScalar(row, 0, 0));
        return kept;
    }

    /** Replaces what was looked up of the rows. */
    SDVariable applyToLookup(OpContext context, SDVariable indices, SDVariable found) {
        SameDiff graph = context.graph();
        SDVariable flat = graph.reshape(indices, -1);
        SDVariable stays = graph.gather(kept.in(context), flat, 0);
        SDVariable place = graph.gather(places.in(context), flat, 0);
        SDVariable fresh = graph.gather(rows.in(context), place, 0);
        SDVariable old = graph.reshape(found, -1, rows.array().size(1));
        SDVariable result = old.mul(stays).add(fresh.mul(stays.rsub(1)));
        return graph.reshape(result, graph.shape(found));
    }

    @Override
    public SDVariable apply(OpContext context, SDVariable table) {
        SameDiff graph = context.graph();
        SDVariable stays = kept.in(context);
        SDVariable fresh = graph.gather(rows.in(context), places.in(context), 0).mul(stays.rsub(1));
        boolean swapped = layout == Layout.TRANSPOSED;
        return table.mul(swapped ? graph.permute(stays, 1, 0) : stays)
                .add(swapped ? graph.permute(fresh, 1, 0) : fresh);
    }
}
