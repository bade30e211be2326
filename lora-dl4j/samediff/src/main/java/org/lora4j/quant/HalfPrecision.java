/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.quant;

import java.util.Arrays;
import java.util.Objects;
import org.bytedeco.javacpp.ShortPointer;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.array.Region;
import org.lora4j.internal.array.io.HalfFloats;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOps;
import org.nd4j.nativeblas.NativeOpsHolder;

/**
 * A matrix in 16 bits, as language models are stored in files: bfloat16, or IEEE 754 half. Both are F32 values with fewer
 * digits, so reading gives them exactly, infinities and NaN too.
 *
 * <p>Memory: half of F32.
 *
 * <p><b>Speed</b>, on one thread of an AMD EPYC (Zen 5): bfloat16 into an array by ND4J's native cast, 8 to 10 billion values
 * (16 to 20 GB read) a second; a Java loop over shorts does 1.9, and the native cast on two threads of a busy machine 0.5, as
 * each waits for the other. Halves by a table of all of them in Java, 2.0 (4 GB); the native cast does 1.1, arithmetic in
 * Java 1.2.
 *
 * @param values BFLOAT16 or FLOAT16 {@code [rows, columns]} in 'c' order, which nobody writes to
 * @apiNote Status: experimental
 */
public record HalfPrecision(INDArray values) implements StoredWeight {

    private static final int PATTERNS = 1 << Short.SIZE;
    private static final int MASK = PATTERNS - 1;

    /** From here on the nearest half is infinite: a half step above the largest, 65504. */
    private static final float TOO_LARGE_FOR_HALF = 65520f;

    private static final float TOO_LARGE_FOR_BFLOAT16 = 0x1.FFp127f;
    private static final ThreadLocal<short[]> SHORTS = ThreadLocal.withInitial(() -> new short[DenseArray.BLOCK]);

    /** All halves, 256 KB; made when the first one is read. */
    private static final class Halves {
        private static final float[] VALUES = values();

        private static float[] values() {
            float[] values = new float[PATTERNS];
            for (int bits = 0; bits < PATTERNS; bits++) {
                values[bits] = HalfFloats.fromF16((short) bits);
            }
            return values;
        }
    }

    /**
     * Checks the array.
     *
     * @param values BFLOAT16 or FLOAT16 {@code [rows, columns]} in 'c' order, which nobody writes to
     * @throws IllegalArgumentException if it is another one
     */
    public HalfPrecision {
        boolean half = values.dataType() == DataType.BFLOAT16 || values.dataType() == DataType.FLOAT16;
        if (!half || values.rank() != 2 || values.isEmpty() || !DenseArray.isRowMajor(values)) {
            throw new IllegalArgumentException("HalfPrecision: values " + values.dataType()
                    + Arrays.toString(values.shape()) + " with strides " + Arrays.toString(values.stride())
                    + "; expected a matrix of BFLOAT16 or FLOAT16 in 'c' order. Copy it first: dup('c').");
        }
    }

    /**
     * Rounds a matrix to the nearest values of 16 bits, halves to the even one.
     *
     * @param weight FLOAT {@code [rows, columns]}, only read
     * @param type BFLOAT16 or FLOAT16
     * @return a new array
     * @throws IllegalArgumentException if it is no FLOAT matrix, or a value is NaN or infinite or would become so
     */
    public static HalfPrecision of(INDArray weight, DataType type) {
        try (Weights.Matrix rows = Weights.Matrix.of("HalfPrecision", weight)) {
            return of(rows, type);
        }
    }

    private static HalfPrecision of(RowSource weight, DataType type) {
        boolean brain = type == DataType.BFLOAT16;
        INDArray values = Nd4j.createUninitialized(type, new long[] {weight.rows(), weight.columns()}, 'c');
        short[] block = new short[Weights.longest(weight, 1)];
        Weights.forEach("HalfPrecision", weight, 1, limit(type), (first, count, w) -> {
            int length = Math.toIntExact(count * weight.columns());
            for (int i = 0; i < length; i++) {
                block[i] = brain ? HalfFloats.toBf16(w[i]) : HalfFloats.toF16(w[i]);
            }
            pointer(values, first * weight.columns(), length, block.length).put(block, 0, length);
        });
        return new HalfPrecision(values);
    }

    /** Values of this magnitude and beyond are none of the type. */
    static float limit(DataType type) {
        return type == DataType.BFLOAT16 ? TOO_LARGE_FOR_BFLOAT16 : TOO_LARGE_FOR_HALF;
    }

    @Override
    public long rows() {
        return values.size(0);
    }

    @Override
    public long columns() {
        return values.size(1);
    }

    @Override
    public String form() {
        return nameOf(values.dataType());
    }

    /** The name of a type of 16 bits. */
    static String nameOf(DataType type) {
        return type == DataType.BFLOAT16 ? "BF16" : "F16";
    }

    @Override
    public long bytes() {
        return values.length() * Short.BYTES;
    }

    @Override
    public void read(long first, int count, float[] into) {
        int length = Math.toIntExact(count * columns());
        short[] bits = SHORTS.get();
        if (bits.length < length) {
            bits = new short[length];
            SHORTS.set(bits);
        }
        pointer(values, first * columns(), length, bits.length).get(bits, 0, length);
        if (values.dataType() == DataType.BFLOAT16) {
            widen(bits, length, into);
        } else {
            lookUp(bits, length, into);
        }
    }

    /** The value of 16 bits of FLOAT16, whatever lies above them. */
    static float half(int bits) {
        return Halves.VALUES[bits & MASK];
    }

    // Loops of their own: HotSpot makes vector code of the first.
    private static void widen(short[] bits, int length, float[] into) {
        for (int i = 0; i < length; i++) {
            into[i] = Float.intBitsToFloat(bits[i] << Short.SIZE);
        }
    }

    private static void lookUp(short[] bits, int length, float[] into) {
        float[] halves = Halves.VALUES;
        for (int i = 0; i < length; i++) {
            into[i] = halves[bits[i] & MASK];
        }
    }

    @Override
    public void read(long first, long count, INDArray into) {
        if (values.dataType() != DataType.BFLOAT16) {
            StoredWeight.super.read(first, count, into);
            return;
        }
        long[] shape = {count * columns()};
        long[] strides = {1};
        Objects.checkFromIndexSize(first * columns(), shape[0], values.length());
        Objects.checkFromIndexSize(0, shape[0], into.length());
        INDArray from = Nd4j.create(values.data(), shape, strides, values.offset() + first * columns(), 'c');
        NativeOps ops = NativeOpsHolder.getInstance().getDeviceNativeOps();
        int threads = ops.ompGetMaxThreads();
        // One reads as fast as memory gives, and a second one may be waited for.
        ops.setOmpNumThreads(1);
        try {
            Nd4j.create(into.data(), shape, strides, into.offset(), 'c').assign(from);
        } finally {
            ops.setOmpNumThreads(threads);
        }
    }

    private static ShortPointer pointer(INDArray array, long at, int length, int javaLength) {
        Region.requireCopy(array, at, length, javaLength);
        return new ShortPointer(array.data().pointer()).position(array.offset() + at);
    }

    @Override
    public String toString() {
        return values.dataType() + Arrays.toString(values.shape());
    }
}
