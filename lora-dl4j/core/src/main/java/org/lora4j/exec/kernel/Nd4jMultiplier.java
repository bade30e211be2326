/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.kernel;

import org.nd4j.linalg.api.blas.params.MMulTranspose;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.factory.Nd4j;

/** The matrix library of ND4J. */
enum Nd4jMultiplier implements Multiplier {
    INSTANCE;

    @Override
    public void multiply(Product product, INDArray z, double kept) {
        Factor x = product.x();
        Factor w = product.w();
        MMulTranspose transposes = MMulTranspose.builder()
                .transposeA(x.transposed())
                .transposeB(w.transposed())
                .build();
        Nd4j.exec(new Mmul(x.array(), w.array(), z, product.scale(), kept, transposes));
    }

    @Override
    public String description() {
        return "ND4J, F32";
    }
}
