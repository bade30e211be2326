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
record ModuleUpdate(float[] down, float[] up, float[] weight, float[] bias) {

    /** Parts of an update that a graph has to have a place for. */
    enum Part {
        LOW_RANK,
        WEIGHT,
        BIAS
    }

    static final ModuleUpdate NONE = new ModuleUpdate(null, null, null, null);

    ModuleUpdate withWeight(float[] delta) {
        return new ModuleUpdate(down, up, delta, bias);
    }

    ModuleUpdate withBias(float[] delta) {
        return new ModuleUpdate(down, up, weight, delta);
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
