/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.ObjIntConsumer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.concurrency.AffinityManager;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The elements of an array of type FLOAT or DOUBLE in one fixed order, read and written in pieces through Java arrays.
 *
 * <p>HotSpot turns short loops over {@code float[]} into vector code, and copying a piece that stays in the cache costs
 * next to nothing, so this beats a chain of array operations several times. Arrays that are not dense, in another order or
 * of another type are copied here and nowhere else; such a copy is freed by {@link #close()}.
 *
 * <p><b>Threads.</b> Disjoint pieces may be read and written in parallel; {@link #flush()} and {@link #close()} come
 * after all of them.
 *
 * @apiNote Status: internal
 */
public final class DenseArray implements AutoCloseable {

    /** Elements of a block: four such Java arrays together fit the second-level cache. */
    public static final int BLOCK = 8192;

    private final INDArray target;
    private final INDArray dense;
    private final char order;
    // Reading moves the position of a pointer, so every call takes a pointer of its own.
    private final FloatPointer floats;
    private final DoublePointer doubles;

    private DenseArray(INDArray target, INDArray dense, char order) {
        this.target = target;
        this.dense = dense;
        this.order = order;
        Nd4j.getAffinityManager().ensureLocation(dense, AffinityManager.Location.HOST);
        boolean single = dense.dataType() == DataType.FLOAT;
        if (!single && dense.dataType() != DataType.DOUBLE) {
            // Reading on would leave the bounds of the array.
            throw new IllegalArgumentException("elements of an array: type " + dense.dataType()
                    + "; expected FLOAT or DOUBLE. Cast the array first");
        }
        this.floats = single ? new FloatPointer(dense.data().pointer()) : null;
        this.doubles = single ? null : new DoublePointer(dense.data().pointer());
    }

    /**
     * The elements in the order in which they lie.
     *
     * @param array an array of type FLOAT or DOUBLE
     * @return its elements in its own order if it is dense, else a copy in 'c' order
     * @throws IllegalArgumentException if the type is another one
     */
    public static DenseArray of(INDArray array) {
        return isDense(array, 'f') && !isDense(array, 'c') ? new DenseArray(array, array, 'f') : rowMajor(array);
    }

    /**
     * The elements in 'c' order.
     *
     * @param array an array of type FLOAT or DOUBLE
     * @return its elements, copied if they do not lie so already
     * @throws IllegalArgumentException if the type is another one
     */
    public static DenseArray rowMajor(INDArray array) {
        return new DenseArray(array, isDense(array, 'c') ? array : array.dup('c'), 'c');
    }

    /**
     * The elements in 'c' order, to be written completely before any is read.
     *
     * @param array an array of type FLOAT or DOUBLE
     * @return its elements if they lie so already, else undefined values that {@link #flush()} brings to the array
     * @throws IllegalArgumentException if the type is another one
     */
    public static DenseArray toBeWritten(INDArray array) {
        INDArray dense = isDense(array, 'c') ? array : Nd4j.createUninitialized(array.dataType(), array.shape(), 'c');
        return new DenseArray(array, dense, 'c');
    }

    /**
     * The elements in the order and the type of others.
     *
     * @param array an array of the shape of {@code pattern}, of any numeric type
     * @return the elements, copied if they are not so already
     */
    public static DenseArray like(INDArray array, DenseArray pattern) {
        DataType type = pattern.dense.dataType();
        if (array.dataType() == type) {
            return new DenseArray(
                    array, isDense(array, pattern.order) ? array : array.dup(pattern.order), pattern.order);
        }
        INDArray cast = Nd4j.createUninitialized(type, array.shape(), pattern.order);
        cast.assign(array);
        return new DenseArray(array, cast, pattern.order);
    }

    /**
     * How many elements there are.
     *
     * @return the length of the array
     */
    public long length() {
        return dense.length();
    }

    /**
     * The size of the last dimension.
     *
     * @return 1 for a scalar
     */
    public int width() {
        return dense.rank() == 0 ? 1 : Math.toIntExact(dense.size(dense.rank() - 1));
    }

    /**
     * Which Java arrays fit.
     *
     * @return true for {@code float[]}, false for {@code double[]}
     */
    public boolean isFloat() {
        return floats != null;
    }

    /**
     * The order of the elements.
     *
     * @return 'c' or 'f'
     */
    public char order() {
        return order;
    }

    /**
     * Length of the Java array that holds any block.
     *
     * @return at most {@value #BLOCK}
     */
    public int blockLength() {
        return (int) Math.min(BLOCK, length());
    }

    /**
     * Number of blocks of {@value #BLOCK} elements, the last one perhaps shorter.
     *
     * @return 0 only for an empty array
     */
    public int blocks() {
        return Math.toIntExact((length() + BLOCK - 1) / BLOCK);
    }

    /**
     * Elements of one block.
     *
     * @param block its number, from 0
     * @return at most {@value #BLOCK}
     */
    public int length(int block) {
        return (int) Math.min(BLOCK, length() - (long) block * BLOCK);
    }

    /**
     * Reads a block of a FLOAT array.
     *
     * @param block its number, from 0
     * @param into receives {@link #length(int)} elements from index 0 on
     */
    public void read(int block, float[] into) {
        read((long) block * BLOCK, into, length(block));
    }

    /**
     * Reads a block of a DOUBLE array.
     *
     * @param block its number, from 0
     * @param into receives {@link #length(int)} elements from index 0 on
     */
    public void read(int block, double[] into) {
        at(doubles, (long) block * BLOCK, length(block), into.length).get(into, 0, length(block));
        Reference.reachabilityFence(dense);
    }

    /**
     * Reads some elements of a FLOAT array.
     *
     * @param from index of the first
     * @param into receives the elements from index 0 on
     * @param length how many
     */
    public void read(long from, float[] into, int length) {
        at(floats, from, length, into.length).get(into, 0, length);
        Reference.reachabilityFence(dense);
    }

    /**
     * Writes a block of a FLOAT array.
     *
     * @param block its number, from 0
     * @param values the elements, {@link #length(int)} from index 0 on
     */
    public void write(int block, float[] values) {
        write((long) block * BLOCK, values, length(block));
    }

    /**
     * Writes a block of a DOUBLE array.
     *
     * @param block its number, from 0
     * @param values the elements, {@link #length(int)} from index 0 on
     */
    public void write(int block, double[] values) {
        at(doubles, (long) block * BLOCK, length(block), values.length).put(values, 0, length(block));
        Reference.reachabilityFence(dense);
    }

    /**
     * Writes some elements of a FLOAT array.
     *
     * @param from index of the first
     * @param values the elements, from index 0 on
     * @param length how many
     */
    public void write(long from, float[] values, int length) {
        at(floats, from, length, values.length).put(values, 0, length);
        Reference.reachabilityFence(dense);
    }

    /**
     * The elements as bytes, little-endian, a block at a time.
     *
     * @param take gets an array, which is used again, and how many bytes of it are elements
     */
    public void bytes(ObjIntConsumer<byte[]> take) {
        int width = isFloat() ? Float.BYTES : Double.BYTES;
        ByteBuffer bytes = ByteBuffer.allocate(width * blockLength()).order(ByteOrder.LITTLE_ENDIAN);
        float[] single = new float[isFloat() ? blockLength() : 0];
        double[] wide = new double[isFloat() ? 0 : blockLength()];
        for (int block = 0; block < blocks(); block++) {
            if (isFloat()) {
                read(block, single);
                bytes.asFloatBuffer().put(single, 0, length(block));
            } else {
                read(block, wide);
                bytes.asDoubleBuffer().put(wide, 0, length(block));
            }
            take.accept(bytes.array(), width * length(block));
        }
    }

    private FloatPointer at(FloatPointer pointer, long index, int length, int javaLength) {
        Region.requireCopy(dense, index, length, javaLength);
        return new FloatPointer(pointer).position(dense.offset() + index);
    }

    private DoublePointer at(DoublePointer pointer, long index, int length, int javaLength) {
        Region.requireCopy(dense, index, length, javaLength);
        return new DoublePointer(pointer).position(dense.offset() + index);
    }

    /** Makes what was written visible in the array; call once after the last {@code write}. */
    public void flush() {
        Nd4j.getAffinityManager().tagLocation(dense, AffinityManager.Location.HOST);
        if (dense != target) {
            target.assign(dense);
        }
    }

    /** Frees the copy, if there is one. */
    @Override
    public void close() {
        if (dense != target && dense.closeable()) {
            dense.close();
        }
    }

    /**
     * Whether the elements of an array lie one after the other in 'c' order.
     *
     * @return true if they do
     */
    public static boolean isRowMajor(INDArray array) {
        return isDense(array, 'c');
    }

    /** Whether the elements lie one after the other in the given order; axes of length 1 may have any stride. */
    static boolean isDense(INDArray array, char order) {
        long expected = 1;
        int rank = array.rank();
        for (int i = 0; i < rank; i++) {
            int axis = order == 'c' ? rank - 1 - i : i;
            if (array.size(axis) != 1 && array.stride(axis) != expected) {
                return false;
            }
            expected *= array.size(axis);
        }
        return true;
    }
}
