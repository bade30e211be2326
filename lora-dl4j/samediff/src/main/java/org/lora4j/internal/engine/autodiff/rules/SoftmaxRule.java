/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

import org.nd4j.autodiff.samediff.SDVariable;

/** y = softmax(x) along one dimension: dx = y (dy - sum(dy y)). The native backward op is up to six times slower. */
final class SoftmaxRule implements GradientRule {

    @Override
    public void apply(RuleContext c) {
        int declared = (int) c.attribute(0, -1);
        // ND4J's reductions take a negative dimension for another one than its softmax does.
        int dimension = declared < 0 ? declared + c.rank(c.output(0)) : declared;
        SDVariable y = c.output(0);
        SDVariable weighted = c.gradient().mul(y);
        c.pass(0, weighted.sub(y.mul(weighted.sum(true, dimension))));
    }
}
