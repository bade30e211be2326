/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.kernel.Multiplier.Factor;
import org.lora4j.quant.StoredWeight;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Products with a stored weight: some of its rows at a time are computed into a buffer, and multiplied. Computing a value
 * costs about a nanosecond, and it is used as often as the other factor has rows, so this is a few percent of the product.
 */
final class StoredProduct {

    /** Values of the buffer: 16 MB, which holds the weights of small models whole. */
    static final long BUFFER = 4L << 20;

    // A thread keeps one, and uses it for every weight.
    private static final ThreadLocal<INDArray> OF_THREAD = new ThreadLocal<>();

    private StoredProduct() {}

    /** {@code z = kept z + x op(w)}. */
    static void multiply(Multiplier multiplier, Factor x, StoredWeight w, boolean transposed, INDArray z, double kept) {
        multiply(multiplier, x, w, transposed, z, kept, BUFFER);
    }

    static void multiply(
            Multiplier multiplier,
            Factor x,
            StoredWeight w,
            boolean transposed,
            INDArray z,
            double kept,
            long mostValues) {
        long most = Math.max(1, mostValues / w.columns());
        long pieces = (w.rows() + most - 1) / most;
        // Pieces of about the same size: a product with a few rows is a slow one.
        long step = (w.rows() + pieces - 1) / pieces;
        INDArray buffer = buffer(step * w.columns());
        for (long row = 0; row < w.rows(); row += step) {
            long count = Math.min(step, w.rows() - row);
            INDArray rows =
                    Nd4j.create(buffer.data(), new long[] {count, w.columns()}, new long[] {w.columns(), 1}, 0, 'c');
            w.read(row, count, rows);
            Factor factor = new Factor(rows, transposed, false);
            if (count == w.rows()) {
                multiplier.multiply(x, factor, z, kept);
            } else if (transposed) {
                // Rows of a transposed weight make columns of the result.
                INDArray columns = z.get(NDArrayIndex.all(), NDArrayIndex.interval(row, row + count));
                multiplier.multiply(x, factor, columns, kept);
            } else {
                // Columns of x go with rows of the weight.
                INDArrayIndex some = NDArrayIndex.interval(row, row + count);
                INDArray part = x.transposed()
                        ? x.array().get(some, NDArrayIndex.all())
                        : x.array().get(NDArrayIndex.all(), some);
                multiplier.multiply(new Factor(part, x.transposed(), false), factor, z, row == 0 ? kept : 1);
            }
        }
    }

    private static INDArray buffer(long length) {
        INDArray buffer = OF_THREAD.get();
        if (buffer == null || buffer.length() < length) {
            if (buffer != null) {
                buffer.close();
            }
            buffer = Nd4j.createUninitializedDetached(DataType.FLOAT, length);
            OF_THREAD.set(buffer);
        }
        return buffer;
    }
}
