/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.kernel;

import org.nd4j.linalg.api.blas.params.MMulTranspose;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What multiplies FLOAT matrices in a graph that runs with kernels.
 *
 * <p><b>Threads.</b> Executors in several threads share one; implementations must allow it.
 *
 * @apiNote Status: experimental
 */
public interface Multiplier {

    /**
     * A factor of a product.
     *
     * @param array a matrix of type FLOAT, only read
     * @param transposed whether its transpose is meant
     * @param frozen whether its values never change, so that a copy of them in another form may be kept
     */
    record Factor(INDArray array, boolean transposed, boolean frozen) {

        /**
         * Rows of what is meant.
         *
         * @return the number
         */
        public long rows() {
            return array.size(transposed ? 1 : 0);
        }

        /**
         * Columns of what is meant.
         *
         * @return the number
         */
        public long columns() {
            return array.size(transposed ? 0 : 1);
        }
    }

    /**
     * Computes {@code z = kept z + x w}.
     *
     * @param x {@code [m, k]}
     * @param w {@code [k, n]}
     * @param z {@code [m, n]}, of type FLOAT; written to
     * @param kept 0, when what z holds is not read, or 1
     */
    void multiply(Factor x, Factor w, INDArray z, double kept);

    /**
     * The kernel to use for element-wise and row-wise work, where this library has one of its own.
     *
     * @param name name of the work in the table of {@link Kernels}
     * @param java what computes it else, and still may for some arrays
     * @return a kernel for the same ops
     */
    default Kernel kernel(String name, Kernel java) {
        return java;
    }

    /**
     * Who multiplies, and how exactly.
     *
     * @return words for reports
     */
    String description();

    /**
     * The matrix library of ND4J, the default.
     *
     * @return the multiplier
     */
    static Multiplier nd4j() {
        return OfNd4j.INSTANCE;
    }

    /** The default. */
    enum OfNd4j implements Multiplier {
        /** The only one. */
        INSTANCE;

        @Override
        public void multiply(Factor x, Factor w, INDArray z, double kept) {
            MMulTranspose transposes = MMulTranspose.builder()
                    .transposeA(x.transposed())
                    .transposeB(w.transposed())
                    .build();
            Nd4j.exec(new Mmul(x.array(), w.array(), z, 1, kept, transposes));
        }

        @Override
        public String description() {
            return "ND4J, F32";
        }
    }
}
