/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/** The fused linear layers of SameDiff: z = x W + b, and its rectified form. */
final class LinearRules {

    private LinearRules() {}

    static void xwPlusB(RuleContext c) {
        linear(c, c.gradient());
    }

    static void reluLayer(RuleContext c) {
        SDVariable open = c.graph().math().step(c.output(0), 0.0);
        linear(c, c.gradient().mul(open));
    }

    private static void linear(RuleContext c, SDVariable dz) {
        SameDiff g = c.graph();
        if (c.needs(0)) {
            c.pass(0, g.mmul(dz, c.input(1), false, true, false));
        }
        if (c.needs(1)) {
            c.pass(1, g.mmul(c.input(0), dz, true, false, false));
        }
        if (c.needs(2)) {
            c.pass(2, c.like(ColumnSums.of(dz, 2), 2));
        }
    }
}
