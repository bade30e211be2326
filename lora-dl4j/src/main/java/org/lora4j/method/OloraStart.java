/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * {@code B = Q[:, :r]} and {@code A = R[:r]} of {@code W = Q R}. The signs of the columns of Q are free; the product is
 * not.
 *
 * <p>Source: Büyükakyüz, "OLoRA: Orthonormal Low-Rank Adaptation of Large Language Models", 2024, arXiv 2406.01775.
 */
final class OloraStart implements PairStart {

    @Override
    public Pair start(FactorStart start, long[] shapeA, long[] shapeB) {
        PairStarts.requireMatrix("OLORA", start);
        INDArray weight = start.weight().get().castTo(DataType.DOUBLE);
        // The first r columns of Q need the first r columns of W only.
        INDArray q = Nd4j.createFromArray(Orthonormal.columns(weight.toDoubleMatrix(), start.rank()));
        INDArray r = q.transpose().mmul(weight);
        return new Pair(
                r.castTo(start.dataType()).dup('c'), q.castTo(start.dataType()).dup('c'));
    }
}
