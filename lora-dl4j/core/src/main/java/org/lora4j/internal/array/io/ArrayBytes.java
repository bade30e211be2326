/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.TensorFile;
import org.lora4j.format.safetensors.TensorSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Moves elements between files and arrays, a piece at a time.
 *
 * @apiNote Status: internal
 */
public final class ArrayBytes {

    private static final int PIECE = 1 << 20;

    private ArrayBytes() {}

    /**
     * Reads a tensor into a new array outside any workspace.
     *
     * @return an array of the tensor's shape, row-major
     */
    @SuppressWarnings("try") // The scope is opened for what it does to allocation, not to be used.
    public static INDArray read(TensorFile reader, TensorEntry entry, ElementCodec codec) throws IOException {
        INDArray array;
        // An adapter outlives whatever workspace its caller has open.
        try (MemoryWorkspace outside = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            array = Nd4j.createUninitialized(codec.arrayType(), entry.shape(), 'c');
        }
        try (ElementCursor target = ElementCursor.writing(array)) {
            ByteBuffer piece = buffer(entry.byteCount());
            for (long at = 0; at < entry.byteCount(); at += PIECE) {
                piece.clear().limit((int) Math.min(PIECE, entry.byteCount() - at));
                reader.read(entry, at, piece);
                piece.flip();
                while (piece.hasRemaining()) {
                    target.put(codec.read(piece));
                }
            }
        }
        return array;
    }

    /**
     * Copies an array, row-major and contiguous, outside any workspace.
     *
     * @param array floating-point numbers
     * @return FLOAT, or DOUBLE if the array is
     */
    @SuppressWarnings("try") // As above.
    public static INDArray ownCopy(INDArray array) {
        DataType type = array.dataType() == DataType.DOUBLE ? DataType.DOUBLE : DataType.FLOAT;
        try (MemoryWorkspace outside = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            return array.dataType() == type
                    ? array.dup('c')
                    : array.castTo(type).dup('c');
        }
    }

    /**
     * Whether a tensor of a file holds the elements of an array, as a codec rounds them.
     *
     * @param array as {@link #ownCopy} makes it
     * @return true if it does, in every bit
     */
    public static boolean holds(TensorFile reader, TensorEntry entry, ElementCodec codec, INDArray array)
            throws IOException {
        if (entry.dtype() != codec.fileType() || !Arrays.equals(entry.shape(), array.shape())) {
            return false;
        }
        try (ElementCursor elements = ElementCursor.reading(array)) {
            ByteBuffer piece = buffer(entry.byteCount());
            for (long at = 0; at < entry.byteCount(); at += PIECE) {
                piece.clear().limit((int) Math.min(PIECE, entry.byteCount() - at));
                reader.read(entry, at, piece);
                piece.flip();
                while (piece.hasRemaining()) {
                    double expected = codec.rounded(elements.next());
                    if (Double.compare(codec.read(piece), expected) != 0) {
                        return false;
                    }
                }
            }
        }
        return true;
    }

    /**
     * An array as the content of a tensor to be written.
     *
     * @param key the tensor's name
     * @param array as {@link #ownCopy} makes it
     * @param codec how elements are written
     * @return the content, read when it is written
     */
    public static TensorSource source(String key, INDArray array, ElementCodec codec) {
        return new TensorSource(key, codec.fileType(), array.shape(), channel -> write(array, codec, channel));
    }

    private static void write(INDArray array, ElementCodec codec, WritableByteChannel channel) throws IOException {
        ByteBuffer piece = buffer(array.length() * (codec.fileType().bits() / Byte.SIZE));
        try (ElementCursor elements = ElementCursor.reading(array)) {
            for (long index = 0; index < array.length(); index++) {
                codec.write(piece, elements.next());
                if (!piece.hasRemaining()) {
                    drain(piece, channel);
                }
            }
        }
        drain(piece, channel);
    }

    private static void drain(ByteBuffer piece, WritableByteChannel channel) throws IOException {
        piece.flip();
        while (piece.hasRemaining()) {
            channel.write(piece);
        }
        piece.clear();
    }

    /** A piece, or less for a small tensor: an adapter may have thousands. */
    private static ByteBuffer buffer(long most) {
        return ByteBuffer.allocate((int) Math.min(PIECE, most)).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * The first element that a codec would turn into NaN or infinity.
     *
     * @param array as {@link #ownCopy} makes it
     * @return its index in row-major order, or -1
     */
    public static long firstNotFinite(INDArray array, ElementCodec codec) {
        try (ElementCursor elements = ElementCursor.reading(array)) {
            for (long index = 0; index < array.length(); index++) {
                if (!Double.isFinite(codec.rounded(elements.next()))) {
                    return index;
                }
            }
        }
        return -1;
    }

    /**
     * Whether two arrays have the same type, shape and, value by value, the same elements.
     *
     * @param one as {@link #ownCopy} makes it
     * @return true if they do
     */
    public static boolean same(INDArray one, INDArray other) {
        if (one.dataType() != other.dataType() || !Arrays.equals(one.shape(), other.shape())) {
            return false;
        }
        try (ElementCursor a = ElementCursor.reading(one);
                ElementCursor b = ElementCursor.reading(other)) {
            for (long index = 0; index < one.length(); index++) {
                if (a.next() != b.next()) {
                    return false;
                }
            }
        }
        return true;
    }
}
