/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * Z = op(X) op(W), with op the identity or the transpose: one product for each side that needs it. The stock rule
 * always computes both, and fails for a vector, which counts as a row on the left and as a column on the right.
 */
final class MatmulRule implements GradientRule {

    @Override
    public void apply(RuleContext c) {
        boolean transposeResult = c.attribute(2, 0) != 0;
        boolean row = c.rank(c.input(0)) == 1;
        boolean column = c.rank(c.input(1)) == 1;
        if (transposeResult) {
            new StockRule().apply(c);
        } else if (row && column) {
            dot(c);
        } else {
            product(c, row, column);
        }
    }

    private static void dot(RuleContext c) {
        for (int i = 0; i < 2; i++) {
            if (c.needs(i)) {
                c.pass(i, c.input(1 - i).mul(c.gradient()));
            }
        }
    }

    private static void product(RuleContext c, boolean row, boolean column) {
        SameDiff g = c.graph();
        boolean tx = !row && c.attribute(0, 0) != 0;
        boolean tw = !column && c.attribute(1, 0) != 0;
        SDVariable x = row ? g.expandDims(c.input(0), 0) : c.input(0);
        SDVariable w = column ? g.expandDims(c.input(1), 1) : c.input(1);
        SDVariable dz = row || column ? g.expandDims(c.gradient(), row ? 0 : 1) : c.gradient();
        if (c.needs(0)) {
            SDVariable dx = tx ? g.mmul(w, dz, tw, true, false) : g.mmul(dz, w, false, !tw, false);
            c.pass(0, row ? c.like(dx, 0) : dx);
        }
        if (c.needs(1)) {
            SDVariable dw = tw ? g.mmul(dz, x, true, tx, false) : g.mmul(x, dz, !tx, false, false);
            c.pass(1, column ? c.like(dw, 1) : dw);
        }
    }
}
