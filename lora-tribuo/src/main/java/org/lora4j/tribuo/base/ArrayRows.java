/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import org.lora4j.error.Problems;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Rows of numbers out of arrays. */
final class ArrayRows {

    private ArrayRows() {}

    static double[][] of(INDArray array) {
        if (array.rank() != 2) {
            throw new IllegalArgumentException("BaseNetwork: the network gives an array of shape "
                    + Problems.quoted(
                            java.util.Arrays.stream(array.shape()).boxed().toList())
                    + "; expected [batch, outputs]. Networks for sequences are not supported here.");
        }
        return array.castTo(DataType.DOUBLE).toDoubleMatrix();
    }
}
