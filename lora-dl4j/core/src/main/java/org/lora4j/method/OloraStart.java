/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.List;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.OrthonormalBasis;

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
        Matrix weight =
                Matrix.of(start.weight().get(), Math.toIntExact(start.shape().outputs()));
        // The first r columns of Q need the first r columns of W only.
        Matrix q = basis(weight.transposed().firstRows(start.rank()));
        return new Pair(
                q.times(weight).toArray(start.dataType(), shapeA),
                q.transposed().toArray(start.dataType(), shapeB));
    }

    /** As many orthonormal rows as there are vectors; where these depend on each other, unit vectors fill in. */
    private static Matrix basis(Matrix vectors) {
        Matrix basis = OrthonormalBasis.of(vectors).basis();
        if (basis.rows() == vectors.rows()) {
            return basis;
        }
        double[][] units = new double[vectors.rows()][vectors.columns()];
        for (int i = 0; i < units.length; i++) {
            units[i][i] = 1;
        }
        Matrix filled = Matrix.stack(List.of(basis, Matrix.ofRows(vectors.columns(), units)));
        return OrthonormalBasis.of(filled).basis().firstRows(vectors.rows());
    }
}
