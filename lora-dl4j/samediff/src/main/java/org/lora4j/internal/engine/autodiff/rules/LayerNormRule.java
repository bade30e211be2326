/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/**
 * y = gain xhat (+ bias) with xhat = (x - mean) / std over the last dimension: from plain ops, only what is needed. Other
 * dimensions go to the native backward op.
 *
 * <p>ND4J's op has no epsilon: it divides by the bare standard deviation and gives 0 for a row of equal values, whose
 * gradient is taken as 0 here.
 *
 * <p>Source: Ba, Kiros and Hinton 2016, <i>Layer normalization</i>, arXiv 1607.06450.
 */
final class LayerNormRule implements GradientRule {

    private static final double TINY = 1e-30;

    @Override
    public void apply(RuleContext c) {
        SDVariable x = c.input(0);
        int last = c.rank(x) - 1;
        if (!overLastDimension(c, last)) {
            new StockRule().apply(c);
            return;
        }
        SameDiff g = c.graph();
        SDVariable centered = x.sub(x.mean(true, last));
        SDVariable deviation = g.math().sqrt(g.math().square(centered).mean(true, last));
        SDVariable spread = g.math().step(deviation, 0.0);
        SDVariable inverse = g.math().reciprocal(deviation.add(TINY)).mul(spread);
        SDVariable normalized = centered.mul(inverse);
        SDVariable dy = c.gradient();
        if (c.needs(0)) {
            SDVariable dn = dy.mul(c.input(1));
            SDVariable along = normalized.mul(dn.mul(normalized).mean(true, last));
            c.pass(0, dn.sub(dn.mean(true, last)).sub(along).mul(inverse));
        }
        if (c.needs(1)) {
            c.pass(1, c.like(ColumnSums.of(dy.mul(normalized), last + 1), 1));
        }
        if (c.needs(2)) {
            c.pass(2, c.like(ColumnSums.of(dy, last + 1), 2));
        }
    }

    private static boolean overLastDimension(RuleContext c, int last) {
        DynamicCustomOp op = (DynamicCustomOp) c.op();
        long[] dimensions = op.iArgs();
        boolean[] flags = op.bArgs();
        boolean channelsFirst = flags.length > 0 && flags[0];
        return dimensions.length == 1
                && (dimensions[0] == last || dimensions[0] == -1)
                && (last == 1 || !channelsFirst);
    }
}
