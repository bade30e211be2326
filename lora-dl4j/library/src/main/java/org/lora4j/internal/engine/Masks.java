/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.SplittableRandom;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Dropout masks from a source of randomness that belongs to the step. */
final class Masks {

    private Masks() {}

    static INDArray draw(double probability, DataType type, long[] shape, SplittableRandom random) {
        long length = 1;
        for (long d : shape) {
            length *= d;
        }
        float[] values = new float[Math.toIntExact(length)];
        float keep = (float) (1 / (1 - probability));
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextDouble() < probability ? 0f : keep;
        }
        INDArray mask = Nd4j.create(values, shape, 'c');
        if (type == DataType.FLOAT) {
            return mask;
        }
        INDArray typed = mask.castTo(type);
        mask.close();
        return typed;
    }
}
