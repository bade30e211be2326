/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What methods that turn inputs share: blocks along a diagonal, and rotations made of skew matrices. */
final class BlockRotations {

    private BlockRotations() {}

    /**
     * Rows times a matrix of blocks along its diagonal.
     *
     * @param blocks [count, size, size], or [1, size, size] for equal ones
     */
    static <T> T timesBlocks(Algebra<T> algebra, T rows, T blocks, long count, long size, boolean equal) {
        if (equal || count == 1) {
            T product = algebra.matrixProduct(algebra.reshape(rows, -1, size), algebra.reshape(blocks, size, size));
            return algebra.reshape(product, -1, count * size);
        }
        T byBlock = algebra.permute(algebra.reshape(rows, -1, count, size), 1, 0, 2);
        T product = algebra.permute(algebra.matrixProduct(byBlock, blocks), 1, 0, 2);
        return algebra.reshape(product, -1, count * size);
    }

    /** The transposes of a stack of matrices. */
    static <T> T transposed(Algebra<T> algebra, T stack) {
        return algebra.permute(stack, 0, 2, 1);
    }

    /** Cayley's rotation {@code (I - Q) (I + Q)^-1} of each skew matrix of a stack. */
    static <T> T cayley(WeightAlgebra<T> module, T skew, long count, long size) {
        T identity = identity(module, count, size);
        return module.matrixProduct(module.subtract(identity, skew), module.inverse(module.add(identity, skew)));
    }

    /**
     * The series of {@code (I + Q) (I - Q)^-1}, the inverse rotation of {@link #cayley}: {@code I + 2 (Q + ... + Q^(terms - 2))
     * + Q^(terms - 1)}, with 4 terms where 3 are asked for, as in PEFT.
     */
    static <T> T series(WeightAlgebra<T> module, T skew, int terms, long count, long size) {
        T sum = identity(module, count, size);
        if (terms == 1) {
            return sum;
        }
        sum = module.add(sum, module.scale(skew, 2));
        if (terms == 2) {
            return sum;
        }
        T power = module.matrixProduct(skew, skew);
        sum = module.add(sum, module.scale(power, 2));
        for (int i = 3; i < terms - 1; i++) {
            power = module.matrixProduct(power, skew);
            sum = module.add(sum, module.scale(power, 2));
        }
        return module.add(sum, module.matrixProduct(power, skew));
    }

    static <T> T identity(WeightAlgebra<T> module, long count, long size) {
        INDArray one = Nd4j.eye(size).castTo(module.dataType()).reshape(1, size, size);
        return module.constant(Nd4j.tile(one, (int) count, 1, 1));
    }
}
