/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/**
 * exp(x) for x of at most 80, in float arithmetic, with a relative error below 2e-7 down to exp(-70); below exp(-86) it is
 * exactly 0.
 *
 * <p>x = k ln 2 + r, so exp(x) = 2^k exp(r), and exp(r) is a polynomial of degree 6 with an error of 3e-9 (coefficients:
 * least squares with reweighting over Chebyshev nodes). HotSpot makes vector code of every short loop here. It does not
 * for the bits of a float, so whole arrays change their type by way of memory.
 *
 * @apiNote Status: internal
 */
public final class Exponential {

    private static final ThreadLocal<Exponential> OF_THREAD = ThreadLocal.withInitial(Exponential::new);

    private static final float SMALLEST = -86;
    /** A little above exp({@link #SMALLEST}) as it is computed. */
    private static final float NOTHING = 4.6e-38f;

    /** Added to a float below 2^22 in size, it leaves the nearest integer in the lowest bits. */
    private static final float ROUNDING = 12_582_912;

    private static final float INVERSE_LN2 = 1.44269504f;
    /** ln 2 in two parts; the first has so few bits that its multiples are exact. */
    private static final float LN2_HIGH = 0.693359375f;

    private static final float LN2_LOW = -2.12194440e-4f;

    private float[] rounded = new float[0];
    private int[] bits = new int[0];
    private FloatBuffer memory = FloatBuffer.allocate(0);
    private IntBuffer sameMemory = IntBuffer.allocate(0);

    private Exponential() {}

    /** Replaces n values, each at most 80 or not a number, by their exponentials. */
    public static void apply(float[] x, int n) {
        OF_THREAD.get().run(x, n);
    }

    private void run(float[] x, int n) {
        if (bits.length < n) {
            rounded = new float[n];
            bits = new int[n];
            ByteBuffer bytes = ByteBuffer.allocateDirect(n * Float.BYTES).order(ByteOrder.nativeOrder());
            memory = bytes.asFloatBuffer();
            sameMemory = bytes.asIntBuffer();
        }
        clamp(x, n);
        round(x, rounded, n);
        memory.put(0, rounded, 0, n);
        sameMemory.get(0, bits, 0, n);
        powersOfTwo(bits, n);
        sameMemory.put(0, bits, 0, n);
        reduce(x, rounded, n);
        polynomial(x, n);
        memory.get(0, rounded, 0, n);
        scale(x, rounded, n);
    }

    private static void clamp(float[] x, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = Math.max(SMALLEST, x[i]);
        }
    }

    private static void round(float[] x, float[] rounded, int n) {
        for (int i = 0; i < n; i++) {
            rounded[i] = x[i] * INVERSE_LN2 + ROUNDING;
        }
    }

    // The integer in the lowest bits becomes the exponent; what else the bits say is shifted out.
    private static void powersOfTwo(int[] bits, int n) {
        for (int i = 0; i < n; i++) {
            bits[i] = (bits[i] + 127) << 23;
        }
    }

    private static void reduce(float[] x, float[] rounded, int n) {
        for (int i = 0; i < n; i++) {
            float k = rounded[i] - ROUNDING;
            x[i] = x[i] - k * LN2_HIGH - k * LN2_LOW;
        }
    }

    private static void polynomial(float[] x, int n) {
        for (int i = 0; i < n; i++) {
            float r = x[i];
            float p = 0.0013813142431899905f;
            p = p * r + 0.008369418792426586f;
            p = p * r + 0.04166845604777336f;
            p = p * r + 0.16666515171527863f;
            p = p * r + 0.4999999403953552f;
            x[i] = p * r * r + r + 1;
        }
    }

    private static void scale(float[] x, float[] power, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = Math.max(0, x[i] * power[i] - NOTHING);
        }
    }
}
