/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff.form;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One input of an op, seen as a possible weight.
 *
 * @param variable the input
 * @param leaf the CONSTANT or VARIABLE that it is, or that it repeats through {@code identity}; null if there is none
 * @param array the array of the leaf, or null
 * @param parameter whether it depends on no placeholder
 * @param producer name of the kind of op that computes it, or null
 */
record Operand(String variable, String leaf, INDArray array, boolean parameter, String producer) {

    /** The variable to name in messages and reports. */
    String subject() {
        return leaf == null ? variable : leaf;
    }

    /** Why this operand cannot be a weight with so many axes, or null if it can. */
    String problem(int axes) {
        if (leaf == null) {
            return "it is computed by an op of kind \"" + producer
                    + "\" from other parameters; expected a VARIABLE or CONSTANT. Store the result as a leaf first";
        }
        if (array == null) {
            return "it has no value yet; expected an initialized graph";
        }
        if (!array.dataType().isFPType()) {
            return "its data type is " + array.dataType() + "; expected a floating point type";
        }
        if (array.rank() != axes) {
            return "its shape is " + Arrays.toString(array.shape()) + "; expected " + axes + " axes"
                    + (axes == 2 && array.rank() == 3 ? ". Adapt a stack of matrices through targetParameters" : "");
        }
        return null;
    }
}
