/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.onednn.ByteTiles;
import org.lora4j.internal.onednn.NarrowType;
import org.lora4j.quant.Int8;
import org.lora4j.quant.StoredWeight;
import org.lora4j.quant.Tiled;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A matrix that rows are multiplied with, where it lies, as it is stored. Its outputs are parted into pieces, of which any
 * thread may take one.
 *
 * <p><b>Threads.</b> Any.
 */
abstract class LinearWeight {

    /**
     * Bytes of a weight that a thread reads for a piece when there are few rows: OpenBLAS reads short pieces at three quarters
     * of the speed of long ones. But every thread gets as many, so that none waits long for another.
     */
    private static final int PIECE_BYTES = 1 << 20;

    private static final int LEAST_PIECE_BYTES = 64 << 10;

    /** Outputs of a piece for many rows, at least. */
    static final int LEAST_OUTPUTS = 192;

    private static final int LEAST_OUTPUTS_OF_FEW_ROWS = 8;

    /** The same where there would be too few for all threads. */
    private static final int NARROWEST = 64;

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
            if (NarrowWeight.type(array.dataType()).isFast()) {
                return new NarrowWeight(array, inputsFirst);
            }
            if (!inputsFirst && HalfWeight.fits(array)) {
                return new HalfWeight(array);
            }
        } else if (!inputsFirst
                && stored.get() instanceof Tiled tiled
                && DecodeModel.rowsOfTile(tiled) == tiled.rowsOfTile()) {
            return tiled.scales().isPresent()
                    ? new TiledBytes(tiled, ByteTiles.ofProcessor().orElseThrow())
                    : new TiledHalves(tiled);
        } else if (stored.get() instanceof Int8 int8
                && NarrowType.INT8.isFast()
                && NarrowWeight.fits(int8, inputsFirst)) {
            return new NarrowWeight(int8, inputsFirst);
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

    /** Floats that a thread needs outside the heap for a piece of some rows, in the form of those that were prepared. */
    abstract long work(Staging.Form form, int rows);

    /**
     * Makes room for products of up to so many rows. Of rows that were prepared together some may be multiplied by themselves,
     * because others have another matrix.
     */
    final void reserve(int most, Staging staging, Workspace space) {
        Map<Staging.Form, Integer> mostOfForm = new EnumMap<>(Staging.Form.class);
        for (int rows = 1; rows <= most; rows++) {
            staging.reserve(form(rows), rows, inputs, outputs, space);
            mostOfForm.put(form(rows), rows);
        }
        long work = 0;
        for (Map.Entry<Staging.Form, Integer> form : mostOfForm.entrySet()) {
            for (int rows = 1; rows <= form.getValue(); rows++) {
                work = Math.max(work, work(form.getKey(), rows));
            }
        }
        space.memory.atLeast(work);
    }

    /** Number of pieces for so many rows. */
    final int pieces(Staging.Form form, int rows) {
        int size = outputsOfPiece(form, rows);
        return (outputs + size - 1) / size;
    }

    /**
     * Outputs that are computed at a time. With many rows a piece must be wide, since the rows are packed again for each.
     */
    int outputsOfPiece(Staging.Form form, int rows) {
        if (rows >= Blas.MATRIX_ROWS) {
            return evenly(1);
        }
        int threads = WorkTeam.ofProcess().size();
        double rounds = Math.ceil(bytesOfOutput * outputs / threads / PIECE_BYTES);
        double pieces = Math.min(rounds * threads, Math.ceil(bytesOfOutput * outputs / LEAST_PIECE_BYTES));
        return (int) Math.max(LEAST_OUTPUTS_OF_FEW_ROWS, Math.ceil(outputs / pieces));
    }

    /** So many outputs and those that are missing to whole tiles. */
    static int wholeTiles(int outputs) {
        return (outputs + Tiled.ROWS - 1) / Tiled.ROWS * Tiled.ROWS;
    }

    /** Wide pieces, as many for each thread if units of outputs allow it. */
    final int evenly(int unit) {
        int threads = WorkTeam.ofProcess().size();
        int units = (outputs + unit - 1) / unit;
        int shares = Math.min(threads, outputs / NARROWEST);
        int most = Math.max(1, Math.min(Math.max(PIECES, threads), Math.max(shares, outputs / LEAST_OUTPUTS)));
        int pieces = most;
        for (int fewer = most / threads * threads; fewer > 0; fewer -= threads) {
            if (units % fewer == 0) {
                pieces = fewer;
                break;
            }
        }
        return (units + pieces - 1) / pieces * unit;
    }

    /** Computes one piece of the outputs of some rows. */
    final void multiply(Staging staging, int from, int rows, int piece, Workspace space) {
        int size = outputsOfPiece(staging.form(), rows);
        int first = piece * size;
        multiply(staging, from, rows, first, Math.min(size, outputs - first), space);
    }

    abstract void multiply(Staging staging, int from, int rows, int firstOutput, int count, Workspace space);
}
