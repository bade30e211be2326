/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.demonstration;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Compares what two networks say. */
public final class Outputs {

    private Outputs() {}

    /**
     * Whether two FLOAT arrays agree in shape and in every bit of every value.
     *
     * @param a an array
     * @param b an array
     * @return true if they do
     */
    public static boolean sameBits(INDArray a, INDArray b) {
        return Arrays.equals(a.shape(), b.shape()) && Arrays.equals(bits(a), bits(b));
    }

    private static int[] bits(INDArray array) {
        float[] values = array.dup('c').data().asFloat();
        int[] bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]);
        }
        return bits;
    }

    /**
     * The largest difference of two values at the same place.
     *
     * @param a an array
     * @param b an array of the same shape
     * @return the difference, 0 or more
     */
    public static double largestDifference(INDArray a, INDArray b) {
        return a.sub(b).amaxNumber().doubleValue();
    }
}
