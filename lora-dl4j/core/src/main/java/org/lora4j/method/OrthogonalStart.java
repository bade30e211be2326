/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.OrthonormalBasis;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Both factors random, their product zero: A spans the odd, B the even rows of a random rotation Q of the rank's space,
 * {@code A^T = X Q_odd / 10}, {@code B = Y Q_even / 10} with X and Y normal.
 *
 * <p>Source: PEFT's {@code init_lora_weights="orthogonal"}.
 */
final class OrthogonalStart implements PairStart {

    private static final double SCALE = 0.1;

    @Override
    public Pair start(FactorStart start, long[] shapeA, long[] shapeB) {
        int rank = start.rank();
        if (start.shape().kind() != ModuleShape.Kind.LINEAR || rank % 2 != 0) {
            throw new IllegalArgumentException("ORTHOGONAL, module of shape " + start.shape() + ", rank " + rank
                    + ": this start value needs a linear module and an even rank. Choose another initialization or"
                    + " rank.");
        }
        Matrix q = OrthonormalBasis.of(normal(start, rank, rank)).basis();
        Matrix a = half(q, 0)
                .transposed()
                .times(normal(start, rank / 2, start.shape().inputs()));
        Matrix b = normal(start, start.shape().outputs(), rank / 2).times(half(q, 1));
        return new Pair(
                a.scaled(SCALE).toArray(start.dataType(), shapeA),
                b.scaled(SCALE).toArray(start.dataType(), shapeB));
    }

    private static Matrix normal(FactorStart start, long rows, long columns) {
        INDArray drawn = RandomStreams.normal(start.random(), 1, DataType.DOUBLE, rows, columns);
        return Matrix.of(drawn, Math.toIntExact(rows));
    }

    /** Every second row of Q. */
    private static Matrix half(Matrix q, int first) {
        double[][] rows = new double[q.rows() / 2][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = q.row(2 * i + first);
        }
        return Matrix.ofRows(q.columns(), rows);
    }
}
