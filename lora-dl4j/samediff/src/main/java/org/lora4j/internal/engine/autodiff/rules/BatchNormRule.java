/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.lora4j.error.MessageText;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/**
 * y = gain h + shift with h = (x - mean) s and s = 1 / sqrt(variance + eps), where mean and variance are inputs like the others:
 *
 * <p>dx = dy gain s, and of the inputs along one axis, summed over all others: dmean = -sum dx, dvariance = -sum(dx h s) / 2,
 * dgain = sum(dy h), dshift = sum dy. The stock op loses its axis where it is copied, and then fails.
 */
final class BatchNormRule implements GradientRule {

    @Override
    public void apply(RuleContext c) {
        DynamicCustomOp op = (DynamicCustomOp) c.op();
        long[] arguments = op.iArgs();
        int rank = c.rank(c.input(0));
        if (arguments.length > 3) {
            throw new IllegalArgumentException(
                    "op " + MessageText.name(op.getOwnName()) + " (batchnorm): the gradient is defined along"
                            + " one axis; found " + (arguments.length - 2) + ". Reshape its input.");
        }
        int given = arguments.length > 2 ? Math.toIntExact(arguments[2]) : -1;
        int axis = given < 0 ? given + rank : given;
        int gain = arguments[0] != 0 ? 3 : -1;
        int shift = arguments[1] != 0 ? c.inputCount() - 1 : -1;
        int[] others = IntStream.range(0, rank).filter(i -> i != axis).toArray();
        long[] along = new long[rank];
        Arrays.fill(along, 1);
        along[axis] = -1;

        SDVariable dy = c.gradient();
        SDVariable scale = c.graph().math().rsqrt(row(c, 2, along).add(op.tArgs()[0]));
        SDVariable h = c.input(0).sub(row(c, 1, along)).mul(scale);
        SDVariable dx = (gain < 0 ? dy : dy.mul(row(c, gain, along))).mul(scale);
        pass(c, 0, dx);
        pass(c, 1, dx.sum(others).neg());
        pass(c, 2, dx.mul(h).mul(scale).sum(others).mul(-0.5));
        pass(c, gain, dy.mul(h).sum(others));
        pass(c, shift, dy.sum(others));
    }

    private static SDVariable row(RuleContext c, int input, long[] along) {
        return c.graph().reshape(c.input(input), along);
    }

    private static void pass(RuleContext c, int input, SDVariable gradient) {
        if (input >= 0 && c.needs(input)) {
            c.pass(input, gradient);
        }
    }
}
