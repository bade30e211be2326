/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Masks of series of different lengths.
 *
 * @apiNote Status: internal
 */
public final class Masks {

    private Masks() {}

    public static INDArray lengths(int time, int... lengths) {
        INDArray mask = Nd4j.zeros(DataType.DOUBLE, lengths.length, time);
        for (int i = 0; i < lengths.length; i++) {
            for (int t = 0; t < lengths[i]; t++) {
                mask.putScalar(i, t, 1);
            }
        }
        return mask;
    }
}
