/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.util.Arrays;
import org.lora4j.internal.language.Rotation;

/**
 * Cosines and sines of a rotation by position, computed once in double and kept as floats. Grows in steps.
 *
 * <p><b>Threads.</b> Any; a table that grew takes the place of the other.
 */
final class RotaryTable {

    private static final int STEP = 512;

    private final Rotation rotation;
    private final int length;
    private volatile Table table = new Table(0, new float[0], new float[0]);

    /** For the first so many positions. */
    private record Table(int positions, float[] cosines, float[] sines) {}

    /**
     * The turns of sequences.
     *
     * @param length tokens of a sequence that is turned so: some rotations have other angles for long ones
     */
    RotaryTable(Rotation rotation, int length) {
        this.rotation = rotation;
        this.length = length;
    }

    private Table upTo(int positions) {
        Table now = table;
        return now.positions() >= positions ? now : grown(positions);
    }

    private synchronized Table grown(int positions) {
        if (table.positions() < positions) {
            int half = rotation.size() / 2;
            int count = Math.max(positions, table.positions() + Math.max(STEP, table.positions() / 2));
            double[] cosines = new double[half];
            double[] sines = new double[half];
            int angles = Math.multiplyExact(count, half);
            float[] c = Arrays.copyOf(table.cosines(), angles);
            float[] s = Arrays.copyOf(table.sines(), angles);
            for (int position = table.positions(); position < count; position++) {
                rotation.at(position, length, cosines, sines, 0);
                for (int i = 0; i < half; i++) {
                    c[position * half + i] = (float) cosines[i];
                    s[position * half + i] = (float) sines[i];
                }
            }
            table = new Table(count, c, s);
        }
        return table;
    }

    /** Turns the heads of one row. */
    void turn(float[] x, int from, int heads, int headSize, int position) {
        Table now = upTo(position + 1);
        int half = rotation.size() / 2;
        int angle = position * half;
        for (int head = 0; head < heads; head++) {
            int first = from + head * headSize;
            int second = first + half;
            for (int i = 0; i < half; i++) {
                float a = x[first + i];
                float b = x[second + i];
                float cosine = now.cosines()[angle + i];
                float sine = now.sines()[angle + i];
                x[first + i] = a * cosine - b * sine;
                x[second + i] = b * cosine + a * sine;
            }
        }
    }
}
