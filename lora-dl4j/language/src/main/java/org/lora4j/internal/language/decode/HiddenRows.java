/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

/**
 * Rows of floats, one for each token of a pass. The array grows and is used again.
 *
 * @apiNote Status: internal
 */
public final class HiddenRows {

    private float[] values = new float[0];
    private int rows;
    private int width;
    private long version;

    HiddenRows() {}

    /** Makes room for rows that hold anything, to be written completely. */
    HiddenRows toBeWritten(int rows, int width) {
        long all = (long) rows * width;
        if (all > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("decode session: " + rows + " tokens of " + width + " numbers at a time,"
                    + " more than an array holds; expected at most " + Integer.MAX_VALUE
                    + " numbers. Feed fewer tokens.");
        }
        int length = (int) all;
        if (values.length < length) {
            values = new float[length];
        }
        this.rows = rows;
        this.width = width;
        return changed();
    }

    /** To be called when the values change. */
    HiddenRows changed() {
        version++;
        return this;
    }

    /** How often the values changed. */
    long version() {
        return version;
    }

    float[] values() {
        return values;
    }

    int rows() {
        return rows;
    }

    int width() {
        return width;
    }

    int length() {
        return rows * width;
    }

    long bytes() {
        return (long) Float.BYTES * values.length;
    }
}
