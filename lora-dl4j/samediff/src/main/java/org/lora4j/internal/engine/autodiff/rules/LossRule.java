/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

import java.util.List;
import org.lora4j.error.MessageText;
import org.nd4j.autodiff.samediff.SDVariable;

/**
 * The loss ops. Their stock rule ignores the gradient that arrives ("no external gradient"), so a loss that is scaled,
 * or added to another with a factor, is differentiated wrongly; here its result is multiplied by what arrives.
 */
final class LossRule implements GradientRule {

    @Override
    public void apply(RuleContext c) {
        List<SDVariable> stock = c.op().doDiff(c.gradients());
        int outputRank = c.rank(c.output(0));
        for (int i = 0; i < c.inputCount() && i < stock.size(); i++) {
            if (c.needs(i)) {
                c.pass(i, stock.get(i).mul(weight(c, i, outputRank)));
            }
        }
    }

    // A scalar for a reduced loss; else one value per loss value, along the leading dimensions of the input.
    private static SDVariable weight(RuleContext c, int input, int outputRank) {
        int inputRank = c.rank(c.input(input));
        if (outputRank > inputRank) {
            throw new IllegalArgumentException("op " + MessageText.name(c.op().getOwnName()) + " (" + c.op().opName()
                    + ") is not reduced and its input "
                    + MessageText.name(c.input(input).name())
                    + " is broadcast; its gradient is not defined here. Reduce the loss (LossReduce.SUM or a mean).");
        }
        SDVariable weight = c.gradient();
        for (int rank = outputRank; outputRank > 0 && rank < inputRank; rank++) {
            weight = c.graph().expandDims(weight, rank);
        }
        return weight;
    }
}
