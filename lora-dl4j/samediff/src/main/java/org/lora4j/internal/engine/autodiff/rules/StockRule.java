/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

import java.util.List;
import org.lora4j.error.MessageText;
import org.nd4j.autodiff.samediff.SDVariable;

/** Asks the op itself. */
final class StockRule implements GradientRule {

    @Override
    public void apply(RuleContext context) {
        List<SDVariable> gradients;
        try {
            gradients = context.op().doDiff(context.gradients());
        } catch (UnsupportedOperationException e) {
            throw noGradient(context, e);
        }
        if (gradients == null) {
            throw noGradient(context, null);
        }
        for (int i = 0; i < context.inputCount() && i < gradients.size(); i++) {
            if (context.needs(i)) {
                context.pass(i, gradients.get(i));
            }
        }
    }

    private static IllegalArgumentException noGradient(RuleContext context, Exception cause) {
        return new IllegalArgumentException(
                "op " + MessageText.name(context.op().getOwnName()) + " ("
                        + context.op().opName()
                        + ") has no gradient in ND4J M2.1. Freeze what lies behind it, or spell it with other ops.",
                cause);
    }
}
