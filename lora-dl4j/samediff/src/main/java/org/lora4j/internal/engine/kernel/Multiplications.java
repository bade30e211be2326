/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.List;
import java.util.stream.Stream;
import org.nd4j.autodiff.functions.DifferentialFunction;

/**
 * How much the matrix products of an op compute, in multiplications, each with an addition.
 *
 * @apiNote Status: internal
 */
public final class Multiplications {

    private static final int MATRIX = 2;
    private static final double WHOLE = 1e-9;

    private Multiplications() {}

    /**
     * Counts.
     *
     * @param in shapes of its inputs
     * @param out shapes of its outputs
     * @return the number; 0 for an op without a product
     */
    public static long of(DifferentialFunction op, List<long[]> in, List<long[]> out) {
        if (op instanceof OwnOp own) {
            return own.multiplications(in, out);
        }
        return switch (op.opName()) {
            case "matmul", "mmul", "tensormmul" -> product(in.get(0), in.get(1), out.get(0));
            default -> 0;
        };
    }

    /**
     * Of one product, or of a batch of them, whatever is transposed, permuted or in another shape: the lengths b m k, b k n and
     * b m n of the operands tell m, k and n once the number b of matrices is known. One of the operands shows it; another may
     * have other axes in front, for which m, k and n would not be whole.
     */
    static long product(long[] x, long[] w, long[] z) {
        double xs = length(x);
        double ws = length(w);
        double zs = length(z);
        return Stream.of(x, w, z)
                .map(Multiplications::matrices)
                .filter(b -> isWhole(xs * ws / zs / b) && isWhole(xs * zs / ws / b) && isWhole(ws * zs / xs / b))
                .mapToLong(b -> Math.round(Math.sqrt(xs * ws / b * zs)))
                .min()
                .orElse(0);
    }

    // Whether a square is that of a whole number.
    private static boolean isWhole(double square) {
        double root = Math.rint(Math.sqrt(square));
        return Math.abs(root * root - square) < WHOLE * square;
    }

    private static long matrices(long[] shape) {
        long count = 1;
        for (int i = 0; i < shape.length - MATRIX; i++) {
            count *= shape[i];
        }
        return count;
    }

    private static long length(long[] shape) {
        long length = 1;
        for (long size : shape) {
            length *= size;
        }
        return length;
    }
}
