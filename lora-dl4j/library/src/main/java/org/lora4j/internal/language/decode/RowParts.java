/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.bytedeco.javacpp.BytePointer;
import org.lora4j.exec.onednn.FewRows;

/**
 * Rows as sums of numbers of 8 bits, so that products with weights of that type are those of the floats: multiples from -127 to
 * 127 of a unit, of a unit that is 254 times smaller for what is left, and so on. Four of them are within 2^-32 of the largest
 * value of the row. Instructions want bytes without a sign, so 128 is added to each. The parts of a row are rows, one below the
 * other.
 *
 * <p>Or rows in F32 as columns, for {@link FloatWeight}.
 */
final class RowParts implements AutoCloseable {

    static final int INT8_PARTS = 4;

    /** What bytes are larger by than what they stand for. */
    static final int SHIFT = 128;

    private static final int LARGEST = 127;
    static final double FINER = 2 * LARGEST;
    /** Beyond this, more rows are computed than there are, so that there are few products to compile. */
    private static final int FEW = 4;

    private static final int SOME = 16;

    private BytePointer plain = new BytePointer(0);
    private BytePointer packed = new BytePointer(0);
    private ByteBuffer bytes = ByteBuffer.allocate(0);
    private byte[] eighths = new byte[0];
    private double[] units = new double[0];
    private float[] turned = new float[0];
    private int rowBytes;

    /** How many rows are computed for so many: those beyond hold anything. */
    static int computed(int rows) {
        int unit = unit(rows);
        return (rows + unit - 1) / unit * unit;
    }

    private static int unit(int rows) {
        return rows <= FEW ? 1 : rows <= SOME ? FEW : SOME;
    }

    /** Rows to make room for: the last ones may be computed by themselves. */
    static int room(int rows) {
        return rows + Math.max(FEW, unit(rows)) - 1;
    }

    void reserveEighths(int rows, int width) {
        reserve((long) INT8_PARTS * room(rows) * width, 0);
        rowBytes = INT8_PARTS * width;
    }

    /** Rows in parts of 8 bits. */
    void eighths(HiddenRows x) {
        int width = x.width();
        eighths = eighths.length < INT8_PARTS * width ? new byte[INT8_PARTS * width] : eighths;
        units = units.length < x.rows() ? new double[x.rows()] : units;
        for (int row = 0; row < x.rows(); row++) {
            units[row] = eighths(x.values(), row * width, width);
            bytes.put(row * INT8_PARTS * width, eighths, 0, INT8_PARTS * width);
        }
    }

    void reserveColumns(int width, int columns, FewRows product) {
        reserve((long) Float.BYTES * width * columns, product.packedBytes());
    }

    /** Rows in F32 as columns, zeros behind the last. */
    void columns(HiddenRows x, int columns, FewRows product) {
        int length = x.width() * columns;
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

    /** The unit of the first part. */
    private double eighths(float[] x, int from, int width) {
        float largest = 0;
        for (int i = from; i < from + width; i++) {
            largest = Math.max(largest, Math.abs(x[i]));
        }
        double unit = largest == 0 ? 1 : (double) largest / LARGEST;
        double inverse = 1 / unit;
        for (int i = 0; i < width; i++) {
            double rest = x[from + i] * inverse;
            for (int part = 0; part < INT8_PARTS; part++) {
                double whole = Math.rint(rest);
                eighths[part * width + i] = (byte) ((int) whole + SHIFT);
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
        }
        if (packed.capacity() < packedBytes) {
            packed.close();
            packed = new BytePointer(packedBytes);
        }
    }

    /** Address of the columns. */
    long packed() {
        return packed.address();
    }

    /** Address of the parts of a row. */
    long row(int row) {
        return plain.address() + (long) row * rowBytes;
    }

    /** What the first part of a row is in multiples of; each other part is in multiples {@link #FINER} times smaller. */
    double unitOf(int row) {
        return units[row];
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
