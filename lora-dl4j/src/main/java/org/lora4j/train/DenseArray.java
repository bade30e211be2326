/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.concurrency.AffinityManager;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The elements of an array in one fixed order, read and written in blocks through Java arrays.
 *
 * <p>HotSpot turns short loops over {@code float[]} into vector code, and copying a block that stays in the cache costs
 * next to nothing, so this beats a chain of array operations several times. Arrays that are not dense, in another order or
 * of another type are copied here and nowhere else; such a copy is closed by {@link #close()}.
 */
final class DenseArray implements AutoCloseable {

    /** Elements of a block: parameter, gradient and two moments together fit the second-level cache. */
    static final int BLOCK = 8192;

    // A byte buffer ends at 2 GiB, so a large array needs several; a whole number of blocks each.
    private static final int WINDOW = BLOCK << 14;

    private final INDArray target;
    private final INDArray dense;
    private final char order;
    private final FloatBuffer[] floats;
    private final DoubleBuffer[] doubles;

    private DenseArray(INDArray target, INDArray dense, char order) {
        this.target = target;
        this.dense = dense;
        this.order = order;
        Nd4j.getAffinityManager().ensureLocation(dense, AffinityManager.Location.HOST);
        boolean single = dense.dataType() == DataType.FLOAT;
        if (!single && dense.dataType() != DataType.DOUBLE) {
            // Reading on would leave the bounds of the array.
            throw new IllegalArgumentException("training arithmetic: an array of type " + dense.dataType()
                    + "; expected FLOAT or DOUBLE. Cast it first");
        }
        int windows = Math.toIntExact((dense.length() + WINDOW - 1) / WINDOW);
        this.floats = single ? new FloatBuffer[windows] : null;
        this.doubles = single ? null : new DoubleBuffer[windows];
        for (int w = 0; w < windows; w++) {
            long from = dense.offset() + (long) w * WINDOW;
            long to = Math.min(from + WINDOW, dense.offset() + dense.length());
            // A pointer of our own: asByteBuffer moves the position of the one it is called on.
            Pointer shared = dense.data().pointer();
            if (single) {
                floats[w] = new FloatPointer(shared)
                        .position(from)
                        .limit(to)
                        .asByteBuffer()
                        .asFloatBuffer();
            } else {
                doubles[w] = new DoublePointer(shared)
                        .position(from)
                        .limit(to)
                        .asByteBuffer()
                        .asDoubleBuffer();
            }
        }
    }

    /** The array in its own order if it is dense, else a copy in 'c' order. */
    static DenseArray of(INDArray array) {
        if (isDense(array, 'c')) {
            return new DenseArray(array, array, 'c');
        }
        return isDense(array, 'f') ? new DenseArray(array, array, 'f') : new DenseArray(array, array.dup('c'), 'c');
    }

    /** The array in the order and the type of {@code pattern}, copied if it is not so already. */
    static DenseArray like(INDArray array, DenseArray pattern) {
        DataType type = pattern.dense.dataType();
        if (array.dataType() == type) {
            return new DenseArray(
                    array, isDense(array, pattern.order) ? array : array.dup(pattern.order), pattern.order);
        }
        INDArray cast = Nd4j.createUninitialized(type, array.shape(), pattern.order);
        cast.assign(array);
        return new DenseArray(array, cast, pattern.order);
    }

    long length() {
        return dense.length();
    }

    boolean isFloat() {
        return floats != null;
    }

    char order() {
        return order;
    }

    /** Length of the Java array that holds any block. */
    int blockLength() {
        return (int) Math.min(BLOCK, length());
    }

    int blocks() {
        return blocks(length());
    }

    static int blocks(long length) {
        return Math.toIntExact((length + BLOCK - 1) / BLOCK);
    }

    int length(int block) {
        return (int) Math.min(BLOCK, length() - (long) block * BLOCK);
    }

    void read(int block, float[] into) {
        long at = (long) block * BLOCK;
        floats[(int) (at / WINDOW)].get((int) (at % WINDOW), into, 0, length(block));
    }

    void read(int block, double[] into) {
        long at = (long) block * BLOCK;
        doubles[(int) (at / WINDOW)].get((int) (at % WINDOW), into, 0, length(block));
    }

    void write(int block, float[] from) {
        long at = (long) block * BLOCK;
        floats[(int) (at / WINDOW)].put((int) (at % WINDOW), from, 0, length(block));
    }

    void write(int block, double[] from) {
        long at = (long) block * BLOCK;
        doubles[(int) (at / WINDOW)].put((int) (at % WINDOW), from, 0, length(block));
    }

    /** Makes what was written visible in the array; call once after the last {@code write}. */
    void flush() {
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

    /** Whether the elements lie one after the other in the given order; axes of length 1 may have any stride. */
    private static boolean isDense(INDArray array, char order) {
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
