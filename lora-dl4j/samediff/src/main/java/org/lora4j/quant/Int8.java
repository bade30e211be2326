/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.quant;

import java.util.Arrays;
import org.lora4j.internal.array.DenseArray;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A matrix in 8 bits, symmetric, with a scale for each output: {@code w = q * scale}, {@code scale = max |w| / 127} over
 * the inputs of an output, q rounded to the nearest of -127 to 127 (halves to the even one). No value is off by more than
 * half a scale (and the rounding of F32).
 *
 * <p>Memory: a quarter of F32, and 4 bytes for each output.
 *
 * @param values INT8 {@code [rows, columns]}
 * @param scales FLOAT, {@code [1, columns]} if outputs are columns, {@code [rows, 1]} if they are rows
 * @apiNote Status: experimental
 */
public record Int8(INDArray values, INDArray scales) implements StoredWeight {

    private static final int LARGEST = 127;
    private static final ThreadLocal<byte[]> BYTES = ThreadLocal.withInitial(() -> new byte[DenseArray.BLOCK]);

    /**
     * Checks that the arrays belong together.
     *
     * @param values INT8 {@code [rows, columns]}
     * @param scales FLOAT, {@code [1, columns]} if outputs are columns, {@code [rows, 1]} if they are rows
     * @throws IllegalArgumentException if they do not
     */
    public Int8 {
        boolean fits = values.dataType() == DataType.INT8
                && values.rank() == 2
                && scales.dataType() == DataType.FLOAT
                && scales.rank() == 2
                && (Arrays.equals(scales.shape(), new long[] {1, values.size(1)})
                        || Arrays.equals(scales.shape(), new long[] {values.size(0), 1}));
        if (!fits) {
            throw new IllegalArgumentException("Int8: values " + values.dataType() + Arrays.toString(values.shape())
                    + " with scales " + scales.dataType() + Arrays.toString(scales.shape())
                    + "; expected INT8[rows, columns] with FLOAT[1, columns] or FLOAT[rows, 1].");
        }
    }

    /**
     * Quantizes a matrix.
     *
     * @param weight FLOAT {@code [rows, columns]}, only read
     * @param outputAxis 1 if each column belongs to an output, as in {@code x w}; 0 if each row does
     * @return new arrays
     * @throws IllegalArgumentException if it is no FLOAT matrix, or a value is NaN or infinite
     */
    public static Int8 of(INDArray weight, int outputAxis) {
        try (Weights.Matrix rows = Weights.Matrix.of("Int8", weight)) {
            return of(rows, outputAxis);
        }
    }

    /**
     * Quantizes a matrix whose values need not be in memory, with the bits of {@link #of(INDArray, int)}.
     *
     * @param weight read from the first row to the last, twice if each column belongs to an output
     * @param outputAxis 1 if each column belongs to an output, as in {@code x w}; 0 if each row does
     * @return new arrays
     * @throws IllegalArgumentException if a value is NaN or infinite
     */
    public static Int8 of(RowSource weight, int outputAxis) {
        int columns = Math.toIntExact(weight.columns());
        boolean byColumn = outputAxis == 1;
        float[] scales = new float[byColumn ? columns : Math.toIntExact(weight.rows())];
        Weights.Piece largest = (first, count, w) -> {
            for (int i = 0; i < count * columns; i++) {
                int output = byColumn ? i % columns : (int) first + i / columns;
                scales[output] = Math.max(scales[output], Math.abs(w[i]) / LARGEST);
            }
        };
        if (byColumn) {
            Weights.forEach("Int8", weight, 1, Float.POSITIVE_INFINITY, largest);
        }
        INDArray values = Nd4j.createUninitialized(DataType.INT8, new long[] {weight.rows(), columns}, 'c');
        byte[] q = new byte[Weights.longest(weight, 1)];
        Weights.forEach("Int8", weight, 1, Float.POSITIVE_INFINITY, (first, count, w) -> {
            if (!byColumn) {
                largest.take(first, count, w);
            }
            for (int i = 0; i < count * columns; i++) {
                float scale = scales[byColumn ? i % columns : (int) first + i / columns];
                // A value may round to one beyond the largest where its scale is a subnormal number.
                double steps = scale == 0 ? 0 : Math.rint((double) w[i] / scale);
                q[i] = (byte) Math.max(-LARGEST, Math.min(LARGEST, steps));
            }
            ByteValues.write(values, first * columns, q, count * columns);
        });
        long[] shape = byColumn ? new long[] {1, columns} : new long[] {scales.length, 1};
        return new Int8(values, Nd4j.create(scales, shape, 'c'));
    }

    /**
     * Which axis has the outputs.
     *
     * @return 1 for columns, 0 for rows
     */
    public int outputAxis() {
        return scales.size(0) == 1 && scales.size(1) == columns() ? 1 : 0;
    }

    @Override
    public long rows() {
        return values.size(0);
    }

    @Override
    public long columns() {
        return values.size(1);
    }

    @Override
    public String form() {
        return "INT8";
    }

    @Override
    public long bytes() {
        return values.length() + scales.length() * Float.BYTES;
    }

    @Override
    public void read(long first, int count, float[] into) {
        int columns = (int) columns();
        int length = count * columns;
        byte[] q = BYTES.get();
        if (q.length < length) {
            q = new byte[length];
            BYTES.set(q);
        }
        ByteValues.read(values, first * columns, q, length);
        for (int i = 0; i < length; i++) {
            into[i] = q[i];
        }
        boolean byColumn = outputAxis() == 1;
        float[] scale = new float[byColumn ? columns : count];
        DenseArray.rowMajor(scales).read(byColumn ? 0 : first, scale, scale.length);
        for (int row = 0; row < count; row++) {
            if (byColumn) {
                scaled(into, row * columns, scale);
            } else {
                scaled(into, row * columns, columns, scale[row]);
            }
        }
    }

    private static void scaled(float[] x, int from, float[] scale) {
        for (int i = 0; i < scale.length; i++) {
            x[from + i] *= scale[i];
        }
    }

    private static void scaled(float[] x, int from, int length, float scale) {
        for (int i = from; i < from + length; i++) {
            x[i] *= scale;
        }
    }

    @Override
    public String toString() {
        return "Int8" + Arrays.toString(values.shape());
    }
}
