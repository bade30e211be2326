/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

import java.util.stream.IntStream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Z = tensordot(X, W) over dimensions ax of X and aw of W; Z has X's free dimensions and then W's. Both operands are
 * brought to matrices, X to [m, k] and W to [k, n], and differentiated as a product. The stock gradient throws, and
 * {@code SameDiff.tensorMmul} itself drops all but the first dimension of a longer list.
 */
final class TensordotRule implements GradientRule {

    @Override
    public void apply(RuleContext c) {
        int count = (int) c.attribute(0, 0);
        int rankX = c.rank(c.input(0));
        int rankW = c.rank(c.input(1));
        int[] ax = dimensions(c, 1, count, rankX);
        int[] aw = dimensions(c, 2 + count, count, rankW);
        SameDiff g = c.graph();
        SDVariable k = product(c.input(1), aw);
        Matrix x = Matrix.of(c.input(0), concat(others(ax, rankX), ax), k, false);
        Matrix w = Matrix.of(c.input(1), concat(aw, others(aw, rankW)), k, true);
        SDVariable dz = g.reshape(c.gradient(), g.stack(0, g.constant(-1L), product(c.input(1), others(aw, rankW))));
        if (c.needs(0)) {
            c.pass(0, x.back(g.mmul(dz, w.matrix(), false, true, false)));
        }
        if (c.needs(1)) {
            c.pass(1, w.back(g.mmul(x.matrix(), dz, true, false, false)));
        }
    }

    /** An operand with its dimensions in a given order, and the same as a matrix. */
    private record Matrix(SDVariable permuted, SDVariable matrix, int[] order) {

        static Matrix of(SDVariable v, int[] order, SDVariable k, boolean kFirst) {
            SameDiff g = v.getSameDiff();
            SDVariable permuted = isIdentity(order) ? v : v.permute(order);
            SDVariable rest = g.constant(-1L);
            SDVariable shape = kFirst ? g.stack(0, k, rest) : g.stack(0, rest, k);
            return new Matrix(permuted, g.reshape(permuted, shape), order);
        }

        SDVariable back(SDVariable gradient) {
            SameDiff g = gradient.getSameDiff();
            SDVariable shaped = g.reshape(gradient, g.shape(permuted));
            if (isIdentity(order)) {
                return shaped;
            }
            int[] inverse = new int[order.length];
            for (int i = 0; i < order.length; i++) {
                inverse[order[i]] = i;
            }
            return shaped.permute(inverse);
        }
    }

    private static SDVariable product(SDVariable v, int[] dimensions) {
        SameDiff g = v.getSameDiff();
        return g.prod(g.gather(g.shape(v), g.constant(Nd4j.createFromArray(dimensions)), 0));
    }

    private static int[] dimensions(RuleContext c, int from, int count, int rank) {
        return IntStream.range(0, count)
                .map(i -> (int) c.attribute(from + i, 0))
                .map(d -> d < 0 ? d + rank : d)
                .toArray();
    }

    private static int[] others(int[] taken, int rank) {
        return IntStream.range(0, rank)
                .filter(d -> IntStream.of(taken).noneMatch(t -> t == d))
                .toArray();
    }

    private static int[] concat(int[] first, int[] second) {
        return IntStream.concat(IntStream.of(first), IntStream.of(second)).toArray();
    }

    private static boolean isIdentity(int[] order) {
        return IntStream.range(0, order.length).allMatch(i -> order[i] == i);
    }
}
