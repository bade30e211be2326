/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.autodiff.rules;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Rows of a table by index: the gradients of equal indices are added. The stock gradient fails for one-dimensional
 * indices and is silently wrong for others.
 */
final class GatherRule implements GradientRule {

    @Override
    public void apply(RuleContext c) {
        SDVariable table = c.input(0);
        if (c.attribute(0, 0) != 0 || c.inputCount() < 2) {
            throw new IllegalArgumentException("op \"" + c.op().getOwnName()
                    + "\" (gather): the gradient is defined for axis 0 with the indices as an input, found axis "
                    + c.attribute(0, 0) + ". Transpose the table and gather along axis 0.");
        }
        SameDiff g = c.graph();
        SDVariable indices = g.reshape(c.input(1), -1L).castTo(DataType.INT32);
        SDVariable updates = g.reshape(c.gradient(), rowShape(c, table));
        c.pass(0, g.scatterAdd(g.zerosLike(table), indices, updates));
    }

    // [-1, remaining dimensions of the table]
    private static SDVariable rowShape(RuleContext c, SDVariable table) {
        SameDiff g = c.graph();
        SDVariable first = g.constant(Nd4j.createFromArray(-1L));
        if (c.rank(table) == 1) {
            return first;
        }
        SDVariable rest = g.stridedSlice(g.shape(table), new long[] {1}, new long[] {c.rank(table)}, 1L);
        return g.concat(0, first, rest);
    }
}
