/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.interpret;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A line of which several points run as the rows of a batch, where the model keeps rows apart. */
final class RowsLine implements Line {

    private static final int MOST_ROWS = 16;
    private static final long MOST_NUMBERS = 1 << 22;
    /** How far the same row may be from itself in another batch, relative. */
    private static final double SAME = 1e-3;

    /** Runs a model. */
    interface Runner {

        INDArray output(INDArray value, Map<String, INDArray> others);

        /** The gradient of the sum of the selected numbers of the output with respect to the value. */
        INDArray gradient(INDArray value, Map<String, INDArray> others, INDArray selector);
    }

    private final Runner runner;
    private final DataType type;
    private final double[] baseline;
    private final double[] difference;
    private final long[] shape;
    private final Map<String, INDArray> others;
    private final long element;
    private final long[] outputShape;
    private final DataType outputType;
    private final int rows;

    RowsLine(Runner runner, DataType type, INDArray from, INDArray to, Map<String, INDArray> others, long element) {
        this.runner = runner;
        this.type = type;
        this.baseline = numbers(from);
        this.difference = numbers(to);
        for (int i = 0; i < difference.length; i++) {
            difference[i] -= baseline[i];
        }
        this.shape = to.shape();
        this.others = others;
        this.element = element;
        INDArray output = runner.output(to, others);
        this.outputShape = output.shape();
        this.outputType = output.dataType();
        this.rows = rows(numbers(output)[Math.toIntExact(element)]);
    }

    /** How many points run at once: one where the model does not keep rows apart. */
    private int rows(double expected) {
        int most = (int) Math.min(MOST_ROWS, MOST_NUMBERS / Math.max(1, difference.length));
        boolean oneRow = shape.length > 1 && shape[0] == 1 && outputShape.length > 0 && outputShape[0] == 1;
        if (most < 2 || !oneRow) {
            return 1;
        }
        try {
            INDArray two = runner.output(points(new double[] {0.37, 1}, 0, 2), repeated(2));
            if (two.rank() != outputShape.length || two.size(0) != 2) {
                return 1;
            }
            double[] both = numbers(two);
            double again = both[Math.toIntExact(both.length / 2 + element)];
            return Math.abs(again - expected) <= SAME * Math.max(1, Math.abs(expected)) ? most : 1;
        } catch (RuntimeException e) {
            // A model for one row at a time: ND4J tells of shapes that do not fit two by exceptions of any kind.
            return 1;
        }
    }

    private Map<String, INDArray> repeated(int count) {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        others.forEach((name, array) -> {
            boolean row = count > 1 && array.rank() > 1 && array.size(0) == 1;
            arrays.put(
                    name, row ? Nd4j.concat(0, Collections.nCopies(count, array).toArray(INDArray[]::new)) : array);
        });
        return arrays;
    }

    private static long[] rowsOf(long[] one, int count) {
        long[] many = one.clone();
        if (count > 1) {
            many[0] = count;
        }
        return many;
    }

    private INDArray points(double[] positions, int from, int count) {
        double[] values = new double[count * difference.length];
        for (int row = 0; row < count; row++) {
            for (int i = 0; i < difference.length; i++) {
                values[row * difference.length + i] = baseline[i] + positions[from + row] * difference[i];
            }
        }
        return Nd4j.create(values, rowsOf(shape, count), 'c').castTo(type);
    }

    @Override
    public double[] difference() {
        return difference;
    }

    @Override
    public double[] values(double[] positions) {
        double[] values = new double[positions.length];
        for (int from = 0; from < positions.length; from += rows) {
            int count = Math.min(rows, positions.length - from);
            double[] all = numbers(runner.output(points(positions, from, count), repeated(count)));
            for (int row = 0; row < count; row++) {
                values[from + row] = all[Math.toIntExact(row * (all.length / count) + element)];
            }
        }
        return values;
    }

    @Override
    public float[][] gradients(double[] positions) {
        float[][] gradients = new float[positions.length][];
        for (int from = 0; from < positions.length; from += rows) {
            int count = Math.min(rows, positions.length - from);
            float[] all = runner.gradient(points(positions, from, count), repeated(count), selector(count))
                    .ravel()
                    .toFloatVector();
            for (int row = 0; row < count; row++) {
                gradients[from + row] = Arrays.copyOfRange(all, row * difference.length, (row + 1) * difference.length);
            }
        }
        return gradients;
    }

    private INDArray selector(int count) {
        int each = Math.toIntExact(Arrays.stream(outputShape).reduce(1, (a, b) -> a * b));
        float[] ones = new float[count * each];
        for (int row = 0; row < count; row++) {
            ones[Math.toIntExact(row * each + element)] = 1;
        }
        return Nd4j.create(ones, rowsOf(outputShape, count), 'c').castTo(outputType);
    }

    private static double[] numbers(INDArray array) {
        return array.ravel().castTo(DataType.DOUBLE).toDoubleVector();
    }
}
