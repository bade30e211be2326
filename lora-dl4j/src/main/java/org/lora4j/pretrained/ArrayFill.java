/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.function.DoubleSupplier;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Arrays filled number by number from a source of the caller's: ND4J's own random state is never touched. */
final class ArrayFill {

    private ArrayFill() {}

    /** A C-ordered array whose elements are drawn one after the other. */
    static INDArray of(DataType dataType, long[] shape, DoubleSupplier numbers) {
        long length = 1;
        for (long size : shape) {
            length = Math.multiplyExact(length, size);
        }
        double[] values = new double[Math.toIntExact(length)];
        for (int i = 0; i < values.length; i++) {
            values[i] = numbers.getAsDouble();
        }
        // A reshaped array counts as a view, of which SameDiff would make copies of its own.
        return Nd4j.createFromArray(values).castTo(dataType).reshape('c', shape).dup('c');
    }
}
