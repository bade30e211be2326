/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.kernel;

import java.util.List;
import org.lora4j.internal.array.Addends;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What multiplies FLOAT matrices in a graph that runs with kernels.
 *
 * <p><b>Threads.</b> Executors in several threads share one; implementations must allow it.
 *
 * @apiNote Status: stable
 */
public interface Multiplier {

    /** Name of the work that rounds a FLOAT array to a BFLOAT16 array of its shape. */
    String ROUNDING = "rounding";

    /**
     * A factor of a product: a matrix, or a batch of matrices in the last two axes.
     *
     * @param array of type FLOAT, or BFLOAT16 if the multiplier {@link Multiplier#rounds() rounds}; only read
     * @param transposed whether the transpose of each matrix is meant
     * @param frozen whether its values never change, so that a copy of them in another form may be kept
     * @apiNote Status: stable
     */
    record Factor(INDArray array, boolean transposed, boolean frozen) {

        /**
         * Rows of what is meant.
         *
         * @return the number
         */
        public long rows() {
            return array.size(array.rank() - (transposed ? 1 : 2));
        }

        /**
         * Columns of what is meant.
         *
         * @return the number
         */
        public long columns() {
            return array.size(array.rank() - (transposed ? 2 : 1));
        }
    }

    /**
     * A product {@code scale x w} of two matrices, or of batches whose first axes have equal sizes.
     *
     * @param scale a number
     * @param x {@code [.., m, k]}
     * @param w {@code [.., k, n]}
     * @param overBatch whether k counts the rows of a batch, as in the gradient of a weight: no other product's result depends on
     *     which rows are multiplied together, so only such a sum may be computed otherwise for another number of rows
     * @apiNote Status: stable
     */
    record Product(double scale, Factor x, Factor w, boolean overBatch) {

        /**
         * A product that sums over anything but the rows of a batch.
         *
         * @param scale a number
         * @param x {@code [.., m, k]}
         * @param w {@code [.., k, n]}
         */
        public Product(double scale, Factor x, Factor w) {
            this(scale, x, w, false);
        }

        /**
         * A product of scale one.
         *
         * @param x {@code [.., m, k]}
         * @param w {@code [.., k, n]}
         */
        public Product(Factor x, Factor w) {
            this(1, x, w);
        }
    }

    /**
     * Computes {@code z = kept z + product}.
     *
     * @param product of matrices or batches
     * @param z {@code [.., m, n]}, of a type like the factors, in any layout; written to, and sharing no memory with them
     * @param kept 0, when what z holds is not read, or 1, for matrices only
     */
    void multiply(Product product, INDArray z, double kept);

    /**
     * The same for a product of scale one.
     *
     * @param x {@code [.., m, k]}
     * @param w {@code [.., k, n]}
     * @param z {@code [.., m, n]}, of a type like the factors, in any layout; written to, and sharing no memory with them
     * @param kept 0, when what z holds is not read, or 1, for matrices only
     */
    default void multiply(Factor x, Factor w, INDArray z, double kept) {
        multiply(new Product(x, w), z, kept);
    }

    /**
     * The kernel to use for element-wise and row-wise work, where this library has one of its own.
     *
     * @param name name of the work in the table {@code Kernels} of the engine
     * @param java what computes it else, and still may for some arrays
     * @return a kernel for the same ops
     */
    default Kernel kernel(String name, Kernel java) {
        return java;
    }

    /**
     * Computes {@code z = addends + x0 w0 + x1 w1 + ..}. The products are added one after the other, so that one which is
     * zero changes no value.
     *
     * @param addends of type FLOAT: matrices {@code [m, n]}, and rows {@code [n]} for all rows of z
     * @param products one or more, of matrices
     * @param z {@code [m, n]}, of a type like the factors; written to, and sharing no memory with the rest
     */
    default void sum(List<INDArray> addends, List<Product> products, INDArray z) {
        if (!addends.isEmpty()) {
            Addends.write(addends, z);
        }
        double kept = addends.isEmpty() ? 0 : 1;
        for (Product product : products) {
            multiply(product, z, kept);
            kept = 1;
        }
    }

    /**
     * Whether frozen factors are rounded to BFLOAT16, and other factors and z may be of this type, so that plans may keep
     * activations in it. The other factor of a product with one of them is rounded.
     *
     * @return true for one that also has a kernel {@link #ROUNDING}
     */
    default boolean rounds() {
        return false;
    }

    /**
     * Which library computes which kind of products, where there are several. Bits depend on it, so a run records it, and one
     * that is resumed on another processor goes on with it.
     *
     * @return a text for {@link #withChoice}; empty if there is nothing to choose
     */
    default String choice() {
        return "";
    }

    /**
     * The same multiplier with the choice of an earlier run.
     *
     * @param choice what {@link #choice()} gave then
     * @return a multiplier; this one if there is nothing to choose
     * @throws IllegalArgumentException if it is no such text
     */
    default Multiplier withChoice(String choice) {
        return this;
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
        return Nd4jMultiplier.INSTANCE;
    }
}
