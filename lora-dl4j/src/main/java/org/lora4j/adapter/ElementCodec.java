/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.stream.Stream;
import org.lora4j.format.safetensors.DType;
import org.nd4j.linalg.api.buffer.DataType;

/** How elements of a file become elements of an array and back: the one table of element types. */
enum ElementCodec {
    F64(DType.F64, DataType.DOUBLE) {
        @Override
        double read(ByteBuffer bytes) {
            return bytes.getDouble();
        }

        @Override
        void write(ByteBuffer bytes, double value) {
            bytes.putDouble(value);
        }

        @Override
        double rounded(double value) {
            return value;
        }
    },
    F32(DType.F32, DataType.FLOAT) {
        @Override
        double read(ByteBuffer bytes) {
            return bytes.getFloat();
        }

        @Override
        void write(ByteBuffer bytes, double value) {
            bytes.putFloat((float) value);
        }

        @Override
        double rounded(double value) {
            return (float) value;
        }
    },
    F16(DType.F16, DataType.FLOAT) {
        @Override
        double read(ByteBuffer bytes) {
            return HalfFloats.fromF16(bytes.getShort());
        }

        @Override
        void write(ByteBuffer bytes, double value) {
            bytes.putShort(HalfFloats.toF16((float) value));
        }

        @Override
        double rounded(double value) {
            return HalfFloats.fromF16(HalfFloats.toF16((float) value));
        }
    },
    BF16(DType.BF16, DataType.FLOAT) {
        @Override
        double read(ByteBuffer bytes) {
            return HalfFloats.fromBf16(bytes.getShort());
        }

        @Override
        void write(ByteBuffer bytes, double value) {
            bytes.putShort(HalfFloats.toBf16((float) value));
        }

        @Override
        double rounded(double value) {
            return HalfFloats.fromBf16(HalfFloats.toBf16((float) value));
        }
    };

    private final DType fileType;
    private final DataType arrayType;

    ElementCodec(DType fileType, DataType arrayType) {
        this.fileType = fileType;
        this.arrayType = arrayType;
    }

    DType fileType() {
        return fileType;
    }

    DataType arrayType() {
        return arrayType;
    }

    abstract double read(ByteBuffer bytes);

    abstract void write(ByteBuffer bytes, double value);

    /** The value that will be read after this one was written. */
    abstract double rounded(double value);

    static Optional<ElementCodec> of(DType fileType) {
        return Stream.of(values()).filter(codec -> codec.fileType == fileType).findFirst();
    }

    /** The codec that keeps every bit of an array. */
    static ElementCodec exactFor(DataType arrayType) {
        return arrayType == DataType.DOUBLE ? F64 : F32;
    }
}
