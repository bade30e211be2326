/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import org.lora4j.internal.array.DenseArray;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * One remembered array of an optimizer (a moment, a velocity), zero at first, in Java arrays cut into the blocks of the
 * parameter and in its order.
 */
final class StateArray {

    private final String name;
    private final long[] shape;
    private final char order;
    private final float[][] floats;
    private final double[][] doubles;

    StateArray(String name, INDArray parameter) {
        this.name = name;
        this.shape = parameter.shape();
        try (DenseArray dense = DenseArray.of(parameter)) {
            this.order = dense.order();
            int blocks = dense.blocks();
            this.floats = dense.isFloat() ? new float[blocks][] : null;
            this.doubles = dense.isFloat() ? null : new double[blocks][];
            for (int b = 0; b < blocks; b++) {
                if (floats != null) {
                    floats[b] = new float[dense.length(b)];
                } else {
                    doubles[b] = new double[dense.length(b)];
                }
            }
        }
    }

    String name() {
        return name;
    }

    float[] floats(int block) {
        return floats[block];
    }

    double[] doubles(int block) {
        return doubles[block];
    }

    INDArray toArray() {
        INDArray copy = Nd4j.createUninitialized(floats != null ? DataType.FLOAT : DataType.DOUBLE, shape, order);
        try (DenseArray dense = DenseArray.of(copy)) {
            for (int b = 0; b < dense.blocks(); b++) {
                if (floats != null) {
                    dense.write(b, floats[b]);
                } else {
                    dense.write(b, doubles[b]);
                }
            }
            dense.flush();
        }
        return copy;
    }

    void restore(INDArray from) {
        INDArray ordered = Nd4j.createUninitialized(floats != null ? DataType.FLOAT : DataType.DOUBLE, shape, order);
        ordered.assign(from);
        try (DenseArray dense = DenseArray.of(ordered)) {
            for (int b = 0; b < dense.blocks(); b++) {
                if (floats != null) {
                    dense.read(b, floats[b]);
                } else {
                    dense.read(b, doubles[b]);
                }
            }
        }
        ordered.close();
    }
}
