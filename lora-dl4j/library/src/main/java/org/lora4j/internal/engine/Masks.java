/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.SplittableRandom;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Dropout masks from a source of randomness that belongs to the step. */
final class Masks {

    private Masks() {}

    static INDArray draw(DropoutMask mask, DataType type, long[] shape, SplittableRandom random) {
        long length = 1;
        for (long d : shape) {
            length *= d;
        }
        double[] drawn = mask.draw(Math.toIntExact(length), random);
        float[] values = new float[drawn.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) drawn[i];
        }
        INDArray array = Nd4j.create(values, shape, 'c');
        if (type == DataType.FLOAT) {
            return array;
        }
        INDArray typed = array.castTo(type);
        array.close();
        return typed;
    }
}
