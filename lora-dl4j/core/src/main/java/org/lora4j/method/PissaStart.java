/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.Arrays;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;

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
        Matrix weight =
                Matrix.of(start.weight().get(), Math.toIntExact(start.shape().outputs()));
        SingularValues leading = SingularValues.leading(weight, start.rank());
        double[] roots = Arrays.stream(leading.values())
                .map(value -> Math.sqrt(value / start.scaling()))
                .toArray();
        return new Pair(
                leading.right().scaledRows(roots).toArray(start.dataType(), shapeA),
                leading.left().scaledRows(roots).transposed().toArray(start.dataType(), shapeB));
    }
}
