/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
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

    /** Columns that so many rows make. */
    static int columns(NarrowType type, int rows) {
        return rows * (type == NarrowType.BF16 ? BF16_PARTS : INT8_PARTS);
    }

    void prepare(HiddenRows x, NarrowType type, FewRows product) {
        int columns = columns(type, x.rows());
        int length = x.width() * columns;
        reserve(2L * length, product.packedBytes());
        if (type == NarrowType.BF16) {
            if (halves.length < length) {
                halves = new short[length];
            }
            for (int row = 0; row < x.rows(); row++) {
                halves(x.values(), row * x.width(), x.width(), row * BF16_PARTS, columns);
            }
            shorts.put(0, halves, 0, length);
        } else {
            if (eighths.length < length) {
                eighths = new byte[length];
            }
            if (units.length < x.rows()) {
                units = new double[x.rows()];
            }
            for (int row = 0; row < x.rows(); row++) {
                units[row] = eighths(x.values(), row * x.width(), x.width(), row * INT8_PARTS, columns);
            }
            bytes.put(0, eighths, 0, length);
        }
        product.pack(plain.address(), packed.address());
    }

    private void halves(float[] x, int from, int width, int column, int columns) {
        for (int i = 0; i < width; i++) {
            float value = x[from + i];
            int first = Float.floatToRawIntBits(value) & UPPER;
            float rest = value - Float.intBitsToFloat(first);
            int second = Float.floatToRawIntBits(rest) & UPPER;
            int third = Float.floatToRawIntBits(rest - Float.intBitsToFloat(second));
            int at = i * columns + column;
            halves[at] = (short) (first >>> BITS);
            halves[at + 1] = (short) (second >>> BITS);
            halves[at + 2] = (short) (third >>> BITS);
        }
    }

    /** The unit of the first part. */
    private double eighths(float[] x, int from, int width, int column, int columns) {
        float largest = 0;
        for (int i = from; i < from + width; i++) {
            largest = Math.max(largest, Math.abs(x[i]));
        }
        double unit = largest == 0 ? 1 : (double) largest / LARGEST;
        double inverse = 1 / unit;
        for (int i = 0; i < width; i++) {
            double rest = x[from + i] * inverse;
            int at = i * columns + column;
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
