/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.autodiff.rules;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * Z = op(X) op(W), with op the identity or the transpose: one product for each side that needs it. The stock rule
 * always computes both.
 */
final class MatmulRule implements GradientRule {

    @Override
    public void apply(RuleContext c) {
        boolean transposeResult = c.attribute(2, 0) != 0;
        if (transposeResult) {
            new StockRule().apply(c);
            return;
        }
        boolean tx = c.attribute(0, 0) != 0;
        boolean tw = c.attribute(1, 0) != 0;
        SDVariable x = c.input(0);
        SDVariable w = c.input(1);
        SDVariable dz = c.gradient();
        SameDiff g = c.graph();
        if (c.needs(0)) {
            c.pass(0, tx ? g.mmul(w, dz, tw, true, false) : g.mmul(dz, w, false, !tw, false));
        }
        if (c.needs(1)) {
            c.pass(1, tw ? g.mmul(dz, x, true, tx, false) : g.mmul(x, dz, !tx, false, false));
        }
    }
}
