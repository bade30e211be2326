/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.Arrays;
import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An array seen in another shape and then with its axes in another order.
 *
 * @param shape sizes of the axes, one of which may be -1 for what is left; null where there are none, or a variable has
 *     them
 * @param shapeVariable name of the variable that has the sizes, or null
 * @param order the axes of the shape in their new order; null for the order they have
 */
record View(long[] shape, String shapeVariable, int[] order) {

    static final View SAME = new View(null, null, null);

    boolean isReshaped() {
        return shape != null || shapeVariable != null;
    }

    boolean isPermuted() {
        return order != null;
    }

    /** The variables that the op needs as inputs to know the shape. */
    List<SDVariable> inputs(SameDiff graph) {
        return shapeVariable == null ? List.of() : List.of(graph.getVariable(shapeVariable));
    }

    /** The shape that an array of a length is seen in; {@code sizes} is the value of the shape variable, if there is one. */
    long[] shapeOf(long length, INDArray sizes) {
        long[] found = sizes == null ? shape.clone() : sizes.toLongVector();
        long known = 1;
        for (long size : found) {
            known *= size == -1 ? 1 : size;
        }
        for (int i = 0; i < found.length; i++) {
            found[i] = found[i] == -1 ? length / known : found[i];
        }
        return found;
    }

    /** The view of an array; no copy of one in 'c' order. */
    INDArray of(INDArray array, INDArray sizes) {
        INDArray reshaped = isReshaped() ? array.reshape('c', shapeOf(array.length(), sizes)) : array;
        return isPermuted() ? reshaped.permute(order) : reshaped;
    }

    /** A shape with the axes in the new order. */
    long[] permuted(long[] axes) {
        return isPermuted() ? Arrays.stream(order).mapToLong(axis -> axes[axis]).toArray() : axes;
    }

    /** The order that undoes this one. */
    int[] inverseOrder() {
        int[] inverse = new int[order.length];
        for (int i = 0; i < order.length; i++) {
            inverse[order[i]] = i;
        }
        return inverse;
    }
}
