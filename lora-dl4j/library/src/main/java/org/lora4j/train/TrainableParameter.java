/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import org.lora4j.internal.array.ArrayText;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One array that learns.
 *
 * @param name name of the variable in the graph; the key of its gradient
 * @param module dotted path of the module it belongs to
 * @param kind what it is, which decides the default weight decay and the checks of the training loop
 * @param value the live array
 * @apiNote Status: experimental
 */
public record TrainableParameter(String name, String module, Kind kind, INDArray value) {

    /** What a parameter is. */
    public enum Kind {
        /** A low-rank factor of an adapter. */
        FACTOR,
        /** A matrix, kernel or table trained fully. */
        WEIGHT,
        /** A bias or a gain of a normalization, without weight decay by default. */
        BIAS_OR_NORM
    }

    @Override
    public String toString() {
        return "TrainableParameter[" + name + " of " + module + ", " + kind + " " + ArrayText.of(value) + "]";
    }
}
