/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/** Sums, products and other ops that work value by value, with broadcasting. */
final class ElementwiseRules {

    private ElementwiseRules() {}

    static void add(RuleContext c) {
        for (int i = 0; i < 2; i++) {
            if (c.needs(i)) {
                c.pass(i, c.sumToInput(c.gradient(), i));
            }
        }
    }

    static void subtract(RuleContext c) {
        if (c.needs(0)) {
            c.pass(0, c.sumToInput(c.gradient(), 0));
        }
        if (c.needs(1)) {
            c.pass(1, c.sumToInput(c.gradient(), 1).neg());
        }
    }

    static void multiply(RuleContext c) {
        for (int i = 0; i < 2; i++) {
            if (c.needs(i)) {
                c.pass(i, c.sumToInput(c.gradient().mul(c.input(1 - i)), i));
            }
        }
    }

    // z = x / y: dx = dz / y, dy = -dz z / y
    static void divide(RuleContext c) {
        SDVariable y = c.input(1);
        if (c.needs(0)) {
            c.pass(0, c.sumToInput(c.gradient().div(y), 0));
        }
        if (c.needs(1)) {
            c.pass(1, c.sumToInput(c.gradient().mul(c.output(0)).div(y), 1).neg());
        }
    }

    static void biasAdd(RuleContext c) {
        boolean[] flags = ((DynamicCustomOp) c.op()).bArgs();
        boolean channelsFirst = flags.length > 0 && flags[0];
        if (channelsFirst) {
            // The stock gradient is right here; only the last-dimension case is worth a faster one.
            new StockRule().apply(c);
        } else {
            add(c);
        }
    }

    // d erf(x) / dx = 2 / sqrt(pi) exp(-x^2)
    static void erf(RuleContext c) {
        SDVariable x = c.input(0);
        SDVariable bell = c.graph().math().exp(c.graph().math().square(x).neg());
        c.pass(0, c.gradient().mul(bell).mul(2.0 / Math.sqrt(Math.PI)));
    }
}
