/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array.io;

import org.lora4j.internal.array.DenseArray;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The elements of an array in 'c' order, one after the other, either read or written. They are copied a block at a time: a single element
 * of a native buffer costs tens of nanoseconds.
 */
final class ElementCursor implements AutoCloseable {

    private final INDArray of;
    private final boolean writes;
    /** Null before the first element: an empty array has no memory. */
    private DenseArray array;

    private float[] floats;
    private double[] doubles;
    private int block = -1;
    private int at;
    private int length;

    private ElementCursor(INDArray of, boolean writes) {
        this.of = of;
        this.writes = writes;
    }

    /** Reads an array; one of another type than FLOAT and DOUBLE is read as DOUBLE. */
    static ElementCursor reading(INDArray array) {
        boolean direct = array.dataType() == DataType.FLOAT || array.dataType() == DataType.DOUBLE;
        return new ElementCursor(direct ? array : array.castTo(DataType.DOUBLE), false);
    }

    /** Writes all elements of an array of type FLOAT or DOUBLE. They are there when the cursor is closed. */
    static ElementCursor writing(INDArray array) {
        return new ElementCursor(array, true);
    }

    double next() {
        if (at == length) {
            move();
            if (floats != null) {
                array.read(block, floats);
            } else {
                array.read(block, doubles);
            }
        }
        return floats != null ? floats[at++] : doubles[at++];
    }

    void put(double value) {
        if (at == length) {
            write();
            move();
        }
        if (floats != null) {
            floats[at++] = (float) value;
        } else {
            doubles[at++] = value;
        }
    }

    private void move() {
        if (array == null) {
            array = writes ? DenseArray.toBeWritten(of) : DenseArray.rowMajor(of);
            if (array.isFloat()) {
                floats = new float[array.blockLength()];
            } else {
                doubles = new double[array.blockLength()];
            }
        }
        block++;
        at = 0;
        length = array.length(block);
    }

    private void write() {
        if (array != null && floats != null) {
            array.write(block, floats);
        } else if (array != null) {
            array.write(block, doubles);
        }
    }

    @Override
    public void close() {
        if (array != null) {
            if (writes) {
                write();
                array.flush();
            }
            array.close();
        }
    }
}
