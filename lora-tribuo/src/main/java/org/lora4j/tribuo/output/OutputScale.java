/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.output;

/**
 * How an output is standardized: the network learns {@code (value - mean) / deviation}.
 *
 * @param mean any finite number
 * @param deviation finite, above 0
 * @apiNote Status: stable
 */
public record OutputScale(double mean, double deviation) {

    /** No change. */
    public static final OutputScale IDENTITY = new OutputScale(0, 1);

    /**
     * Checks the numbers.
     *
     * @param mean any finite number
     * @param deviation finite, above 0
     * @throws IllegalArgumentException if one is out of its range
     */
    public OutputScale {
        if (!Double.isFinite(mean) || !Double.isFinite(deviation) || deviation <= 0) {
            throw new IllegalArgumentException("OutputScale: mean = " + mean + ", deviation = " + deviation
                    + "; expected finite numbers and a deviation above 0.");
        }
    }

    /**
     * From the user's unit to the network's.
     *
     * @param value in the user's unit
     * @return standardized
     */
    public double standardize(double value) {
        return (value - mean) / deviation;
    }

    /**
     * From the network's unit to the user's.
     *
     * @param value standardized
     * @return in the user's unit
     */
    public double restore(double value) {
        return value * deviation + mean;
    }
}
