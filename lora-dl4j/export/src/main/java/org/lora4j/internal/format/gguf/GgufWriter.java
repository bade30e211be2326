/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.gguf;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.io.RowProbe;
import org.lora4j.internal.format.file.WholeFile;

/**
 * Writes a file of GGUF: magic, version, two counts, metadata, the table of tensors, and from there on, each at a multiple of
 * {@value #ALIGNMENT}, their bytes.
 *
 * <p><b>Threads.</b> Safe for different files.
 *
 * @apiNote Status: internal
 */
public final class GgufWriter {

    static final int MAGIC = 0x46554747;
    static final int VERSION = 3;
    static final int ALIGNMENT = 32;
    static final int ARRAY = 9;

    private final OutputStream out;
    private final Problems problems;
    private final RowProbe probe = new RowProbe();
    private long written;
    private double largestError;

    private GgufWriter(OutputStream out, Problems problems) {
        this.out = out;
        this.problems = problems;
    }

    /**
     * Writes a file, which is there whole or not at all, and reads it back: every tensor has to have the bytes that were meant, and its
     * rows have to answer a vector of a fixed seed as they did in memory, within the rounding.
     *
     * @param metadata by key: Integer (unsigned, 32 bits), Float, Boolean, String, {@code int[]}, {@code float[]}, lists of
     *     String
     * @param problems gets the tensors with NaN or a number beyond the range of their type; the file is of no use then
     * @return the largest difference between a number and what is read in its place
     * @throws IOException if it cannot be written, a tensor cannot be read, or what was written is not what was meant
     */
    public static double write(Path file, Map<String, Object> metadata, List<GgufTensor> tensors, Problems problems)
            throws IOException {
        GgufWriter[] writers = new GgufWriter[1];
        WholeFile.write(file, out -> {
            GgufWriter writer = new GgufWriter(out, problems);
            writer.header(metadata, tensors);
            for (GgufTensor tensor : tensors) {
                writer.tensor(tensor);
            }
            writers[0] = writer;
        });
        if (problems.isEmpty()) {
            GgufReader.requireSame(file, tensors, writers[0].probe);
        }
        return writers[0].largestError;
    }

    private void header(Map<String, Object> metadata, List<GgufTensor> tensors) throws IOException {
        ints(MAGIC, VERSION);
        longs(tensors.size(), metadata.size());
        for (Map.Entry<String, Object> entry : metadata.entrySet()) {
            text(entry.getKey());
            value(entry.getValue());
        }
        long offset = 0;
        for (GgufTensor tensor : tensors) {
            text(tensor.name());
            long[] shape = tensor.shape();
            ints(shape.length);
            for (int axis = shape.length - 1; axis >= 0; axis--) {
                longs(shape[axis]);
            }
            ints(tensor.element().code());
            longs(offset);
            offset = aligned(offset + tensor.byteCount());
        }
        pad();
    }

    private void value(Object value) throws IOException {
        if (value instanceof int[] numbers) {
            ints(ARRAY, 5);
            longs(numbers.length);
            ints(numbers);
        } else if (value instanceof float[] numbers) {
            ints(ARRAY, 6);
            longs(numbers.length);
            for (float number : numbers) {
                ints(Float.floatToRawIntBits(number));
            }
        } else if (value instanceof List<?> texts) {
            ints(ARRAY, 8);
            longs(texts.size());
            for (Object text : texts) {
                text((String) text);
            }
        } else if (value instanceof Integer number) {
            ints(4, number);
        } else if (value instanceof Float number) {
            ints(6, Float.floatToRawIntBits(number));
        } else if (value instanceof Boolean flag) {
            ints(7);
            bytes(new byte[] {(byte) (flag ? 1 : 0)}, 1);
        } else {
            ints(8);
            text((String) value);
        }
    }

    private void tensor(GgufTensor tensor) throws IOException {
        GgufElement element = tensor.element();
        int blocks = tensor.rowLength() / element.block();
        ByteBuffer piece = ByteBuffer.allocate(Math.toIntExact(element.byteCount(tensor.rowLength())))
                .order(ByteOrder.LITTLE_ENDIAN);
        long before = written;
        double[] error = new double[1];
        RowProbe.Tensor asked = probe.begin(tensor.name(), tensor.rowLength());
        tensor.content().writeTo(row -> {
            piece.clear();
            for (int block = 0; block < blocks; block++) {
                double found = element.encode(row, block * element.block(), piece);
                // NaN is larger than any number here, so that it is not lost.
                error[0] = Math.max(error[0], Double.isNaN(found) ? Double.POSITIVE_INFINITY : found);
            }
            asked.row(row);
            asked.bytes(ByteBuffer.wrap(piece.array(), 0, piece.position()));
            bytes(piece.array(), piece.position());
        });
        asked.error(error[0]);
        if (written - before != tensor.byteCount()) {
            throw new IllegalStateException(
                    "GgufWriter: " + tensor + " gave " + (written - before) + " bytes; expected " + tensor.byteCount());
        }
        problems.check(
                Double.isFinite(error[0]),
                "tensor \"" + tensor.name() + "\" holds NaN or a number beyond the range of " + element
                        + ", expected finite numbers, or a wider type");
        largestError = Math.max(largestError, error[0]);
        pad();
    }

    static long aligned(long position) {
        return (position + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private void pad() throws IOException {
        bytes(new byte[ALIGNMENT], (int) (aligned(written) - written));
    }

    private void text(String text) throws IOException {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        longs(utf8.length);
        bytes(utf8, utf8.length);
    }

    private void ints(int... numbers) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(numbers.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asIntBuffer().put(numbers);
        bytes(buffer.array(), buffer.capacity());
    }

    private void longs(long... numbers) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(numbers.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asLongBuffer().put(numbers);
        bytes(buffer.array(), buffer.capacity());
    }

    private void bytes(byte[] bytes, int count) throws IOException {
        out.write(bytes, 0, count);
        written += count;
    }
}
