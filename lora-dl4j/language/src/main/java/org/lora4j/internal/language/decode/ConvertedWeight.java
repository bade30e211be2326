/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import org.lora4j.internal.array.Region;

/**
 * A matrix whose rows are turned into floats in Java, some at a time: the way for what has no faster one. One that is {@code
 * [inputs, outputs]} is read by one thread, since every row of it has a part in all outputs.
 */
final class ConvertedWeight extends LinearWeight {

    private final TableRows source;
    private final boolean inputsFirst;

    ConvertedWeight(TableRows source, boolean inputsFirst) {
        super(
                inputsFirst ? source.rows() : source.columns(),
                inputsFirst ? source.columns() : source.rows(),
                Float.BYTES);
        this.source = source;
        this.inputsFirst = inputsFirst;
    }

    @Override
    int outputsOfPiece(Staging.Form form, int rows) {
        return inputsFirst ? outputs() : super.outputsOfPiece(form, rows);
    }

    /** Rows of the matrix that are turned at a time. */
    private int step(int rows) {
        int step = TableRows.rowsAtOnce(source.columns());
        // A product with a narrow matrix would pack the rows more often than multiply them.
        return rows >= Blas.MATRIX_ROWS ? Math.max(step, LEAST_OUTPUTS) : step;
    }

    @Override
    long work(Staging.Form form, int rows) {
        return Math.min(step(rows), source.rows()) * source.columns();
    }

    @Override
    void multiply(Staging staging, int from, int rows, int first, int count, Workspace space) {
        int width = (int) source.columns();
        int step = step(rows);
        int begin = inputsFirst ? 0 : first;
        int end = inputsFirst ? inputs() : first + count;
        for (int row = begin; row < end; row += step) {
            int now = Math.min(step, end - row);
            float[] values = space.floats(0, now * width);
            source.read(row, now, values, space);
            space.memory.atLeast((long) now * width).floats().put(0, values, 0, now * width);
            Region w = space.memory.region();
            if (inputsFirst) {
                space.blas.byColumns(
                        staging.input(from).from(Blas.bytes(row, 1)),
                        inputs(),
                        rows,
                        w,
                        width,
                        now,
                        width,
                        row == 0 ? 0 : 1,
                        staging.output(from, 0),
                        outputs());
            } else {
                space.blas.byRows(
                        staging.input(from),
                        inputs(),
                        rows,
                        w,
                        width,
                        now,
                        width,
                        1,
                        0,
                        staging.output(from, row),
                        outputs());
            }
        }
    }
}
