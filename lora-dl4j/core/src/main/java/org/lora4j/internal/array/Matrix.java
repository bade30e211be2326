/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A matrix in double precision on the Java heap, for the small decompositions that adapters need.
 *
 * <p>Decompositions of ND4J M2.1 differ between backends and overwrite their input; products of thin factors are small
 * enough to do without. Rows are Java arrays, so that loops along a row become vector code.
 *
 * <p><b>State.</b> A value: nothing here changes a matrix once it is made.
 *
 * @apiNote Status: internal
 */
public final class Matrix {

    private final double[][] rows;
    private final int columns;

    private Matrix(double[][] rows, int columns) {
        this.rows = rows;
        this.columns = columns;
    }

    /**
     * Wraps rows.
     *
     * @param columns length of each row
     * @param rows the rows, which from now on belong to the matrix
     */
    public static Matrix ofRows(int columns, double[]... rows) {
        return new Matrix(rows, columns);
    }

    /**
     * Copies an array, read in 'c' order.
     *
     * @param array any floating-point array
     * @param rows its length must be a multiple of this
     */
    public static Matrix of(INDArray array, int rows) {
        int columns = Math.toIntExact(array.length() / rows);
        double[][] copy = new double[rows][columns];
        boolean known = array.dataType() == DataType.FLOAT || array.dataType() == DataType.DOUBLE;
        try (DenseArray elements = DenseArray.rowMajor(known ? array : array.castTo(DataType.FLOAT))) {
            read(elements, copy, columns);
        }
        return new Matrix(copy, columns);
    }

    private static void read(DenseArray elements, double[][] into, int columns) {
        float[] floats = new float[elements.isFloat() ? elements.blockLength() : 0];
        double[] doubles = new double[elements.isFloat() ? 0 : elements.blockLength()];
        int at = 0;
        for (int block = 0; block < elements.blocks(); block++) {
            if (elements.isFloat()) {
                elements.read(block, floats);
            } else {
                elements.read(block, doubles);
            }
            for (int i = 0; i < elements.length(block); i++, at++) {
                into[at / columns][at % columns] = elements.isFloat() ? floats[i] : doubles[i];
            }
        }
    }

    /**
     * Puts matrices of equal width below each other.
     *
     * @param parts one matrix or more
     * @return a matrix of all their rows, in order
     */
    public static Matrix stack(List<Matrix> parts) {
        List<double[]> all = new ArrayList<>();
        parts.forEach(part -> all.addAll(Arrays.asList(part.rows)));
        return new Matrix(all.toArray(new double[0][]), parts.get(0).columns);
    }

    /** A matrix of zeros. */
    public static Matrix zeros(int rows, int columns) {
        return new Matrix(new double[rows][columns], columns);
    }

    /**
     * Number of rows.
     *
     * @return 0 or more
     */
    public int rows() {
        return rows.length;
    }

    /**
     * Number of columns.
     *
     * @return 0 or more
     */
    public int columns() {
        return columns;
    }

    /**
     * One row.
     *
     * @param index from 0
     * @return the row itself, to be read only
     */
    public double[] row(int index) {
        return rows[index];
    }

    /**
     * One element.
     *
     * @param row from 0
     * @param column from 0
     */
    public double get(int row, int column) {
        return rows[row][column];
    }

    /**
     * Copies the rows.
     *
     * @return new arrays
     */
    public double[][] copyOfRows() {
        double[][] copy = new double[rows.length][];
        for (int i = 0; i < copy.length; i++) {
            copy[i] = rows[i].clone();
        }
        return copy;
    }

    /**
     * The last rows.
     *
     * @param count how many, at most all
     * @return a matrix of {@code count} rows
     */
    public Matrix lastRows(int count) {
        return new Matrix(Arrays.copyOfRange(rows, rows.length - count, rows.length), columns);
    }

    /**
     * Some rows from the first on.
     *
     * @param count how many; rows of zeros are added if there are fewer
     * @return a matrix of {@code count} rows
     */
    public Matrix firstRows(int count) {
        double[][] kept = Arrays.copyOf(rows, count);
        for (int i = rows.length; i < count; i++) {
            kept[i] = new double[columns];
        }
        return new Matrix(kept, columns);
    }

    /**
     * The product with another matrix.
     *
     * @param right has as many rows as this has columns
     * @return {@code this * right}
     */
    public Matrix times(Matrix right) {
        double[][] product = new double[rows.length][right.columns];
        for (int i = 0; i < rows.length; i++) {
            addProduct(rows[i], right.rows, product[i]);
        }
        return new Matrix(product, right.columns);
    }

    /** Four rows at a time: the sum is loaded and stored a quarter as often. */
    private static void addProduct(double[] factors, double[][] of, double[] sum) {
        int k = 0;
        for (; k + 3 < factors.length; k += 4) {
            addFour(factors, k, of, sum);
        }
        for (; k < factors.length; k++) {
            VectorLoops.add(factors[k], of[k], sum);
        }
    }

