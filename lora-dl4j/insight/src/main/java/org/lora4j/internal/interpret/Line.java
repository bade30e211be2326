/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.interpret;

/**
 * A number that a model gives, along the straight line from a baseline (position 0) to an input (position 1).
 *
 * @apiNote Status: internal
 */
public interface Line {

    /**
     * The way from the baseline to the input.
     *
     * @return the input less the baseline, number by number; not to be written to
     */
    double[] difference();

    /**
     * The number at some positions.
     *
     * @param positions 0 to 1
     * @return a value for each
     */
    double[] values(double[] positions);

    /**
     * The gradient of the number with respect to the input, at some positions.
     *
     * @param positions 0 to 1
     * @return for each the gradient, as long as {@link #difference}
     */
    float[][] gradients(double[] positions);
}
