/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

import org.lora4j.error.MessageText;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.impl.scatter.ScatterAdd;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Rows of a table by index: the gradients of equal indices are added. The stock gradient fails for one-dimensional
 * indices and is silently wrong for others.
 */
final class GatherRule implements GradientRule {

    @Override
    public void apply(RuleContext c) {
        SDVariable table = c.input(0);
        if (c.attribute(0, 0) != 0 || c.inputCount() < 2 || c.rank(table) < 2) {
            throw new IllegalArgumentException("op " + MessageText.name(c.op().getOwnName())
                    + " (gather): the gradient is defined for rows of a table of 2 or more dimensions (axis 0) with the"
                    + " indices as an input; found axis " + c.attribute(0, 0) + " of " + c.rank(table)
                    + " dimensions. Transpose or reshape the table.");
        }
        SameDiff g = c.graph();
        SDVariable indices = g.reshape(c.input(1), -1L).castTo(DataType.INT32);
        SDVariable rowShape = g.concat(
                0,
                g.constant(Nd4j.createFromArray(-1L)),
                g.stridedSlice(g.shape(table), new long[] {1}, new long[] {c.rank(table)}, 1L));
        SDVariable updates = g.reshape(c.gradient(), rowShape);
        ScatterAdd scatter = new ScatterAdd(g, g.zerosLike(table), indices, updates);
        // Its lock: without it, threads race where an index occurs twice.
        scatter.addBArgument(true);
        c.pass(0, scatter.outputVariable());
    }
}
