/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.nio.FloatBuffer;
import org.lora4j.internal.array.Region;

/**
 * Rows on their way to and from native products: a copy of the inputs outside the heap, in the order in which a weight wants them, and
 * the outputs.
 */
final class Staging implements AutoCloseable {

    /** How the values of a row lie. */
    enum Form {
        /** As they are. */
        PLAIN(1, 1),
        /** Even ones, then odd ones. */
        PAIRS(2, 1),
        /** The same, multiplied by {@link HalfWeight#HALF_OF_EXPONENT}. */
        SCALED_PAIRS(2, HalfWeight.HALF_OF_EXPONENT),
        /** As {@link RowDigits}. */
        BYTES(1, 1),
        /** As columns of {@link FloatWeight}. */
        COLUMNS(1, 1);

        private final int parts;
        private final float factor;

        Form(int parts, float factor) {
            this.parts = parts;
            this.factor = factor;
        }
    }

    private final Memory inputs = new Memory();
    private final Memory outputs = new Memory();
    private final RowDigits parts = new RowDigits();
    private float[] row = new float[0];
    private HiddenRows source;
    private long version;
    private Form form;
    private int inputWidth;
    private int outputWidth;

    /** Makes room for so many rows in a form; rows that are here are lost. */
    void reserve(Form form, int rows, int inputWidth, int outputWidth, Workspace space) {
        source = null;
        outputs.atLeast((long) rows * outputWidth);
        switch (form) {
            case BYTES -> parts.reserveEighths(rows, inputWidth);
            case COLUMNS -> {
                int columns = FloatWeight.columns(rows);
                parts.reserveColumns(inputWidth, columns, space.columns(inputWidth, columns));
            }
            // Those behind the last row may be read with it.
            case PLAIN -> inputs.atLeast((long) RowDigits.room(rows) * inputWidth);
            default -> inputs.atLeast((long) rows * inputWidth);
        }
    }

    /** Copies rows, unless they are here in that form already, and makes room for outputs. */
    void prepare(HiddenRows x, Form form, int outputWidth, Workspace space) {
        this.outputWidth = outputWidth;
        outputs.atLeast((long) x.rows() * outputWidth);
        if (x == source && x.version() == version && form == this.form) {
            return;
        }
        reserve(form, x.rows(), x.width(), outputWidth, space);
        this.source = x;
        this.version = x.version();
        this.form = form;
        this.inputWidth = x.width();
        switch (form) {
            case PLAIN -> inputs.floats().put(0, x.values(), 0, x.length());
            case BYTES -> parts.eighths(x);
            case COLUMNS -> {
                int columns = FloatWeight.columns(x.rows());
                parts.columns(x, columns, space.columns(x.width(), columns));
            }
            default -> copyInParts(x);
        }
    }

    Form form() {
        return form;
    }

    /** How many rows were prepared. */
    int rows() {
        return source.rows();
    }

    RowDigits parts() {
        return parts;
    }

    /** Writes outputs of a row. */
    void write(int row, int first, float[] values, int count) {
        outputs.floats().put(row * outputWidth + first, values, 0, count);
    }

    private void copyInParts(HiddenRows x) {
        if (row.length < inputWidth) {
            row = new float[inputWidth];
        }
        int parts = form.parts;
        int width = inputWidth / parts;
        for (int r = 0; r < x.rows(); r++) {
            int from = r * inputWidth;
            for (int part = 0; part < parts; part++) {
                for (int i = 0; i < width; i++) {
                    row[part * width + i] = x.values()[from + i * parts + part] * form.factor;
                }
            }
            inputs.floats().put(from, row, 0, inputWidth);
        }
    }

    /** From the inputs of a row on. */
    Region input(int row) {
        return inputs.region().from(Blas.bytes(row, inputWidth));
    }

    /** From an output of a row on. */
    Region output(int row, int index) {
        return outputs.region().from(Blas.bytes(row, outputWidth) + Blas.bytes(index, 1));
    }

    FloatBuffer outputs() {
        return outputs.floats();
    }

    long bytes() {
        return inputs.bytes() + outputs.bytes() + parts.bytes();
    }

    @Override
    public void close() {
        inputs.close();
        outputs.close();
        parts.close();
    }
}
