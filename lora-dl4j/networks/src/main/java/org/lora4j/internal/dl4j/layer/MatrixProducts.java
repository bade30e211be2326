/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Matrix products into arrays that exist.
 *
 * @apiNote Status: internal
 */
public final class MatrixProducts {

    private MatrixProducts() {}

    /** {@code c = factor * op(a) op(b)}, where op transposes if told so. */
    public static void set(double factor, INDArray a, boolean transposeA, INDArray b, boolean transposeB, INDArray c) {
        run(factor, a, transposeA, b, transposeB, 0, c);
    }

    /** {@code c += factor * op(a) op(b)}. */
    public static void add(double factor, INDArray a, boolean transposeA, INDArray b, boolean transposeB, INDArray c) {
        run(factor, a, transposeA, b, transposeB, 1, c);
    }

    // BLAS writes columns. A result that lies in rows is the transpose of one in columns: C^T = B^T A^T.
    private static void run(
            double factor, INDArray a, boolean transposeA, INDArray b, boolean transposeB, double keep, INDArray c) {
        if (c.ordering() == 'f') {
            Nd4j.gemm(a, b, c, transposeA, transposeB, factor, keep);
        } else {
            Nd4j.gemm(b, a, c.transpose(), !transposeB, !transposeA, factor, keep);
        }
    }
}
