/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.interpret;

import java.util.function.IntFunction;

/**
 * The gradients of examples, a row of numbers each: kept once computed if all of them fit into a bound, else computed anew each
 * time that they are asked for.
 *
 * <p><b>Threads.</b> For one thread.
 *
 * @apiNote Status: internal
 */
public final class GradientRows {

    /** Takes the rows one after the other. */
    @FunctionalInterface
    public interface Visitor {

        /**
         * Takes a row.
         *
         * @param index number of the example
         * @param gradient its gradient; not to be written to or kept
         */
        void row(int index, float[] gradient);
    }

    private final int count;
    private final long length;
    private final IntFunction<float[]> source;
    private final float[][] kept;

    /**
     * Rows that are not computed yet.
     *
     * @param count number of examples
     * @param source computes a row; the same each time
     * @param mostBytes maximum number of bytes to keep rows in
     */
    public GradientRows(int count, long length, IntFunction<float[]> source, long mostBytes) {
        this.count = count;
        this.length = length;
        this.source = source;
        this.kept = (double) count * length * Float.BYTES <= mostBytes ? new float[count][] : null;
    }

    /** The number of rows. */
    public int count() {
        return count;
    }

    /** How long a row is. */
    public long length() {
        return length;
    }

    /**
     * Whether rows are kept.
     *
     * @return true if so
     */
    public boolean areKept() {
        return kept != null;
    }

    /**
     * A row.
     *
     * @param index number of the example
     * @return its gradient; not to be written to
     */
    public float[] row(int index) {
        if (kept == null) {
            return source.apply(index);
        }
        if (kept[index] == null) {
            kept[index] = source.apply(index);
        }
        return kept[index];
    }

    /** All rows in their order. */
    public void each(Visitor visitor) {
        for (int i = 0; i < count; i++) {
            visitor.row(i, row(i));
        }
    }
}
