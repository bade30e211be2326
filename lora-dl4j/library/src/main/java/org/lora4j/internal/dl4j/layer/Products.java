/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.kernel.Multiplier.Factor;
import org.lora4j.exec.kernel.Multiplier.Product;
import org.lora4j.exec.onednn.OneDnn;
import org.lora4j.internal.engine.kernel.Kernels;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Matrix products into arrays that exist: by what multiplies fastest for models of SameDiff, too. Only a layer's own product
 * forwards is not computed here but by ND4J, as in the stock layer, so that both give the same values.
 *
 * @apiNote Status: internal
 */
public final class Products {

    private Products() {}

    /** Known when it is asked for first. */
    private static final class Fastest {
        private static final Multiplier PRODUCTS = Kernels.available() ? OneDnn.orNd4j() : Multiplier.nd4j();
    }

    private static boolean isFloat(INDArray array) {
        return array.dataType() == DataType.FLOAT;
    }

    private static Factor transpose(Factor factor) {
        return new Factor(factor.array(), !factor.transposed(), false);
    }

    /** {@code c = factor * op(a) op(b)}, where op transposes if told so. */
    public static void set(double factor, INDArray a, boolean transposeA, INDArray b, boolean transposeB, INDArray c) {
        run(factor, a, transposeA, b, transposeB, 0, c);
    }

    /** {@code c += factor * op(a) op(b)}. */
    public static void add(double factor, INDArray a, boolean transposeA, INDArray b, boolean transposeB, INDArray c) {
        run(factor, a, transposeA, b, transposeB, 1, c);
    }

    // A result that lies in columns is the transpose of one in rows, and the other way round: C^T = B^T A^T.
    private static void run(
            double factor, INDArray a, boolean transposeA, INDArray b, boolean transposeB, double keep, INDArray c) {
        boolean columns = c.ordering() == 'f';
        Multiplier multiplier = isFloat(a) && isFloat(b) && isFloat(c) ? Fastest.PRODUCTS : Multiplier.nd4j();
        if (multiplier != Multiplier.nd4j()) {
            Factor left = new Factor(a, transposeA, false);
            Factor right = new Factor(b, transposeB, false);
            multiplier.multiply(
                    columns ? new Product(factor, transpose(right), transpose(left)) : new Product(factor, left, right),
                    columns ? c.transpose() : c,
                    keep);
        } else if (columns) {
            Nd4j.gemm(a, b, c, transposeA, transposeB, factor, keep);
        } else {
            Nd4j.gemm(b, a, c.transpose(), !transposeB, !transposeA, factor, keep);
        }
    }
}
