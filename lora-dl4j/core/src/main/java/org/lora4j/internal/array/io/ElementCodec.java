/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array.io;

import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import java.util.function.ObjDoubleConsumer;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.lora4j.format.DType;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * How elements of a file become elements of an array and back: the one table of element types.
 *
 * @apiNote Status: internal
 */
public enum ElementCodec {
    /** Double precision. */
    F64(DType.F64, DataType.DOUBLE, ByteBuffer::getDouble, ByteBuffer::putDouble, value -> value),
    /** Single precision. */
    F32(DType.F32, DataType.FLOAT, ByteBuffer::getFloat, (bytes, value) -> bytes.putFloat((float) value), value ->
            (float) value),
    /** Half precision. */
    F16(
            DType.F16,
            DataType.FLOAT,
            bytes -> HalfFloats.fromF16(bytes.getShort()),
            (bytes, value) -> bytes.putShort(HalfFloats.toF16((float) value)),
            value -> HalfFloats.fromF16(HalfFloats.toF16((float) value))),
    /** bfloat16. */
    BF16(
            DType.BF16,
            DataType.FLOAT,
            bytes -> HalfFloats.fromBf16(bytes.getShort()),
            (bytes, value) -> bytes.putShort(HalfFloats.toBf16((float) value)),
            value -> HalfFloats.fromBf16(HalfFloats.toBf16((float) value))),
    /** Small integers without a sign, of tensors that hold numbers of vectors and the like. */
    U8(
            DType.U8,
            DataType.DOUBLE,
            bytes -> bytes.get() & 0xFF,
            (bytes, value) -> bytes.put((byte) value),
            value -> (byte) value & 0xFF),
    /** Small integers. */
    I16(DType.I16, DataType.DOUBLE, ByteBuffer::getShort, (bytes, value) -> bytes.putShort((short) value), value ->
            (short) value),
    /** Integers, of tensors that hold numbers of rows and the like. */
    I32(DType.I32, DataType.DOUBLE, ByteBuffer::getInt, (bytes, value) -> bytes.putInt((int) value), value ->
            (int) value),
    /** Integers, as PyTorch has them where nothing narrower was asked for; whole to 2^53. */
    I64(DType.I64, DataType.DOUBLE, ByteBuffer::getLong, (bytes, value) -> bytes.putLong((long) value), value ->
            (long) value);

    private static final Set<ElementCodec> INTEGERS = EnumSet.of(U8, I16, I32, I64);

    private final DType fileType;
    private final DataType arrayType;
    private final ToDoubleFunction<ByteBuffer> read;
    private final ObjDoubleConsumer<ByteBuffer> write;
    private final DoubleUnaryOperator rounded;

    ElementCodec(
            DType fileType,
            DataType arrayType,
            ToDoubleFunction<ByteBuffer> read,
            ObjDoubleConsumer<ByteBuffer> write,
            DoubleUnaryOperator rounded) {
        this.fileType = fileType;
        this.arrayType = arrayType;
        this.read = read;
        this.write = write;
        this.rounded = rounded;
    }

    /** The element type in a file. */
    public DType fileType() {
        return fileType;
    }

    /**
     * The element type of an array.
     *
     * @return FLOAT or DOUBLE
     */
    public DataType arrayType() {
        return arrayType;
    }

    /**
     * Reads the next element.
     *
     * @param bytes little-endian bytes
     */
    public double read(ByteBuffer bytes) {
        return read.applyAsDouble(bytes);
    }

    /**
     * Writes an element.
     *
     * @param bytes little-endian bytes
     */
    public void write(ByteBuffer bytes, double value) {
        write.accept(bytes, value);
    }

    /** The value that will be read after another was written. */
    public double rounded(double value) {
        return rounded.applyAsDouble(value);
    }

    /**
     * The codec of an element type of floating-point numbers.
     *
     * @return the codec, or empty if such elements do not become arrays here
     */
    public static Optional<ElementCodec> of(DType fileType) {
        return Stream.of(values())
                .filter(codec -> !INTEGERS.contains(codec) && codec.fileType == fileType)
                .findFirst();
    }

    /**
     * The codec of an element type of integers.
     *
     * @return the codec, or empty if such elements do not become arrays here
     */
    public static Optional<ElementCodec> ofIntegers(DType fileType) {
        return INTEGERS.stream().filter(codec -> codec.fileType == fileType).findFirst();
    }

    /**
     * The codec that keeps every bit of an array.
     *
     * @param arrayType FLOAT or DOUBLE
     */
    public static ElementCodec exactFor(DataType arrayType) {
        return arrayType == DataType.DOUBLE ? F64 : F32;
    }
}
