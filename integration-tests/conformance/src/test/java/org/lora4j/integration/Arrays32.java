/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration;

import java.util.List;
import java.util.function.Function;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Comparisons of FLOAT results that ND4J's own equality, which has a tolerance, is too kind for. */
public final class Arrays32 {

    private Arrays32() {}

    /** All values of several results, one after the other. */
    public static <T> float[] concat(List<T> sources, Function<T, INDArray> result) {
        INDArray[] rows =
                sources.stream().map(source -> result.apply(source).ravel()).toArray(INDArray[]::new);
        return Nd4j.concat(0, rows).toFloatVector();
    }

    /** The largest absolute value. */
    public static double largest(float[] values) {
        return largestDifference(values, new float[values.length]);
    }

    /** The largest absolute difference of two values at the same place; NaN if any is. */
    public static double largestDifference(float[] found, float[] expected) {
        if (found.length != expected.length) {
            throw new IllegalArgumentException("lengths " + found.length + " and " + expected.length + " differ");
        }
        double largest = 0;
        for (int i = 0; i < found.length; i++) {
            largest = Math.max(largest, Math.abs((double) found[i] - expected[i]));
        }
        return largest;
    }

    /** The norm of the difference over the norm of what was expected. */
    public static double relativeDifference(INDArray found, INDArray expected) {
        return found.sub(expected).norm2Number().doubleValue()
                / expected.norm2Number().doubleValue();
    }
}
