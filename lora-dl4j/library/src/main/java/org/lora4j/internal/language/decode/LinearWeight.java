/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.util.Optional;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.quant.Int8;
import org.lora4j.quant.StoredWeight;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A matrix that rows are multiplied with, where it lies, as it is stored. Its outputs are parted into pieces, of which any
 * thread may take one.
 *
 * <p><b>Threads.</b> Any.
 */
abstract class LinearWeight {

    /** Bytes of a weight that a thread reads for a piece when there are few rows. */
    private static final int PIECE_BYTES = 256 << 10;

    /** Outputs of a piece for many rows, at least. */
    static final int LEAST_OUTPUTS = 192;

    private static final int PIECES = 8;

    private final int inputs;
    private final int outputs;
    private final double bytesOfOutput;

    LinearWeight(long inputs, long outputs, double bytesOfValue) {
        this.inputs = Math.toIntExact(inputs);
        this.outputs = Math.toIntExact(outputs);
        this.bytesOfOutput = inputs * bytesOfValue;
    }

    /**
     * The weight of a module.
     *
     * @param name of the tensor, for messages
     * @param array as it is stored, if it is no stored weight
     * @param inputsFirst whether it is {@code [inputs, outputs]}
     */
    static LinearWeight of(String name, INDArray array, Optional<StoredWeight> stored, boolean inputsFirst) {
        if (stored.isEmpty()) {
            requirePlain(name, array);
            if (array.dataType() == DataType.FLOAT) {
                return new FloatWeight(array, inputsFirst);
            }
            if (!inputsFirst && HalfWeight.fits(array)) {
                return new HalfWeight(array);
            }
        } else if (!inputsFirst && stored.get() instanceof Int8 bytes && Int8Weight.fits(bytes)) {
            return new Int8Weight(bytes);
        }
        return new ConvertedWeight(TableRows.of(array, stored), inputsFirst);
    }

    private static void requirePlain(String name, INDArray array) {
        if (array == null || array.rank() != 2 || !DenseArray.isRowMajor(array)) {
            throw new IllegalArgumentException("decode session: the tensor \"" + name + "\" is "
                    + (array == null ? "missing" : array.shapeInfoToString())
                    + "; expected a matrix in 'c' order. Load the model anew.");
        }
    }

    final int inputs() {
        return inputs;
    }

    final int outputs() {
        return outputs;
    }

    /** How so many rows have to lie. */
    Staging.Form form(int rows) {
        return Staging.Form.PLAIN;
    }

    /** Number of pieces for so many rows. */
    final int pieces(int rows) {
        int size = outputsOfPiece(rows);
        return (outputs + size - 1) / size;
    }

    /**
     * Outputs that are computed at a time. With many rows a piece must be wide, since the rows are packed again for each; with
     * few it is what a cache holds.
     */
    int outputsOfPiece(int rows) {
        int cached = (int) Math.max(8, PIECE_BYTES / bytesOfOutput);
        return rows < Blas.MATRIX_ROWS ? cached : Math.max(cached, Math.max(LEAST_OUTPUTS, outputs / PIECES));
    }

    /** Computes one piece of the outputs of some rows. */
    final void multiply(Staging staging, int from, int rows, int piece, Workspace space) {
        int size = outputsOfPiece(rows);
        int first = piece * size;
        multiply(staging, from, rows, first, Math.min(size, outputs - first), space);
    }

    abstract void multiply(Staging staging, int from, int rows, int firstOutput, int count, Workspace space);
}
