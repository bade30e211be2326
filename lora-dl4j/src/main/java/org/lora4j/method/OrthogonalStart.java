/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import org.lora4j.array.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

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
        double[][] q = Orthonormal.columns(normal(start, rank, rank).toDoubleMatrix(), rank);
        INDArray odd = half(q, 0);
        INDArray even = half(q, 1);
        INDArray a = odd.transpose().mmul(normal(start, rank / 2, start.shape().inputs()));
        INDArray b = normal(start, start.shape().outputs(), rank / 2).mmul(even);
        return new Pair(
                a.muli(SCALE).castTo(start.dataType()).dup('c'),
                b.muli(SCALE).castTo(start.dataType()).dup('c'));
    }

    private static INDArray normal(FactorStart start, long rows, long columns) {
        return RandomStreams.normal(start.random(), 1, DataType.DOUBLE, rows, columns);
    }

    /** Every second row of Q. */
    private static INDArray half(double[][] q, int first) {
        double[][] rows = new double[q.length / 2][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = q[2 * i + first];
        }
        return Nd4j.createFromArray(rows);
    }
}
