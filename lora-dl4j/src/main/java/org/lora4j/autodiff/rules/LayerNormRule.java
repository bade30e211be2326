/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.autodiff.rules;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ops.impl.transforms.custom.LayerNorm;

/**
 * y = gain xhat (+ bias) with xhat = (x - mean) / sqrt(var + 1e-5) over the last dimension: from plain ops, only what is
 * needed. Other dimensions go to the native backward op.
 *
 * <p>Source: Ba, Kiros and Hinton 2016, <i>Layer normalization</i>, arXiv 1607.06450.
 */
final class LayerNormRule implements GradientRule {

    // The constant inside ND4J's own op; it has no attribute for it.
    private static final double EPSILON = 1e-5;

    @Override
    public void apply(RuleContext c) {
        SDVariable x = c.input(0);
        int last = c.rank(x) - 1;
        int[] dimensions = ((LayerNorm) c.op()).getDimensions();
        boolean overLast = dimensions != null
                && dimensions.length == 1
                && (dimensions[0] == last || dimensions[0] == -1)
                && (c.rank(x) == 2 || !channelsFirst(c));
        if (!overLast) {
            new StockRule().apply(c);
            return;
        }
        SameDiff g = c.graph();
        SDVariable centered = x.sub(x.mean(true, last));
        SDVariable inverse =
                g.math().rsqrt(g.math().square(centered).mean(true, last).add(EPSILON));
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

    private static boolean channelsFirst(RuleContext c) {
        boolean[] flags = ((LayerNorm) c.op()).bArgs();
        return flags.length > 0 && flags[0];
    }
}
