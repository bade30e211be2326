/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import java.util.Arrays;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;

/**
 * How pixels between pixels are computed, by the codes that files of Hugging Face have from Pillow.
 *
 * <p>Filters are those that Pillow documents as its own: a support around the center of the new pixel, widened by the factor of
 * shrinking, and a weight by the distance.
 *
 * @apiNote Status: internal
 */
public enum Resampling {
    /** The nearest pixel. */
    NEAREST(0, 0, x -> 0),
    /** Lanczos's windowed sinc over three pixels on each side. */
    LANCZOS(1, 3, x -> x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0),
    /** A triangle. */
    BILINEAR(2, 1, x -> Math.max(0, 1 - Math.abs(x))),
    /** Keys's cubic with a = -0.5. */
    BICUBIC(3, 2, x -> cubic(Math.abs(x), -0.5)),
    /** The mean of the pixels below the new one. */
    BOX(4, 0.5, x -> x > -0.5 && x <= 0.5 ? 1 : 0),
    /** A sinc in a window of Hamming. */
    HAMMING(5, 1, x -> hamming(Math.abs(x)));

    private final int code;
    private final double support;
    private final DoubleUnaryOperator weight;

    Resampling(int code, double support, DoubleUnaryOperator weight) {
        this.code = code;
        this.support = support;
        this.weight = weight;
    }

    /**
     * The filter of a code.
     *
     * @param code Pillow's number
     * @return the filter, if there is one
     */
    public static Optional<Resampling> of(int code) {
        return Arrays.stream(values()).filter(filter -> filter.code == code).findFirst();
    }

    /**
     * Pillow's number.
     *
     * @return 0 to 5
     */
    public int code() {
        return code;
    }

    /** How far the filter reaches where nothing is shrunk. */
    double support() {
        return support;
    }

    /** The weight at a distance, not yet divided by the sum of all. */
    double weight(double distance) {
        return weight.applyAsDouble(distance);
    }

    private static double sinc(double x) {
        return x == 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    }

    /** The two numbers are of single precision in Pillow. */
    private static double hamming(double x) {
        return x >= 1 ? 0 : sinc(x) * (0.54f + 0.46f * Math.cos(Math.PI * x));
    }

    /** Keys 1981, Cubic Convolution Interpolation for Digital Image Processing, equation 15, for any a. */
    static double cubic(double x, double a) {
        if (x < 1) {
            return ((a + 2) * x - (a + 3)) * x * x + 1;
        }
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    }
}
