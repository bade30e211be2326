/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.Arrays;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;
import org.nd4j.linalg.factory.Nd4j;

/**
 * B holds the left singular vectors of the weight that matter least, and stays so; A starts at zero. The update stays within
 * what the base hardly uses.
 *
 * <p>Source: PEFT, {@code init_lora_weights="mica"}: minor component adaptation.
 */
final class MicaStart implements PairStart {

    @Override
    public Pair start(FactorStart start, long[] shapeA, long[] shapeB) {
        PairStarts.requireMatrix("MICA", start);
        Matrix weight =
                Matrix.of(start.weight().get(), Math.toIntExact(start.shape().outputs()));
        int side = Math.min(weight.rows(), weight.columns());
        Matrix left = SingularValues.leading(weight, side).left();
        double[][] last = Arrays.copyOfRange(left.copyOfRows(), side - start.rank(), side);
        for (double[] vector : last) {
            if (Arrays.stream(vector).allMatch(value -> value == 0)) {
                throw new IllegalArgumentException("MICA, module of shape " + start.shape() + ", rank " + start.rank()
                        + ": the weight has singular values of 0, whose vectors mean nothing; expected a weight of full rank."
                        + " Choose another initialization or exclude the module.");
            }
        }
        return new Pair(
                Nd4j.zeros(start.dataType(), shapeA),
                Matrix.ofRows(weight.rows(), last).transposed().toArray(start.dataType(), shapeB));
    }
}
