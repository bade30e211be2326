/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * {@code B = U[:, :r] sqrt(S)} and {@code A = sqrt(S) V^T[:r]} of {@code W = U S V^T}, with S divided by the scaling, so
 * that {@code scaling * B A} is the best approximation of W of this rank. The signs of singular vectors are free; the
 * product is not.
 *
 * <p>Source: Meng et al., "PiSSA: Principal Singular Values and Singular Vectors Adaptation of Large Language Models", 2024,
 * arXiv 2404.02948, equation 2.
 */
final class PissaStart implements PairStart {

    @Override
    public Pair start(FactorStart start, long[] shapeA, long[] shapeB) {
        PairStarts.requireMatrix("PISSA", start);
        if (start.scaling() <= 0) {
            throw new IllegalArgumentException("PISSA: scaling = " + start.scaling()
                    + "; expected above 0, because the singular values are divided by it. Set alpha.");
        }
        INDArray weight = start.weight().get().castTo(DataType.DOUBLE);
        long outputs = weight.size(0);
        long inputs = weight.size(1);
        // The native svd op of ND4J M2.1 throws above 16 x 16; LAPACK's does not.
        INDArray s = Nd4j.create(DataType.DOUBLE, new long[] {1, Math.min(outputs, inputs)}, 'f');
        INDArray u = Nd4j.create(DataType.DOUBLE, new long[] {outputs, outputs}, 'f');
        INDArray vt = Nd4j.create(DataType.DOUBLE, new long[] {inputs, inputs}, 'f');
        Nd4j.getBlasWrapper().lapack().gesvd(weight.dup('f'), s, u, vt);
        INDArray left = u.get(NDArrayIndex.all(), NDArrayIndex.interval(0, start.rank()))
                .dup('c');
        INDArray right = vt.get(NDArrayIndex.interval(0, start.rank()), NDArrayIndex.all())
                .dup('c');
        for (int i = 0; i < start.rank(); i++) {
            double root = Math.sqrt(s.getDouble(i) / start.scaling());
            left.getColumn(i).muli(root);
            right.getRow(i).muli(root);
        }
        return new Pair(
                right.castTo(start.dataType()).dup('c'),
                left.castTo(start.dataType()).dup('c'));
    }
}
