/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
import java.util.Arrays;
import org.bytedeco.javacpp.BytePointer;
import org.lora4j.exec.onednn.FewRows;
import org.lora4j.exec.onednn.NarrowType;

/**
 * Rows as sums of numbers of 16 or 8 bits, so that products with weights of that type are those of the floats:
 *
 * <ul>
 *   <li>BF16: the first 8 bits of a significand, the next 8 and the last 8: {@code x = a + b + c}, exactly;
 *   <li>INT8: multiples from -127 to 127 of a unit, of a unit that is 254 times smaller for what is left, and so on: four of
 *       them are within 2^-32 of the largest value of the row.
 * </ul>
 *
 * <p>A register holds 16 columns. Where rows make fewer, some neighboring outputs of a weight are multiplied as one row of it,
 * which is as many times longer: column sets that are zero but in the inputs of one of those outputs each. The sums of a
 * long row are those of the outputs one after the other.
 */
final class RowParts implements AutoCloseable {

    static final int BF16_PARTS = 3;
    static final int INT8_PARTS = 4;

    private static final int LARGEST = 127;
    private static final double FINER = 2 * LARGEST;
    private static final int UPPER = 0xFFFF0000;
    private static final int BITS = 16;

    private BytePointer plain = new BytePointer(0);
    private BytePointer packed = new BytePointer(0);
    private ByteBuffer bytes = ByteBuffer.allocate(0);
    private ShortBuffer shorts = bytes.asShortBuffer();
    private short[] halves = new short[0];
    private byte[] eighths = new byte[0];
    private double[] units = new double[0];
    private float[] turned = new float[0];
    // What the last columns were laid out as: where they are zero, they are still.
    private NarrowType zeroType;
    private int zeroGroup;
    private int zeroColumns;

    /** Inputs of a long row at most: the columns have to stay in the second-level cache. */
    private static final int LONGEST = 8192;

    /** How many outputs make a long row: a divisor of their number. */
    static int group(NarrowType type, int rows, int inputs, int outputs) {
        int group = Math.min(FewRows.COLUMNS / columns(type, rows), Math.max(1, LONGEST / inputs));
        while (outputs % group != 0) {
            group--;
        }
        return group;
    }

    /** Columns that so many rows make. */
    static int columns(NarrowType type, int rows) {
        return rows * (type == NarrowType.BF16 ? BF16_PARTS : INT8_PARTS);
    }

    void prepare(HiddenRows x, NarrowType type, int group, FewRows product) {
        int columns = columns(type, x.rows());
        int width = group * columns;
        int length = group * x.width() * width;
        reserve(2L * length, product.packedBytes());
        if (type == NarrowType.BF16) {
            halves = halves.length == length ? halves : new short[length];
        } else {
            eighths = eighths.length == length ? eighths : new byte[length];
        }
        if (units.length < x.rows()) {
            units = new double[x.rows()];
        }
        boolean sameZeros = type == zeroType && group == zeroGroup && columns == zeroColumns;
        if (!sameZeros) {
            Arrays.fill(halves, (short) 0);
            Arrays.fill(eighths, (byte) 0);
            zeroType = type;
            zeroGroup = group;
            zeroColumns = columns;
        }
        for (int row = 0; row < x.rows(); row++) {
            int from = row * x.width();
            if (type == NarrowType.BF16) {
                halves(x.values(), from, x.width(), row * BF16_PARTS, width);
            } else {
                units[row] = eighths(x.values(), from, x.width(), row * INT8_PARTS, width);
            }
        }
        for (int i = 1; i < group; i++) {
            for (int k = 0; k < x.width(); k++) {
                int at = (i * x.width() + k) * width + i * columns;
                if (type == NarrowType.BF16) {
                    System.arraycopy(halves, k * width, halves, at, columns);
                } else {
                    System.arraycopy(eighths, k * width, eighths, at, columns);
                }
            }
        }
        if (type == NarrowType.BF16) {
            shorts.put(0, halves, 0, length);
        } else {
            bytes.put(0, eighths, 0, length);
        }
        product.pack(plain.address(), packed.address());
    }

    /** Rows in F32 as columns, zeros behind the last. */
    void prepare(HiddenRows x, int columns, FewRows product) {
        int length = x.width() * columns;
        reserve((long) Float.BYTES * length, product.packedBytes());
        if (turned.length < length) {
            turned = new float[length];
        }
        if (x.rows() < columns) {
            Arrays.fill(turned, 0, length, 0);
        }
        for (int row = 0; row < x.rows(); row++) {
            for (int i = 0; i < x.width(); i++) {
                turned[i * columns + row] = x.values()[row * x.width() + i];
            }
        }
        bytes.asFloatBuffer().put(0, turned, 0, length);
        product.pack(plain.address(), packed.address());
    }

    private void halves(float[] x, int from, int width, int column, int step) {
        for (int i = 0; i < width; i++) {
            float value = x[from + i];
            int first = Float.floatToRawIntBits(value) & UPPER;
            float rest = value - Float.intBitsToFloat(first);
            int second = Float.floatToRawIntBits(rest) & UPPER;
            int third = Float.floatToRawIntBits(rest - Float.intBitsToFloat(second));
            int at = i * step + column;
            halves[at] = (short) (first >>> BITS);
            halves[at + 1] = (short) (second >>> BITS);
            halves[at + 2] = (short) (third >>> BITS);
        }
    }

    /** The unit of the first part. */
    private double eighths(float[] x, int from, int width, int column, int step) {
        float largest = 0;
        for (int i = from; i < from + width; i++) {
            largest = Math.max(largest, Math.abs(x[i]));
        }
        double unit = largest == 0 ? 1 : (double) largest / LARGEST;
        double inverse = 1 / unit;
        for (int i = 0; i < width; i++) {
            double rest = x[from + i] * inverse;
            int at = i * step + column;
            for (int part = 0; part < INT8_PARTS; part++) {
                double whole = Math.rint(rest);
                eighths[at + part] = (byte) whole;
                rest = (rest - whole) * FINER;
            }
        }
        return unit;
    }

    private void reserve(long plainBytes, long packedBytes) {
        if (plain.capacity() < plainBytes) {
            plain.close();
            plain = new BytePointer((long) Math.toIntExact(plainBytes));
            bytes = plain.asByteBuffer().order(ByteOrder.nativeOrder());
            shorts = bytes.asShortBuffer();
        }
        if (packed.capacity() < packedBytes) {
            packed.close();
            packed = new BytePointer(packedBytes);
        }
    }

    long packed() {
        return packed.address();
    }

    /** The output of a row from those of its parts. */
    static float sum(float[] parts, int from) {
        return parts[from] + (parts[from + 1] + parts[from + 2]);
    }

    /** The output of a row, over the scale of the weight. */
    double sum(int[] parts, int from, int row) {
        double sum = parts[from + INT8_PARTS - 1];
        for (int part = INT8_PARTS - 2; part >= 0; part--) {
            sum = parts[from + part] + sum / FINER;
        }
        return sum * units[row];
    }

    long bytes() {
        return plain.capacity() + packed.capacity();
    }

    @Override
    public void close() {
        plain.close();
        packed.close();
    }
}
