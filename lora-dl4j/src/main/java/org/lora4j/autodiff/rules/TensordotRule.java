/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.autodiff.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * Z = tensordot(X, W) over dimensions ax of X and aw of W; Z has X's free dimensions and then W's. Both gradients are
 * tensordots again, transposed back. The stock gradient throws.
 */
final class TensordotRule implements GradientRule {

    @Override
    public void apply(RuleContext c) {
        int count = (int) c.attribute(0, 0);
        int rankX = c.rank(c.input(0));
        int rankW = c.rank(c.input(1));
        int[] ax = dimensions(c, 1, count, rankX);
        int[] aw = dimensions(c, 2 + count, count, rankW);
        int[] freeX = others(ax, rankX);
        int[] freeW = others(aw, rankW);
        SameDiff g = c.graph();
        SDVariable dz = c.gradient();
        if (c.needs(0)) {
            int[] zOfW =
                    IntStream.range(freeX.length, freeX.length + freeW.length).toArray();
            // Result dimensions: X's free ones, then W's contracted ones in ascending order.
            SDVariable product = g.tensorMmul(dz, c.input(1), zOfW, freeW);
            c.pass(0, back(product, freeX, matching(ax, aw), rankX));
        }
        if (c.needs(1)) {
            int[] zOfX = IntStream.range(0, freeX.length).toArray();
            // Result dimensions: X's contracted ones in ascending order, then W's free ones.
            SDVariable product = g.tensorMmul(c.input(0), dz, freeX, zOfX);
            c.pass(1, back(product, matching(aw, ax), freeW, rankW));
        }
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

    // The dimensions in "own", in the ascending order of their partners.
    private static int[] matching(int[] own, int[] partner) {
        return IntStream.range(0, own.length)
                .boxed()
                .sorted((i, j) -> Integer.compare(partner[i], partner[j]))
                .mapToInt(i -> own[i])
                .toArray();
    }

    // Dimension first[0] of the target is dimension 0 of the product, and so on.
    private static SDVariable back(SDVariable product, int[] first, int[] second, int rank) {
        List<Integer> order = new ArrayList<>();
        IntStream.of(first).forEach(order::add);
        IntStream.of(second).forEach(order::add);
        int[] permutation = new int[rank];
        boolean identity = true;
        for (int i = 0; i < rank; i++) {
            permutation[order.get(i)] = i;
            identity &= order.get(i) == i;
        }
        return identity ? product : product.permute(permutation);
    }
}