    private static void addFour(double[] factors, int k, double[][] of, double[] sum) {
        double a = factors[k];
        double b = factors[k + 1];
        double c = factors[k + 2];
        double d = factors[k + 3];
        double[] x = of[k];
        double[] y = of[k + 1];
        double[] z = of[k + 2];
        double[] w = of[k + 3];
        for (int j = 0; j < sum.length; j++) {
            sum[j] += a * x[j] + b * y[j] + c * z[j] + d * w[j];
        }
    }

    /**
     * Rows as columns.
     *
     * @return a new matrix
     */
    public Matrix transposed() {
        double[][] turned = new double[columns][rows.length];
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < columns; j++) {
                turned[j][i] = rows[i][j];
            }
        }
        return new Matrix(turned, rows.length);
    }

    /**
     * The inverse, by elimination with the largest pivot of each column.
     *
     * @return {@code this^-1} of a square matrix
     * @throws IllegalArgumentException if the matrix has none
     */
    public Matrix inverse() {
        double[][] left = copyOfRows();
        double[][] right = new double[columns][columns];
        for (int i = 0; i < columns; i++) {
            right[i][i] = 1;
        }
        for (int k = 0; k < columns; k++) {
            int pivot = k;
            for (int i = k + 1; i < columns; i++) {
                pivot = Math.abs(left[i][k]) > Math.abs(left[pivot][k]) ? i : pivot;
            }
            if (left[pivot][k] == 0) {
                throw new IllegalArgumentException("inverse of a matrix [" + rows.length + ", " + columns
                        + "]: it has none; expected one of full rank.");
            }
            swap(left, k, pivot);
            swap(right, k, pivot);
            VectorLoops.scale(1 / left[k][k], right[k]);
            VectorLoops.scale(1 / left[k][k], left[k]);
            for (int i = 0; i < columns; i++) {
                if (i != k) {
                    VectorLoops.add(-left[i][k], right[k], right[i]);
                    VectorLoops.add(-left[i][k], left[k], left[i]);
                }
            }
        }
        return new Matrix(right, columns);
    }

    private static void swap(double[][] rows, int i, int j) {
        double[] row = rows[i];
        rows[i] = rows[j];
        rows[j] = row;
    }

    /**
     * Every element times a number.
     *
     * @return a new matrix
     */
    public Matrix scaled(double factor) {
        double[][] product = copyOfRows();
        for (double[] row : product) {
            VectorLoops.scale(factor, row);
        }
        return new Matrix(product, columns);
    }

    /**
     * Each row times a number of its own.
     *
     * @param factors a number for each row
     * @return a new matrix
     */
    public Matrix scaledRows(double[] factors) {
        double[][] product = copyOfRows();
        for (int i = 0; i < product.length; i++) {
            VectorLoops.scale(factors[i], product[i]);
        }
        return new Matrix(product, columns);
    }

    /**
     * The sum with a multiple of another matrix.
     *
     * @param other a matrix of equal sizes
     * @return {@code this + factor * other}
     */
    public Matrix plus(double factor, Matrix other) {
        double[][] sum = copyOfRows();
        for (int i = 0; i < sum.length; i++) {
            VectorLoops.add(factor, other.rows[i], sum[i]);
        }
        return new Matrix(sum, columns);
    }

    /**
     * The largest absolute value.
     *
     * @return 0 for a matrix without elements
     */
    public double largest() {
        double largest = 0;
        for (double[] row : rows) {
            for (double value : row) {
                // Unlike a comparison, max hands NaN on.
                largest = Math.max(largest, Math.abs(value));
            }
        }
        return largest;
    }

    /** The root of the sum of squares of all elements, without overflow on the way. */
    public double norm() {
        double scale = largest();
        if (scale == 0) {
            return 0;
        }
        double sum = 0;
        for (double[] row : rows) {
            for (double value : row) {
                sum += (value / scale) * (value / scale);
            }
        }
        return scale * Math.sqrt(sum);
    }

    /**
     * The elements row by row.
     *
     * @return a new Java array
     */
    public double[] flat() {
        double[] all = new double[Math.multiplyExact(rows.length, columns)];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(rows[i], 0, all, i * columns, columns);
        }
        return all;
    }

    /**
     * Splits elements into rows.
     *
     * @param columns length of a row, 1 or more
     * @return a new matrix
     */
    public static Matrix ofFlat(double[] elements, int columns) {
        double[][] rows = new double[elements.length / columns][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = Arrays.copyOfRange(elements, i * columns, (i + 1) * columns);
        }
        return new Matrix(rows, columns);
    }

    /**
     * Makes an array of the elements, row by row.
     *
     * @param type FLOAT or DOUBLE
     * @param shape as many elements as this has
     * @return a new array in 'c' order
     */
    public INDArray toArray(DataType type, long... shape) {
        return Nd4j.create(flat(), shape, 'c').castTo(type);
    }
}
