/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.parts;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32C;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.array.DenseArray;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The parts that a worker computed, as bytes: a checksum of the step before, then for each part its number, its loss, which variables were
 * not reached, and the gradients by name, each with its type, order and shape.
 */
final class PartMessage {

    private static final int MOST_RANK = 32;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final DataOutputStream out = new DataOutputStream(bytes);

    PartMessage(long before) {
        write(() -> out.writeLong(before));
    }

    private interface Writing {
        void run() throws IOException;
    }

    private static void write(Writing work) {
        try {
            work.run();
        } catch (IOException e) {
            throw new UncheckedIOException("shared parts: a message could not be written: " + e.getMessage(), e);
        }
    }

    void add(int part, LossAndGradients result) {
        write(() -> {
            out.writeInt(part);
            out.writeDouble(result.loss());
            out.writeInt(result.unreached().size());
            for (String name : result.unreached()) {
                out.writeUTF(name);
            }
            out.writeInt(result.gradients().size());
            for (Map.Entry<String, INDArray> gradient : result.gradients().entrySet()) {
                out.writeUTF(gradient.getKey());
                add(gradient.getValue());
            }
        });
    }

    private void add(INDArray array) throws IOException {
        try (DenseArray dense = DenseArray.of(array)) {
            out.writeUTF(array.dataType().name());
            out.writeChar(dense.order());
            out.writeInt(array.rank());
            for (long size : array.shape()) {
                out.writeLong(size);
            }
            dense.bytes((elements, length) -> bytes.write(elements, 0, length));
        }
    }

    byte[] bytes() {
        return bytes.toByteArray();
    }

    /**
     * Takes the parts of a worker.
     *
     * @param before what the step before gave here
     * @param results gets them, each at its number
     * @throws IllegalStateException if the worker got something else in the step before, or its message is none
     */
    static void read(byte[] message, int worker, long before, LossAndGradients[] results) {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(message));
        write(() -> {
            long theirs = in.readLong();
            if (theirs != before) {
                throw new IllegalStateException("shared parts: worker " + worker + " got other gradients in the step"
                        + " before (checksum " + Long.toHexString(theirs) + ", here " + Long.toHexString(before)
                        + "); expected the same bits everywhere. Use machines of one kind, with the same settings.");
            }
            while (in.available() > 0) {
                int part = in.readInt();
                if (part < 0 || part >= results.length || results[part] != null) {
                    throw new IllegalStateException("shared parts: worker " + worker + " gave part " + part + " of "
                            + results.length + " parts; expected each once. Workers must run the same plan.");
                }
                results[part] = part(in);
            }
        });
    }

    private static LossAndGradients part(DataInputStream in) throws IOException {
        double loss = in.readDouble();
        Set<String> unreached = new LinkedHashSet<>();
        for (int i = in.readInt(); i > 0; i--) {
            unreached.add(in.readUTF());
        }
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        for (int i = in.readInt(); i > 0; i--) {
            gradients.put(in.readUTF(), array(in));
        }
        return new LossAndGradients(loss, gradients, unreached);
    }

    private static INDArray array(DataInputStream in) throws IOException {
        DataType type = DataType.valueOf(in.readUTF());
        char order = in.readChar();
        int rank = in.readInt();
        if (rank < 0 || rank > MOST_RANK) {
            throw new IOException("an array of rank " + rank);
        }
        long[] shape = new long[rank];
        long length = 1;
        for (int i = 0; i < rank; i++) {
            shape[i] = in.readLong();
            length = Math.multiplyExact(length, shape[i]);
        }
        int width = type == DataType.DOUBLE ? Double.BYTES : Float.BYTES;
        if (length < 0 || Math.multiplyExact(length, width) > in.available()) {
            throw new IOException("an array of " + length + " elements in " + in.available() + " bytes");
        }
        ByteBuffer elements =
                ByteBuffer.wrap(in.readNBytes(Math.toIntExact(length * width))).order(ByteOrder.LITTLE_ENDIAN);
        if (type == DataType.DOUBLE) {
            double[] values = new double[(int) length];
            elements.asDoubleBuffer().get(values);
            return shaped(Nd4j.createFromArray(values), shape, order);
        }
        float[] values = new float[(int) length];
        elements.asFloatBuffer().get(values);
        return shaped(Nd4j.createFromArray(values), shape, order);
    }

    private static INDArray shaped(INDArray row, long[] shape, char order) {
        return shape.length == 0 ? row.reshape() : row.reshape(order, shape);
    }

    /** A checksum of the loss and of all gradients. */
    static long checksum(LossAndGradients result) {
        CRC32C sum = new CRC32C();
        sum.update(ByteBuffer.allocate(Double.BYTES).putDouble(0, result.loss()));
        result.gradients().values().forEach(array -> {
            try (DenseArray dense = DenseArray.of(array)) {
                dense.bytes((elements, length) -> sum.update(elements, 0, length));
            }
        });
        return sum.getValue();
    }
}
