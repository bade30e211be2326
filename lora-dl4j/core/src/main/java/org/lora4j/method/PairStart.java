/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A rule for the start of A and B.
 */
@FunctionalInterface
interface PairStart {

    /**
     * The two factors.
     *
     * @param a the factor next to the input
     * @param b the factor next to the output
     */
    record Pair(INDArray a, INDArray b) {}

    /**
     * Makes the factors of one module.
     *
     * @return new arrays of these shapes, of the data type of the module's weight
     * @throws IllegalArgumentException if the rule does not go with this kind of module or this rank
     */
    Pair start(FactorStart start, long[] shapeA, long[] shapeB);
}
