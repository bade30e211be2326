/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/** Sums whose stock gradient is wrong or fails in ND4J M2.1. */
final class ReductionRules {

    private ReductionRules() {}

    /** Each value is in all sums from its place on, so its gradient is the sum of theirs: the same op from the other end. */
    static void cumsum(RuleContext c) {
        int[] axes = integers(c, 2);
        c.pass(0, c.graph().cumsum(c.gradient(), c.attribute(0, 0) != 0, c.attribute(1, 0) == 0, axes));
    }

    /** y = log sum exp(x): dx = dy exp(x - y). */
    static void logSumExp(RuleContext c) {
        int rank = c.rank(c.input(0));
        int[] axes = integers(c, 0);
        if (axes.length == 0) {
            axes = IntStream.range(0, rank).toArray();
        }
        SDVariable y = c.output(0);
        SDVariable gradient = c.gradient();
        if (c.rank(y) < rank) {
            for (int axis :
                    Arrays.stream(axes).map(a -> a < 0 ? a + rank : a).sorted().toArray()) {
                y = c.graph().expandDims(y, axis);
                gradient = c.graph().expandDims(gradient, axis);
            }
        }
        c.pass(0, c.graph().math().exp(c.input(0).sub(y)).mul(gradient));
    }

    /** y = log softmax(x): dx = dy - exp(y) sum(dy). The stock op loses its dimension where it is copied. */
    static void logSoftmax(RuleContext c) {
        int declared = (int) c.attribute(0, -1);
        int dimension = declared < 0 ? declared + c.rank(c.output(0)) : declared;
        SDVariable share = c.graph().math().exp(c.output(0));
        c.pass(0, c.gradient().sub(share.mul(c.gradient().sum(true, dimension))));
    }

    /** y = sum(x x) / 2: dx = dy x. The stock gradient leaves out dy. */
    static void halfSquares(RuleContext c) {
        c.pass(0, c.input(0).mul(c.gradient()));
    }

    private static int[] integers(RuleContext c, int from) {
        long[] all = ((DynamicCustomOp) c.op()).iArgs();
        return Arrays.stream(all, Math.min(from, all.length), all.length)
                .mapToInt(Math::toIntExact)
                .toArray();
    }
}
