/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.bytedeco.javacpp.BytePointer;
import org.lora4j.internal.array.GrowingMemory;
import org.lora4j.internal.array.Region;
import org.lora4j.internal.onednn.ByteTiles;
import org.lora4j.internal.onednn.FrozenThinProduct;

/**
 * Rows as whole numbers of four digits, so that products with weights of 8 bits are those of the floats: multiples of a unit that
 * is 2^-31 of the largest value of the row, and digits from 0 to 255. Instructions want bytes without a sign, so 128 is added
 * in each place. Where instructions allow only 7 bits ({@link ByteTiles}), the unit is 2^-27, and digits go to 127. The digits of
 * one place are a row, those of the highest first, one below the other.
 *
 * <p>Or rows in F32 as columns, for {@link FloatWeight}.
 */
final class RowDigits implements AutoCloseable {

    static final int INT8_PARTS = 4;

    /** Added to a number of up to 32 bits, it leaves the nearest whole number in the lowest bits. */
    private static final double WHOLE = 0x1.8p52;

    /** Beyond this, more rows are computed than there are, so that there are few products to compile. */
    private static final int FEW = 4;

    private static final int SOME = 16;

    private final GrowingMemory plain = new GrowingMemory();
    private final GrowingMemory packed = new GrowingMemory();
    private ByteBuffer bytes = ByteBuffer.allocate(0);
    private byte[] eighths = new byte[0];
    private double[] units = new double[0];
    private float[] turned = new float[0];
    private int rowBytes;

    /** What numbers are larger by than what they stand for: half a place in each. */
    static long shift(int base) {
        return base / 2 * (1L + base + (long) base * base + (long) base * base * base);
    }

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
        int base = ByteTiles.ofProcessor().orElseThrow().numbers();
        eighths = eighths.length < INT8_PARTS * width ? new byte[INT8_PARTS * width] : eighths;
        units = units.length < x.rows() ? new double[x.rows()] : units;
        for (int row = 0; row < x.rows(); row++) {
            units[row] = eighths(x.values(), row * width, width, base);
            bytes.put(row * INT8_PARTS * width, eighths, 0, INT8_PARTS * width);
        }
    }

    void reserveColumns(int width, int columns, FrozenThinProduct product) {
        reserve((long) Float.BYTES * width * columns, product.packedBytes());
    }

    /** Rows in F32 as columns, zeros behind the last. */
    void columns(HiddenRows x, int columns, FrozenThinProduct product) {
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
        product.pack(plain.atLeast(0), packed.atLeast(0));
    }

    /** The unit of a row whose digits are written. */
    private double eighths(float[] x, int from, int width, int base) {
        float most = largest(x, from, width);
        double largest = (base / 2 - 1) * (double) base * base * base;
        double unit = most == 0 ? 1 : most / largest;
        double inverse = 1 / unit;
        int shift = (int) shift(base);
        int bits = Integer.numberOfTrailingZeros(base);
        int second = 2 * bits;
        int third = 3 * bits;
        int mask = base - 1;
        byte[] digits = eighths;
        for (int i = 0; i < width; i++) {
            // Without a sign, where digits have 8 bits.
            int number = (int) Double.doubleToRawLongBits(x[from + i] * inverse + WHOLE) + shift;
            digits[i] = (byte) (number >>> third & mask);
            digits[width + i] = (byte) (number >>> second & mask);
            digits[2 * width + i] = (byte) (number >>> bits & mask);
            digits[3 * width + i] = (byte) (number & mask);
        }
        return unit;
    }

    /** The largest magnitude; bits of floats without a sign are in the order of the numbers, and quicker to compare. */
    private static float largest(float[] x, int from, int width) {
        int largest = 0;
        for (int i = from; i < from + width; i++) {
            largest = Math.max(largest, Float.floatToRawIntBits(x[i]) & Integer.MAX_VALUE);
        }
        return Float.intBitsToFloat(largest);
    }

    private void reserve(long plainBytes, long packedBytes) {
        if (plain.bytes() < plainBytes) {
            // It keeps an address, and nothing behind it.
            bytes = ByteBuffer.allocate(0);
            Region more = plain.atLeast(Math.toIntExact(plainBytes));
            bytes = ((BytePointer) more.owner()).asByteBuffer().order(ByteOrder.nativeOrder());
        }
        packed.atLeast(packedBytes);
    }

    /** The columns. */
    Region packed() {
        return packed.atLeast(0);
    }

    /** From the parts of a row on. */
    Region row(int row) {
        return plain.atLeast(0).from((long) row * rowBytes);
    }

    /** What a row is in multiples of. */
    double unitOf(int row) {
        return units[row];
    }

    long bytes() {
        return plain.bytes() + packed.bytes();
    }

    @Override
    public void close() {
        bytes = ByteBuffer.allocate(0);
        plain.close();
        packed.close();
    }
}
