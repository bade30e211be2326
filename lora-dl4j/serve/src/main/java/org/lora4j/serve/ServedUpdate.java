/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.EnumSet;
import java.util.Set;

/**
 * What one adapter adds to the output of one linear module: {@code x down^T up + x weight + bias}. Row-major; a part that
 * the adapter does not have is null.
 *
 * @param down {@code [rank, in]}
 * @param up {@code [rank, out]}, the scaling multiplied in
 * @param weight {@code [in, out]}, the saved weight less the base's
 * @param bias {@code [out]}, the saved bias less the base's, and the scaled bias of the second factor
 */
record ServedUpdate(float[] down, float[] up, float[] weight, float[] bias) {

    /** Parts of an update that a graph has to have a place for. */
    enum Part {
        LOW_RANK,
        WEIGHT,
        BIAS
    }

    static final ServedUpdate NONE = new ServedUpdate(null, null, null, null);

    ServedUpdate withWeight(float[] delta) {
        return new ServedUpdate(down, up, delta, bias);
    }

    ServedUpdate withBias(float[] delta) {
        return new ServedUpdate(down, up, weight, delta);
    }

    Set<Part> parts() {
        Set<Part> parts = EnumSet.noneOf(Part.class);
        if (down != null) {
            parts.add(Part.LOW_RANK);
        }
        if (weight != null) {
            parts.add(Part.WEIGHT);
        }
        if (bias != null) {
            parts.add(Part.BIAS);
        }
        return parts;
    }

    /** Adds the update of one line to {@code y [out]}. */
    void addTo(float[] x, float[] y) {
        for (int r = 0; r < rank(x.length); r++) {
            addScaled(dot(x, down, r * x.length), up, r * y.length, y);
        }
        if (weight != null) {
            for (int i = 0; i < x.length; i++) {
                addScaled(x[i], weight, i * y.length, y);
            }
        }
        if (bias != null) {
            addScaled(1, bias, 0, y);
        }
    }

    private static void addScaled(float factor, float[] values, int from, float[] to) {
        for (int i = 0; i < to.length; i++) {
            to[i] += factor * values[from + i];
        }
    }

    /** In eight sums, because the compiler must not reorder one. */
    private static float dot(float[] x, float[] values, int from) {
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        float s4 = 0;
        float s5 = 0;
        float s6 = 0;
        float s7 = 0;
        int i = 0;
        for (; i + 7 < x.length; i += 8) {
            int j = from + i;
            s0 += x[i] * values[j];
            s1 += x[i + 1] * values[j + 1];
            s2 += x[i + 2] * values[j + 2];
            s3 += x[i + 3] * values[j + 3];
            s4 += x[i + 4] * values[j + 4];
            s5 += x[i + 5] * values[j + 5];
            s6 += x[i + 6] * values[j + 6];
            s7 += x[i + 7] * values[j + 7];
        }
        for (; i < x.length; i++) {
            s0 += x[i] * values[from + i];
        }
        return ((s0 + s4) + (s1 + s5)) + ((s2 + s6) + (s3 + s7));
    }

    int rank(long inputs) {
        return down == null ? 0 : (int) (down.length / inputs);
    }

    long bytes() {
        return Float.BYTES * (length(down) + length(up) + length(weight) + length(bias));
    }

    private static long length(float[] values) {
        return values == null ? 0 : values.length;
    }
}
