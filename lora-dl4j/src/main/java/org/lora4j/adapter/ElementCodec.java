/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;
import java.util.function.ObjDoubleConsumer;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.lora4j.array.HalfFloats;
import org.lora4j.format.safetensors.DType;
import org.nd4j.linalg.api.buffer.DataType;

/** How elements of a file become elements of an array and back: the one table of element types. */
enum ElementCodec {
    F64(DType.F64, DataType.DOUBLE, ByteBuffer::getDouble, ByteBuffer::putDouble, value -> value),
    F32(DType.F32, DataType.FLOAT, ByteBuffer::getFloat, (bytes, value) -> bytes.putFloat((float) value), value ->
            (float) value),
    F16(
            DType.F16,
            DataType.FLOAT,
            bytes -> HalfFloats.fromF16(bytes.getShort()),
            (bytes, value) -> bytes.putShort(HalfFloats.toF16((float) value)),
            value -> HalfFloats.fromF16(HalfFloats.toF16((float) value))),
    BF16(
            DType.BF16,
            DataType.FLOAT,
            bytes -> HalfFloats.fromBf16(bytes.getShort()),
            (bytes, value) -> bytes.putShort(HalfFloats.toBf16((float) value)),
            value -> HalfFloats.fromBf16(HalfFloats.toBf16((float) value)));

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

    DType fileType() {
        return fileType;
    }

    DataType arrayType() {
        return arrayType;
    }

    double read(ByteBuffer bytes) {
        return read.applyAsDouble(bytes);
    }

    void write(ByteBuffer bytes, double value) {
        write.accept(bytes, value);
    }

    /** The value that will be read after this one was written. */
    double rounded(double value) {
        return rounded.applyAsDouble(value);
    }

    static Optional<ElementCodec> of(DType fileType) {
        return Stream.of(values()).filter(codec -> codec.fileType == fileType).findFirst();
    }

    /** The codec that keeps every bit of an array. */
    static ElementCodec exactFor(DataType arrayType) {
        return arrayType == DataType.DOUBLE ? F64 : F32;
    }
}
