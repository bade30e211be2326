/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onnx;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Optional;
import onnx.Onnx;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.DenseArray;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.protobuf.ByteString;

/**
 * A TensorProto as an array and back: sizes are checked before anything is allocated.
 *
 * @apiNote Status: internal
 */
public final class OnnxTensors {

    /** The longest array is shorter by this than an int can count. */
    private static final int ARRAY_HEADER = 8;

    private OnnxTensors() {}

    /**
     * Whether the elements are of a type that becomes an array.
     *
     * @return true for FLOAT and DOUBLE
     */
    public static boolean isSupported(Onnx.TensorProto tensor) {
        return tensor.getDataType() == Onnx.TensorProto.DataType.FLOAT_VALUE
                || tensor.getDataType() == Onnx.TensorProto.DataType.DOUBLE_VALUE;
    }

    /** The element type of a tensor. */
    public static String typeName(Onnx.TensorProto tensor) {
        Onnx.TensorProto.DataType type = Onnx.TensorProto.DataType.forNumber(tensor.getDataType());
        return type == null ? "unknown (" + tensor.getDataType() + ")" : type.name();
    }

    /**
     * A tensor as an array.
     *
     * @param tensor a tensor of a supported type
     * @param files where tensors are that are not in the model
     * @param problems takes what is wrong
     * @return the array, or nothing and one more problem
     * @throws IOException if a file beside the model cannot be read
     */
    public static Optional<INDArray> read(Onnx.TensorProto tensor, ExternalFiles files, Problems problems)
            throws IOException {
        long[] shape = tensor.getDimsList().stream().mapToLong(Long::longValue).toArray();
        boolean isFloat = tensor.getDataType() == Onnx.TensorProto.DataType.FLOAT_VALUE;
        int width = isFloat ? Float.BYTES : Double.BYTES;
        long expected;
        try {
            expected = length(shape, width);
        } catch (ArithmeticException e) {
            problems.add("tensor \"" + tensor.getName() + "\" has dimensions " + tensor.getDimsList()
                    + ", expected positive sizes that describe less than 2 GiB");
            return Optional.empty();
        }
        if (ExternalFiles.isExternal(tensor)) {
            Optional<ExternalFiles.Region> region = files.region(tensor, expected * width, problems);
            if (region.isEmpty()) {
                return Optional.empty();
            }
            ByteBuffer bytes = ByteBuffer.wrap(files.read(region.get()));
            return Optional.of(isFloat ? floats(bytes, shape) : doubles(bytes, shape));
        }
        boolean raw = !tensor.getRawData().isEmpty();
        long found = raw
                ? tensor.getRawData().size()
                : (long) width * (isFloat ? tensor.getFloatDataCount() : tensor.getDoubleDataCount());
        if (found != expected * width) {
            problems.add("tensor \"" + tensor.getName() + "\" of dimensions " + tensor.getDimsList() + " has " + found
                    + " bytes of data, expected " + expected * width);
            return Optional.empty();
        }
        ByteBuffer bytes = raw ? tensor.getRawData().asReadOnlyByteBuffer() : typed(tensor, isFloat, found);
        return Optional.of(isFloat ? floats(bytes, shape) : doubles(bytes, shape));
    }

    /** Elements that are not raw, as if they were. */
    private static ByteBuffer typed(Onnx.TensorProto tensor, boolean isFloat, long size) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(size)).order(ByteOrder.LITTLE_ENDIAN);
        if (isFloat) {
            for (int i = 0; i < tensor.getFloatDataCount(); i++) {
                bytes.putFloat(tensor.getFloatData(i));
            }
        } else {
            for (int i = 0; i < tensor.getDoubleDataCount(); i++) {
                bytes.putDouble(tensor.getDoubleData(i));
            }
        }
        return bytes.flip();
    }

    private static INDArray floats(ByteBuffer bytes, long[] shape) {
        FloatBuffer values = bytes.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
        if (shape.length == 0) {
            return Nd4j.scalar(values.get());
        }
        // Block by block: ND4J's own way puts each element on its own.
        INDArray array = Nd4j.createUninitialized(DataType.FLOAT, shape, 'c');
        DenseArray elements = DenseArray.toBeWritten(array);
        float[] some = new float[elements.blockLength()];
        for (int block = 0; block < elements.blocks(); block++) {
            values.get(some, 0, elements.length(block));
            elements.write(block, some);
        }
        elements.flush();
        return array;
    }

    private static INDArray doubles(ByteBuffer bytes, long[] shape) {
        double[] values = new double[bytes.remaining() / Double.BYTES];
        bytes.order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().get(values);
        return shape.length == 0
                ? Nd4j.scalar(values[0])
                : Nd4j.createFromArray(values).reshape('c', shape).dup('c');
    }

    /**
     * The elements of an array as a tensor has them.
     *
     * @param array FLOAT or DOUBLE
     * @return little-endian bytes in row-major order
     */
    public static byte[] bytes(INDArray array) {
        boolean isFloat = array.dataType() == DataType.FLOAT;
        DataBuffer elements = array.dup('c').data();
        int length = Math.toIntExact(array.length());
        ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(length, isFloat ? Float.BYTES : Double.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < length; i++) {
            if (isFloat) {
                bytes.putFloat(elements.getFloat(i));
            } else {
                bytes.putDouble(elements.getDouble(i));
            }
        }
        return bytes.array();
    }

    /**
     * A tensor with other elements, kept in the field in which it had them; all else stays.
     *
     * @param array the elements, of the tensor's type and shape
     */
    public static Onnx.TensorProto replaced(Onnx.TensorProto tensor, INDArray array) {
        Onnx.TensorProto.Builder builder = tensor.toBuilder();
        byte[] bytes = bytes(array);
        if (!tensor.getRawData().isEmpty()) {
            return builder.setRawData(ByteString.copyFrom(bytes)).build();
        }
        ByteBuffer values = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        builder.clearFloatData().clearDoubleData();
        while (values.hasRemaining()) {
            if (tensor.getDataType() == Onnx.TensorProto.DataType.FLOAT_VALUE) {
                builder.addFloatData(values.getFloat());
            } else {
                builder.addDoubleData(values.getDouble());
            }
        }
        return builder.build();
    }

    /** The number of elements; an {@link ArithmeticException} if a size is not positive or an array cannot hold the bytes. */
    private static int length(long[] shape, int width) {
        long length = 1;
        for (long size : shape) {
            if (size < 1) {
                throw new ArithmeticException("size " + size);
            }
            length = Math.multiplyExact(length, size);
        }
        Math.toIntExact(Math.addExact(Math.multiplyExact(length, width), ARRAY_HEADER));
        return (int) length;
    }
}
