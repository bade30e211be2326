/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Equality of arrays by shape and value, of whatever types. */
final class SameElements {

    private SameElements() {}

    static boolean in(INDArray one, INDArray other) {
        if (!Arrays.equals(one.shape(), other.shape())) {
            return false;
        }
        // Equality of ND4J has a tolerance, which would hide what small learning rates did.
        return one.isEmpty() || Arrays.equals(doubles(one), doubles(other));
    }

    private static double[] doubles(INDArray array) {
        return array.castTo(DataType.DOUBLE).dup('c').data().asDouble();
    }
}
