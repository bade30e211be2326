/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The signs that LAPACK gives to pairs of singular vectors in single precision. Mathematics leaves them free, but PEFT's quantile of
 * signed elements depends on them, and PyTorch takes LAPACK's.
 *
 * <p>PyTorch calls {@code gesdd}, ND4J {@code gesvd}: both do the same to matrices whose smaller side is 25 or less. In larger ones, and
 * where an update has fewer singular values than the rank asked for, signs may differ.
 *
 * @param left LAPACK's left singular vectors, as columns
 * @param first the first that is one of the matrix
 */
record LapackSigns(INDArray left, int first) {

    static LapackSigns of(Matrix matrix) {
        int more = further(Math.min(matrix.rows(), matrix.columns()), Math.max(matrix.rows(), matrix.columns()));
        int rows = matrix.rows() + more;
        int columns = matrix.columns() + more;
        // LAPACK writes over the matrix, column by column.
        INDArray padded = Nd4j.create(DataType.FLOAT, new long[] {rows, columns}, 'f');
        padded.get(NDArrayIndex.interval(0, matrix.rows()), NDArrayIndex.interval(0, matrix.columns()))
                .assign(matrix.toArray(DataType.FLOAT, matrix.rows(), matrix.columns()));
        for (int i = 0; i < more; i++) {
            padded.putScalar(matrix.rows() + i, matrix.columns() + i, (2.0 + i) * matrix.norm());
        }
        INDArray left = Nd4j.create(DataType.FLOAT, new long[] {rows, rows}, 'f');
        INDArray right = Nd4j.create(DataType.FLOAT, new long[] {columns, columns}, 'f');
        INDArray values = Nd4j.create(DataType.FLOAT, Math.min(rows, columns));
        Nd4j.getBlasWrapper().lapack().gesvd(padded, values, left, right);
        return new LapackSigns(left, more);
    }

    /**
     * How many singular values above all others are added, beside the matrix, so that {@code gesvd} does not factor it by QR
     * first: it does from 1.6 times as many rows as columns on, {@code gesdd} from 11 / 6 times.
     */
    private static int further(int shorter, int longer) {
        int more = 0;
        if (longer < (int) (shorter * 11f / 6f)) {
            while (longer + more >= (int) ((shorter + more) * 1.6f)) {
                more++;
            }
        }
        return more;
    }

    /** The same decomposition, with each pair of vectors turned to where LAPACK's point. */
    SingularValues given(SingularValues svd) {
        double[] signs = new double[svd.values().length];
        for (int i = 0; i < signs.length; i++) {
            double along = 0;
            double[] own = svd.left().row(i);
            for (int row = 0; row < own.length; row++) {
                along += own[row] * left.getDouble(row, first + i);
            }
            signs[i] = along < 0 ? -1 : 1;
        }
        return new SingularValues(
                svd.left().scaledRows(signs), svd.values(), svd.right().scaledRows(signs));
    }
}
