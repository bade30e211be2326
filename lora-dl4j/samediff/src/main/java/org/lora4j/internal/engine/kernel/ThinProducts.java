/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.List;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.kernel.Multiplier.Factor;
import org.lora4j.exec.kernel.Multiplier.Product;
import org.lora4j.internal.array.Blocks;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.array.ThreadArrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * X^T V with far fewer columns in V than in X, such as the gradient of a factor A. OpenBLAS takes up to twice as long for
 * it as for V^T X, oneDNN two to three times, so that is computed, and transposed.
 */
final class ThinProducts {

    private static final int THIN = 64;
    private static final int WIDE = 4;
    private static final ThreadLocal<INDArray> MEMORY =
            ThreadLocal.withInitial(() -> Nd4j.createUninitializedDetached(DataType.FLOAT, 1));

    private ThinProducts() {}

    /** Whether factors of a product {@code X^T V} that sums over a batch are of this kind. */
    static boolean isTallGradient(List<INDArray> in) {
        INDArray x = in.get(0);
        INDArray v = in.get(1);
        return x.rank() == 2 && v.rank() == 2 && v.size(1) <= THIN && x.size(1) >= WIDE * v.size(1);
    }

    static void tallGradient(List<INDArray> in, INDArray out, Multiplier multiplier) {
        Factor v = new Factor(in.get(1), true, false);
        Factor x = new Factor(in.get(0), false, false);
        INDArray transposed = transposed(v.rows(), x.columns());
        multiplier.multiply(new Product(1, v, x, true), transposed, 0);
        transpose(transposed, out);
    }

    /** A matrix in memory of the thread, which is used again. */
    private static INDArray transposed(long rows, long columns) {
        INDArray memory = MEMORY.get();
        if (memory.length() < rows * columns) {
            memory.close();
            memory = Nd4j.createUninitializedDetached(DataType.FLOAT, rows * columns);
            MEMORY.set(memory);
        }
        return Nd4j.create(memory.data(), new long[] {rows, columns}, new long[] {columns, 1}, 0, 'c');
    }

    /** Writes the transpose of a matrix of few rows. */
    private static void transpose(INDArray matrix, INDArray into) {
        DenseArray from = DenseArray.rowMajor(matrix);
        DenseArray out = DenseArray.toBeWritten(into);
        int rows = out.width();
        Blocks.run(out.length(), rows, (block, first, length) -> {
            float[] columns = ThreadArrays.array(0, length);
            float[] row = ThreadArrays.array(1, length / rows);
            for (int r = 0; r < rows; r++) {
                from.read((long) r * from.width() + first / rows, row, length / rows);
                for (int c = 0; c < length / rows; c++) {
                    columns[c * rows + r] = row[c];
                }
            }
            out.write(first, columns, length);
        });
        from.close();
        out.flush();
        out.close();
    }
}
