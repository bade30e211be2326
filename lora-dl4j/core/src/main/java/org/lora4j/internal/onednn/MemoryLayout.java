/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Where the elements of a matrix lie, or of a batch of matrices in its last two axes.
 *
 * @param sizes of the axes
 * @param strides elements from one index of an axis to the next
 * @apiNote Status: internal
 */
public record MemoryLayout(long[] sizes, long[] strides) {

    /** What oneDNN calls DNNL_RUNTIME_DIM_VAL. */
    private static final long ANY = Long.MIN_VALUE;

    private static final int BATCH = 3;
    /** In front of those of a matrix. */
    private static final int MOST_AXES = 2;

    /** An axis of one element may have any stride; the one that it would have in its order is as good. */
    public static MemoryLayout of(INDArray array) {
        long[] sizes = array.shape().clone();
        long[] strides = array.stride().clone();
        int row = sizes.length - 2;
        int column = sizes.length - 1;
        if (sizes[row] == 1) {
            strides[row] = sizes[column] * strides[column];
        }
        if (sizes[column] == 1) {
            strides[column] = strides[row] == 1 ? sizes[row] : 1;
        }
        return new MemoryLayout(sizes, strides);
    }

    /** A vector as a matrix of one row. */
    public static MemoryLayout ofRow(INDArray vector) {
        long length = vector.length();
        return new MemoryLayout(new long[] {1, length}, new long[] {length * vector.stride(0), vector.stride(0)});
    }

    /** A matrix whose rows lie one behind the other. */
    public static MemoryLayout rowMajor(long rows, long columns) {
        return new MemoryLayout(new long[] {rows, columns}, new long[] {columns, 1});
    }

    /** The layout of a copy of a matrix without gaps, its rows or its columns one behind the other as they are here. */
    public MemoryLayout dense() {
        return isByRows()
                ? rowMajor(rows(), columns())
                : rowMajor(columns(), rows()).transposed();
    }

    public MemoryLayout transposed() {
        return new MemoryLayout(swapped(sizes), swapped(strides));
    }

    private static long[] swapped(long[] axes) {
        long[] swapped = axes.clone();
        swapped[axes.length - 2] = axes[axes.length - 1];
        swapped[axes.length - 1] = axes[axes.length - 2];
        return swapped;
    }

    /** The same of a matrix whose number of rows is not known yet. */
    MemoryLayout ofAnyRows() {
        return new MemoryLayout(new long[] {ANY, columns()}, strides);
    }

    /** The same of a matrix whose number of columns is not known yet. */
    MemoryLayout ofAnyColumns() {
        return new MemoryLayout(new long[] {rows(), ANY}, strides);
    }

    /** Whether all sizes are known. */
    boolean isKnown() {
        return Arrays.stream(sizes).noneMatch(size -> size == ANY);
    }

    /** A part of the first axis, which is left out if it is that of several batches. */
    MemoryLayout first(long count) {
        if (sizes.length > BATCH) {
            return new MemoryLayout(withoutFirst(sizes), withoutFirst(strides));
        }
        long[] part = sizes.clone();
        part[0] = count;
        return new MemoryLayout(part, strides);
    }

    private static long[] withoutFirst(long[] axes) {
        return Arrays.copyOfRange(axes, 1, axes.length);
    }

    /** Elements of the memory that it takes, from the first one to the last one. */
    public long length() {
        long last = 0;
        for (int axis = 0; axis < sizes.length; axis++) {
            if (sizes[axis] == 0) {
                return 0;
            }
            if (sizes[axis] < 0 || strides[axis] < 0) {
                throw new IndexOutOfBoundsException(
                        "array: sizes " + Arrays.toString(sizes) + ", strides " + Arrays.toString(strides)
                                + "; expected none below 0. Its shape is damaged: please report it.");
            }
            last = Math.addExact(last, Math.multiplyExact(sizes[axis] - 1, strides[axis]));
        }
        return Math.addExact(last, 1);
    }

    public boolean isBatch() {
        return sizes.length >= BATCH;
    }

    /** Whether the sizes are those of a product of such matrices, or of batches of equal sizes. */
    boolean isProduct(MemoryLayout x, MemoryLayout w) {
        int batch = sizes.length - 2;
        return batch <= MOST_AXES
                && x.sizes.length == sizes.length
                && w.sizes.length == sizes.length
                && Arrays.equals(sizes, 0, batch, x.sizes, 0, batch)
                && Arrays.equals(sizes, 0, batch, w.sizes, 0, batch)
                && rows() == x.rows()
                && x.columns() == w.rows()
                && columns() == w.columns();
    }

    public long rows() {
        return sizes[sizes.length - 2];
    }

    public long columns() {
        return sizes[sizes.length - 1];
    }

    private long row() {
        return strides[strides.length - 2];
    }

    private long column() {
        return strides[strides.length - 1];
    }

    /** Whether the elements of a row lie one behind the other, and rows do not overlap. */
    public boolean isByRows() {
        return column() == 1 && row() >= columns();
    }

    /** From the first element of a row to that of the next one, or of columns if these lie one behind the other. */
    public long step() {
        return isByRows() ? row() : column();
    }

    boolean isDenseMatrix() {
        return !isBatch() && isByRows() && row() == columns();
    }

    /** Whether rows do, or columns. */
    public boolean isPlain() {
        return isByRows() || row() == 1 && column() >= rows();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof MemoryLayout layout
                && Arrays.equals(sizes, layout.sizes)
                && Arrays.equals(strides, layout.strides);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(sizes) + Arrays.hashCode(strides);
    }

    @Override
    public String toString() {
        return Arrays.toString(sizes);
    }
}
