/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.samediff.form;

import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * One input of an op, seen as a possible weight.
 *
 * @param leaf the CONSTANT or VARIABLE that it is, or that it repeats through {@code identity}, or the variable that
 *     computes a stored weight; null if there is none
 * @param shape the shape of the leaf, or null if it has no value
 * @param type the data type of the leaf, or null if it has no value
 * @param parameter whether it depends on no placeholder
 * @param producer name of the kind of op that computes it, or null
 */
record Operand(String variable, String leaf, long[] shape, DataType type, boolean parameter, String producer) {

    int rank() {
        return shape.length;
    }

    long size(int axis) {
        return shape[axis];
    }

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
        if (shape == null) {
            return "it has no value yet; expected an initialized graph";
        }
        if (!type.isFPType()) {
            return "its data type is " + type + "; expected a floating point type";
        }
        if (rank() != axes) {
            return "its shape is " + Arrays.toString(shape) + "; expected " + axes + " axes"
                    + (axes == 2 && rank() == 3 ? ". Adapt a stack of matrices through targetParameters" : "");
        }
        return null;
    }
}
