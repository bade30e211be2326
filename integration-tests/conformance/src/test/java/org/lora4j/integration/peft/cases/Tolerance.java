/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.cases;

import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * How far a number may be from PEFT's: {@code abs(found - expected) <= absolute + relative * abs(expected)}.
 *
 * @param absolute the part that does not depend on the number
 * @param relative the part that does
 */
public record Tolerance(double absolute, double relative) {

    /**
     * The outcome of a comparison.
     *
     * @param largest the largest absolute difference; infinite if shapes differ
     * @param problem what is beyond the tolerance, or null if nothing is
     */
    public record Difference(double largest, String problem) {}

    /**
     * Compares arrays.
     *
     * @param found what we computed
     * @param expected what PEFT computed
     * @return how much they differ
     */
    public Difference compare(INDArray found, INDArray expected) {
        if (found == null || !Arrays.equals(found.shape(), expected.shape())) {
            return new Difference(
                    Double.POSITIVE_INFINITY,
                    "shape " + (found == null ? "none" : Arrays.toString(found.shape())) + ", expected "
                            + Arrays.toString(expected.shape()));
        }
        double[] a = values(found);
        double[] b = values(expected);
        double largest = 0;
        String problem = null;
        for (int i = 0; i < a.length; i++) {
            double difference = a[i] == b[i] ? 0 : Math.abs(a[i] - b[i]);
            // Not greater or equal: a NaN is beyond every tolerance.
            if (!(difference <= absolute + relative * Math.abs(b[i])) && problem == null) {
                problem = "element " + i + " is " + a[i] + ", expected " + b[i];
            }
            largest = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(largest, difference);
        }
        return new Difference(largest, problem);
    }

    /**
     * The numbers of an array.
     *
     * @param array any array of numbers
     * @return its elements, row by row
     */
    public static double[] values(INDArray array) {
        return array.isEmpty()
                ? new double[0]
                : array.castTo(DataType.DOUBLE).dup('c').data().asDouble();
    }
}
