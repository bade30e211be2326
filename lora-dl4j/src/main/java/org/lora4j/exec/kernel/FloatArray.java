/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.kernel;

import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A FLOAT array in 'c' order, read and written in pieces through Java arrays. Safe for disjoint pieces in threads. */
final class FloatArray {

    private final INDArray target;
    private final INDArray dense;
    private final FloatPointer pointer;
    private final long offset;

    private FloatArray(INDArray target, INDArray dense) {
        this.target = target;
        this.dense = dense;
        this.pointer = new FloatPointer(dense.data().pointer());
        this.offset = dense.offset();
    }

    static FloatArray input(INDArray array) {
        return new FloatArray(array, isDense(array) ? array : array.dup('c'));
    }

    static FloatArray output(INDArray array) {
        return new FloatArray(array, isDense(array) ? array : array.ulike().dup('c'));
    }

    /** Number of values. */
    long length() {
        return dense.length();
    }

    /** Size of the last dimension. */
    int width() {
        return dense.rank() == 0 ? 1 : (int) dense.size(dense.rank() - 1);
    }

    void read(long at, float[] into, int length) {
        new FloatPointer(pointer).position(offset + at).get(into, 0, length);
    }

    void write(long at, float[] from, int length) {
        new FloatPointer(pointer).position(offset + at).put(from, 0, length);
    }

    /** After the last write: brings the values to the array given, and frees a copy. */
    void finish() {
        if (dense != target) {
            target.assign(dense);
            free();
        }
    }

    /** Frees a copy. */
    void free() {
        if (dense != target && dense.closeable()) {
            dense.close();
        }
    }

    private static boolean isDense(INDArray array) {
        long expected = 1;
        for (int axis = array.rank() - 1; axis >= 0; axis--) {
            if (array.size(axis) != 1 && array.stride(axis) != expected) {
                return false;
            }
            expected *= array.size(axis);
        }
        return true;
    }
}
