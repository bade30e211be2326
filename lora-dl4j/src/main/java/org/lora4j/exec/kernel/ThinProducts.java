/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.kernel;

import java.util.List;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.linalg.api.blas.params.MMulTranspose;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.factory.Nd4j;

/**
 * X^T V with far fewer columns in V than in X, such as the gradient of a factor A. OpenBLAS takes more than twice as long
 * for it as for V^T X, so that is computed, and transposed.
 */
final class ThinProducts {

    private static final int THIN = 64;
    private static final int WIDE = 4;

    private static final MMulTranspose FIRST =
            MMulTranspose.builder().transposeA(true).build();

    private ThinProducts() {}

    /** Whether a product is of this kind. */
    static boolean isTallGradient(DifferentialFunction op, List<INDArray> in) {
        INDArray x = in.get(0);
        INDArray v = in.get(1);
        DynamicCustomOp product = (DynamicCustomOp) op;
        return x.dataType() == DataType.FLOAT
                && v.dataType() == DataType.FLOAT
                && x.rank() == 2
                && v.rank() == 2
                && v.size(1) <= THIN
                && x.size(1) >= WIDE * v.size(1)
                && Products.isPlain(product)
                && Products.transposes(product, 0)
                && !Products.transposes(product, 1);
    }

    static void tallGradient(List<INDArray> in, List<INDArray> out) {
        INDArray x = in.get(0);
        INDArray v = in.get(1);
        INDArray transposed = Nd4j.createUninitialized(DataType.FLOAT, new long[] {v.size(1), x.size(1)}, 'c');
        Nd4j.exec(new Mmul(v, x, transposed, 1, 0, FIRST));
        out.get(0).assign(transposed.transpose());
        transposed.close();
    }
}
