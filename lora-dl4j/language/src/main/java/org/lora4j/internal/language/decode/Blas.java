/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.lora4j.internal.array.Region;
import org.lora4j.internal.onednn.FloatProduct;
import org.lora4j.internal.onednn.NarrowType;

/**
 * Products without an operation of ND4J for each: there are thousands of small ones in a pass. All matrices are FLOAT, row by
 * row, in memory of the caller, which is held against the sizes of each product here. They are computed by OpenBLAS, the library of ND4J's CPU backend, and those of many rows by
 * oneDNN where it has 512 bits for them: a piece of a prompt's product, whose weight became FLOAT before, takes a tenth less.
 *
 * <p>An object belongs to one thread.
 */
final class Blas {

    /** From so many rows on a product of matrices is faster than one with a vector for each row. */
    static final int MATRIX_ROWS = 4;

    /** Beyond so many rows, oneDNN multiplies matrices. */
    private static final int SOME_ROWS = 64;

    private static final int ROW_MAJOR = 101;
    private static final int AS_IS = 111;
    private static final int TRANSPOSED = 112;

    private final Place a = new Place();
    private final Place b = new Place();
    private final Place c = new Place();

    /** A place in memory that belongs to somebody else. */
    private static final class Place extends FloatPointer {
        Place() {
            super((Pointer) null);
        }

        Place at(Region region) {
            this.address = region.address();
            return this;
        }
    }

    /**
     * {@code y = factor x W^T + kept y} for weights {@code [outputs, inputs]}. Each row of few is multiplied by itself, so that
     * its result does not depend on the others.
     */
    void byRows(
            Region x,
            int stepX,
            int rows,
            Region w,
            int stepW,
            int outputs,
            int inputs,
            float factor,
            float kept,
            Region y,
            int stepY) {
        multiply(x, stepX, rows, w, stepW, true, outputs, inputs, factor, kept, y, stepY);
    }

    /** {@code y = x W + kept y} for weights {@code [inputs, outputs]}. */
    void byColumns(
            Region x,
            int stepX,
            int rows,
            Region w,
            int stepW,
            int inputs,
            int outputs,
            float kept,
            Region y,
            int stepY) {
        multiply(x, stepX, rows, w, stepW, false, outputs, inputs, 1, kept, y, stepY);
    }

    private void multiply(
            Region x,
            int stepX,
            int rows,
            Region w,
            int stepW,
            boolean byRows,
            int outputs,
            int inputs,
            float factor,
            float kept,
            Region y,
            int stepY) {
        x.requireRows(rows, stepX, inputs, Float.BYTES);
        w.requireRows(byRows ? outputs : inputs, stepW, byRows ? inputs : outputs, Float.BYTES);
        y.requireRows(rows, stepY, outputs, Float.BYTES);
        if (rows > SOME_ROWS && NarrowType.F32.isFast()) {
            FloatProduct.multiply(
                    a.at(x), stepX, b.at(w), stepW, byRows, c.at(y), stepY, rows, outputs, inputs, factor, kept);
        } else if (rows >= MATRIX_ROWS) {
            openblas_nolapack.cblas_sgemm(
                    ROW_MAJOR,
                    AS_IS,
                    byRows ? TRANSPOSED : AS_IS,
                    rows,
                    outputs,
                    inputs,
                    factor,
                    a.at(x),
                    stepX,
                    b.at(w),
                    stepW,
                    kept,
                    c.at(y),
                    stepY);
        } else {
            for (int row = 0; row < rows; row++) {
                openblas_nolapack.cblas_sgemv(
                        ROW_MAJOR,
                        byRows ? AS_IS : TRANSPOSED,
                        byRows ? outputs : inputs,
                        byRows ? inputs : outputs,
                        factor,
                        a.at(w),
                        stepW,
                        b.at(x.from(bytes(row, stepX))),
                        1,
                        kept,
                        c.at(y.from(bytes(row, stepY))),
                        1);
            }
        }
        x.inUse();
        w.inUse();
        y.inUse();
    }

    /** The sum of the products of two vectors. */
    float dot(Region x, Region y, int length) {
        x.require(bytes(1, length));
        y.require(bytes(1, length));
        float sum = openblas_nolapack.cblas_sdot(length, a.at(x), 1, b.at(y), 1);
        x.inUse();
        y.inUse();
        return sum;
    }

    /** Bytes of so many rows of floats. */
    static long bytes(long row, long step) {
        return Math.multiplyExact(Math.multiplyExact(row, step), (long) Float.BYTES);
    }
}
