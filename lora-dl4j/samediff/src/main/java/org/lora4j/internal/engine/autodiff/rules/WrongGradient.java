/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

import java.util.Set;
import org.lora4j.error.MessageText;

/** The ops whose gradient in ND4J M2.1 is not that of what they compute: training through them would be silently wrong. */
final class WrongGradient implements GradientRule {

    static final Set<String> OPS = Set.of(
            "car",
            "clipbynorm",
            "cross",
            "cumprod",
            "floormod",
            "hardtanhderivative",
            "lrn",
            "matrix_inverse",
            "max_pool_with_argmax",
            "meshgrid",
            "mod",
            "repeat"); // Ends the JVM: it takes its own output for the gradient.

    @Override
    public void apply(RuleContext c) {
        throw new IllegalArgumentException("op " + MessageText.name(c.op().getOwnName()) + " ("
                + c.op().opName() + ") has a wrong gradient in ND4J M2.1, so that training through it would be wrong."
                + " Freeze what lies behind it, or spell it with other ops.");
    }
}
