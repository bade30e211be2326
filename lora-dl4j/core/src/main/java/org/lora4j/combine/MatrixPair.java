/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;

/**
 * Factors as matrices; the update is {@code b * a}.
 *
 * @param a [rank, inputs]
 * @param b [outputs, rank], or [outputs, rank / groups] for a grouped convolution
 */
record MatrixPair(Matrix a, Matrix b) {

    /** PEFT's way to split: A has orthonormal rows, B carries the values. */
    static MatrixPair of(SingularValues svd) {
        return new MatrixPair(svd.right(), svd.left().scaledRows(svd.values()).transposed());
    }

    /** The same update at a higher rank. Of grouped convolutions only equal ranks are known. */
    MatrixPair padded(int rank) {
        return rank == a.rows()
                ? this
                : new MatrixPair(
                        a.firstRows(rank), b.transposed().firstRows(rank).transposed());
    }
}
