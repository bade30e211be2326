/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import onnx.Onnx;
import org.lora4j.error.Problems;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** One TensorProto as an array: sizes are checked before anything is allocated. */
final class OnnxTensor {

    private OnnxTensor() {}

    static boolean isSupported(Onnx.TensorProto tensor) {
        return tensor.getDataType() == Onnx.TensorProto.DataType.FLOAT_VALUE
                || tensor.getDataType() == Onnx.TensorProto.DataType.DOUBLE_VALUE;
    }

    static String typeName(Onnx.TensorProto tensor) {
        Onnx.TensorProto.DataType type = Onnx.TensorProto.DataType.forNumber(tensor.getDataType());
        return type == null ? "unknown (" + tensor.getDataType() + ")" : type.name();
    }

    /** The array, or nothing and one more problem. */
    static Optional<INDArray> read(Onnx.TensorProto tensor, Problems problems) {
        long[] shape = tensor.getDimsList().stream().mapToLong(Long::longValue).toArray();
        boolean isFloat = tensor.getDataType() == Onnx.TensorProto.DataType.FLOAT_VALUE;
        int width = isFloat ? Float.BYTES : Double.BYTES;
        long expected;
        try {
            expected = length(shape);
        } catch (ArithmeticException e) {
            problems.add("tensor \"" + tensor.getName() + "\" has dimensions " + tensor.getDimsList()
                    + ", expected positive sizes that describe less than 2 GiB");
            return Optional.empty();
        }
        boolean raw = !tensor.getRawData().isEmpty();
        long found = raw
                ? tensor.getRawData().size()
                : (long) width * (isFloat ? tensor.getFloatDataCount() : tensor.getDoubleDataCount());
        if (found != expected * width) {
            problems.add("tensor \"" + tensor.getName() + "\" of dimensions " + tensor.getDimsList() + " has " + found
                    + " bytes of data, expected " + expected * width
                    + (found == 0 ? " (weights in a separate file are not supported)" : ""));
            return Optional.empty();
        }
        return Optional.of(isFloat ? floats(tensor, raw, shape) : doubles(tensor, raw, shape));
    }

    private static INDArray floats(Onnx.TensorProto tensor, boolean raw, long[] shape) {
        float[] values;
        if (raw) {
            ByteBuffer bytes = tensor.getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
            values = new float[bytes.remaining() / Float.BYTES];
            bytes.asFloatBuffer().get(values);
        } else {
            values = new float[tensor.getFloatDataCount()];
            for (int i = 0; i < values.length; i++) {
                values[i] = tensor.getFloatData(i);
            }
        }
        return shape.length == 0 ? Nd4j.scalar(values[0]) : Nd4j.create(values, shape, 'c');
    }

    private static INDArray doubles(Onnx.TensorProto tensor, boolean raw, long[] shape) {
        double[] values;
        if (raw) {
            ByteBuffer bytes = tensor.getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
            values = new double[bytes.remaining() / Double.BYTES];
            bytes.asDoubleBuffer().get(values);
        } else {
            values = new double[tensor.getDoubleDataCount()];
            for (int i = 0; i < values.length; i++) {
                values[i] = tensor.getDoubleData(i);
            }
        }
        return shape.length == 0
                ? Nd4j.scalar(values[0])
                : Nd4j.createFromArray(values).reshape('c', shape).dup('c');
    }

    /** The number of elements; an {@link ArithmeticException} if a size is not positive or the product too large. */
    private static int length(long[] shape) {
        long length = 1;
        for (long size : shape) {
            if (size < 1) {
                throw new ArithmeticException("size " + size);
            }
            length = Math.multiplyExact(length, size);
        }
        return Math.toIntExact(length);
    }
}
