/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;

/**
 * A singular value decomposition, complete or of the leading part: {@code matrix = left^T * diag(values) * right}.
 *
 * <p><i>Shapes</i> matrix [m, n] · left [k, m], one vector a row · values k, falling · right [k, n]. Vectors of a value
 * other than 0 are orthonormal; vectors of the value 0 may be zero. Signs are made definite: the element of a left vector
 * that is largest in size is positive.
 *
 * <p><i>Source:</i> one-sided Jacobi: Hestenes, "Inversion of matrices by biorthogonalization and related results", 1958;
 * its accuracy: Demmel and Veselić, "Jacobi's method is more accurate than QR", 1992.
 *
 * @param left left singular vectors
 * @param values singular values, 0 or more
 * @param right right singular vectors
 * @apiNote Status: internal
 */
public record SingularValues(Matrix left, double[] values, Matrix right) {

    private static final double EPSILON = Math.ulp(1.0);

    /** Matrices whose smaller side is longer go through an eigenproblem, which costs a tenth. */
    private static final int JACOBI_SIDE = 160;

    /** A matrix is looked at for a rank of at most this part of its smaller side, so that looking costs little. */
    private static final int PROBED_PART = 8;

    /** What is left of a matrix of low rank after rounding, relative to its norm. */
    private static final double NOTHING = 1e-13;

    /** Further vectors that keep the wanted ones clean of what lies below them. */
    private static final int GUARD = 8;

    /** Convergence is quadratic after about six. */
    private static final int MOST_SWEEPS = 60;

    /**
     * The complete decomposition of a small matrix.
     *
     * @param matrix any matrix; the time grows with the square of its smaller side times the larger one
     * @return min(m, n) values with their vectors
     */
    public static SingularValues of(Matrix matrix) {
        if (matrix.rows() > matrix.columns()) {
            SingularValues turned = of(matrix.transposed());
            return new SingularValues(turned.right, turned.values, turned.left).signed();
        }
        double scale = matrix.largest();
        if (scale == 0) {
            return new SingularValues(
                    identity(matrix.rows(), matrix.rows()),
                    new double[matrix.rows()],
                    Matrix.zeros(matrix.rows(), matrix.columns()));
        }
        return jacobi(matrix.scaled(1 / scale), scale);
    }

    /**
     * The decomposition of a product of thin matrices, which is never formed.
     *
     * @param left a matrix [m, k]
     * @param right a matrix [k, n]
     * @return the values of {@code left * right} other than those that are 0 for any matrices of these sizes; values that
     *     are rounding errors of the product, as where terms cancel, are 0
     */
    public static SingularValues ofProduct(Matrix left, Matrix right) {
        OrthonormalBasis outer = OrthonormalBasis.of(left.transposed());
        OrthonormalBasis inner = OrthonormalBasis.of(right);
        SingularValues core = of(outer.coefficients().transposed().times(inner.coefficients()));
        double sizes = outer.coefficients().norm() * inner.coefficients().norm();
        double[] values = Arrays.stream(core.values)
                .map(value -> value > 4 * EPSILON * sizes ? value : 0)
                .toArray();
        return new SingularValues(core.left.times(outer.basis()), values, core.right.times(inner.basis())).signed();
    }

    /** Whether a matrix is decomposed as it is, and not through an eigenproblem. */
    static boolean isSmall(Matrix matrix) {
        return Math.min(matrix.rows(), matrix.columns()) <= JACOBI_SIDE;
    }

    /**
     * The largest singular values of a matrix, with their vectors.
     *
     * <p>For a large matrix the leading space comes from the eigenvectors of the product of the matrix with its own
     * transpose, and the values from the matrix within that space. Values below 1e-8 of the largest come out as noise of
     * that size, the part that they stand for being below the resolution of FLOAT.
     *
     * @param matrix any matrix; the time grows with the square of its smaller side times the larger one
     * @param count how many
     * @return {@code count} values, or min(m, n) if that is less
     */
    public static SingularValues leading(Matrix matrix, int count) {
        return leading(matrix, squares -> Math.min(count, squares.length));
    }

    /**
     * The fewest of the largest singular values, with their vectors, whose squares make up a share of the sum of all squares.
     *
     * @param matrix any matrix; the time is that of {@link #leading(Matrix, int)}
     * @param share above 0 and at most 1, where 1 stands for all that is not rounding errors
     * @return one value or more
     */
    public static SingularValues holding(Matrix matrix, double share) {
        return leading(matrix, squares -> countOf(squares, share));
    }

    private static int countOf(double[] squares, double share) {
        double all = Arrays.stream(squares).sum();
        double rest = all;
        int count = 0;
        // What is below rounding to single precision is no part of the matrix.
        while (count < squares.length && (count == 0 || rest > Math.max(1 - share, 1e-15) * all)) {
            rest -= squares[count++];
        }
        return count;
    }

    private static SingularValues leading(Matrix matrix, ToIntFunction<double[]> count) {
        int side = Math.min(matrix.rows(), matrix.columns());
        double scale = matrix.largest();
        if (isSmall(matrix) || scale == 0) {
            return of(matrix).truncated(count);
        }
        if (matrix.rows() > matrix.columns()) {
            SingularValues turned = leading(matrix.transposed(), count);
            return new SingularValues(turned.right, turned.values, turned.left).signed();
        }
        Matrix unit = matrix.scaled(1 / scale);
        int[] kept = new int[1];
        Matrix space = SymmetricEigen.leading(unit.times(unit.transposed()), squares -> {
            kept[0] = count.applyAsInt(squares);
            return Math.min(kept[0] + GUARD, side);
        });
        SingularValues within = jacobi(space.times(unit), scale);
        return new SingularValues(within.left.times(space), within.values, within.right)
                .truncated(kept[0])
                .signed();
    }

    /**
     * The complete decomposition of a large matrix of low rank, as the updates of most adapters are. Random combinations of
     * the rows span what such rows span; that they do is checked, so nothing is left to chance but the time.
     *
     * <p><i>Source:</i> Halko, Martinsson, Tropp, "Finding structure with randomness", 2011, arXiv 0909.4061, algorithm 4.1.
     *
     * @return the values that are not 0, or empty if there are many or the matrix is small
     */
    public static Optional<SingularValues> ofLowRank(Matrix matrix) {
        int side = Math.min(matrix.rows(), matrix.columns());
        if (isSmall(matrix)) {
            return Optional.empty();
        }
        SplittableRandom random = new SplittableRandom(side);
        double[][] combinations = new double[side / PROBED_PART][matrix.rows()];
        for (double[] combination : combinations) {
            Arrays.setAll(combination, i -> random.nextDouble(-1, 1));
        }
        Matrix basis = OrthonormalBasis.of(
                        Matrix.ofRows(matrix.rows(), combinations).times(matrix))
                .basis();
        Matrix within = matrix.times(basis.transposed());
        if (within.times(basis).plus(-1, matrix).norm() > NOTHING * matrix.norm()) {
            return Optional.empty();
        }
        SingularValues core = of(within);
        return Optional.of(new SingularValues(core.left, core.values, core.right.times(basis)));
    }

    /**
     * The largest singular values of a matrix, nearly, from random combinations of its rows.
     *
     * <p><i>Source:</i> Halko, Martinsson, Tropp, as above, algorithm 4.4.
     *
     * @param matrix any matrix; the time grows with its size times the count
     * @param count how many
     * @param iterations how often the combinations go through the matrix and back; more are nearer
     * @return {@code count} values, or as many as there are if that is less
     */
    public static SingularValues randomized(Matrix matrix, int count, int iterations, SplittableRandom random) {
        int kept = Math.min(count, Math.min(matrix.rows(), matrix.columns()));
        double[][] combinations =
                new double[Math.min(kept + GUARD, Math.min(matrix.rows(), matrix.columns()))][matrix.rows()];
        for (double[] combination : combinations) {
            Arrays.setAll(combination, i -> random.nextDouble(-1, 1));
        }
        Matrix turned = matrix.transposed();
        Matrix basis = OrthonormalBasis.of(
                        Matrix.ofRows(matrix.rows(), combinations).times(matrix))
                .basis();
        for (int i = 0; i < iterations; i++) {
            Matrix back = OrthonormalBasis.of(basis.times(turned)).basis();
            basis = OrthonormalBasis.of(back.times(matrix)).basis();
        }
        SingularValues core = of(matrix.times(basis.transposed()));
        return new SingularValues(core.left, core.values, core.right.times(basis))
                .truncated(Math.min(kept, core.values.length))
                .signed();
    }

    /**
     * The first values that make up a share of the sum of all squares, as {@link #holding} finds them.
     *
     * @param share above 0 and at most 1
     * @return one value or more
     */
    public SingularValues holding(double share) {
        return truncated(squares -> countOf(squares, share));
    }

    private SingularValues truncated(ToIntFunction<double[]> count) {
        return truncated(count.applyAsInt(Arrays.stream(values).map(v -> v * v).toArray()));
    }

    /**
     * The first values.
     *
     * @param count how many, at most all
     */
    public SingularValues truncated(int count) {
        return new SingularValues(left.firstRows(count), Arrays.copyOf(values, count), right.firstRows(count));
    }

    /**
     * The number of values that are not rounding errors.
     *
     * @return how many exceed 1e-12 of the largest
     */
    public int rank() {
        return (int) Arrays.stream(values).filter(v -> v > 1e-12 * values[0]).count();
    }

    /**
     * The root of the sum of squares of the values from one on.
     *
     * @param from index of the first value to count
     * @return the Frobenius norm of what {@link #truncated} leaves out; for 0 that of the matrix
     */
    public double norm(int from) {
        double scale = values.length == 0 ? 0 : values[0];
        double sum = 0;
        for (int i = from; i < values.length && scale > 0; i++) {
            sum += (values[i] / scale) * (values[i] / scale);
        }
        return scale * Math.sqrt(sum);
    }

    /** Turns the rows, two at a time, until each is orthogonal to each. */
    private static SingularValues jacobi(Matrix matrix, double scale) {
        double[][] work = matrix.copyOfRows();
        double[][] turns = identity(work.length, work.length).copyOfRows();
        double smallest = EPSILON * matrix.norm();
        double tolerance = EPSILON * Math.max(8, matrix.columns());
        int sweep = 0;
        while (sweep(work, turns, smallest * smallest, tolerance)) {
            if (++sweep == MOST_SWEEPS) {
                throw new IllegalStateException("singular values of a matrix [" + matrix.rows() + ", "
                        + matrix.columns() + "]: not found in " + sweep + " sweeps; expected about 10. Report this with"
                        + " the adapter.");
            }
        }
        return sorted(work, turns, smallest, scale);
    }

    private static boolean sweep(double[][] work, double[][] turns, double smallest, double tolerance) {
        boolean turned = false;
        for (int i = 0; i < work.length; i++) {
            for (int j = i + 1; j < work.length; j++) {
                double a = VectorLoops.dot(work[i], work[i]);
                double b = VectorLoops.dot(work[j], work[j]);
                double both = VectorLoops.dot(work[i], work[j]);
                // A row of the size of rounding errors has no direction that could be made orthogonal.
                if (Math.min(a, b) > smallest && Math.abs(both) > tolerance * Math.sqrt(a * b)) {
                    double zeta = (b - a) / (2 * both);
                    double tangent = Math.copySign(1, zeta) / (Math.abs(zeta) + Math.hypot(1, zeta));
                    double cosine = 1 / Math.hypot(1, tangent);
                    VectorLoops.rotate(work[i], work[j], cosine, -tangent * cosine);
                    VectorLoops.rotate(turns[i], turns[j], cosine, -tangent * cosine);
                    turned = true;
                }
            }
        }
        return turned;
    }

    private static SingularValues sorted(double[][] work, double[][] turns, double smallest, double scale) {
        double[] lengths = new double[work.length];
        for (int i = 0; i < work.length; i++) {
            lengths[i] = Math.sqrt(VectorLoops.dot(work[i], work[i]));
            boolean isZero = lengths[i] <= smallest;
            VectorLoops.scale(isZero ? 0 : 1 / lengths[i], work[i]);
            lengths[i] = isZero ? 0 : lengths[i];
        }
        int[] order = IntStream.range(0, lengths.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -lengths[i]))
                .mapToInt(Integer::intValue)
                .toArray();
        double[][] left = Arrays.stream(order).mapToObj(i -> turns[i]).toArray(double[][]::new);
        double[][] right = Arrays.stream(order).mapToObj(i -> work[i]).toArray(double[][]::new);
        double[] values =
                Arrays.stream(order).mapToDouble(i -> lengths[i] * scale).toArray();
        int columns = work.length == 0 ? 0 : work[0].length;
        return new SingularValues(Matrix.ofRows(turns.length, left), values, Matrix.ofRows(columns, right)).signed();
    }

    private SingularValues signed() {
        double[] signs = new double[values.length];
        for (int i = 0; i < signs.length; i++) {
            double largest = 0;
            for (double value : left.row(i)) {
                largest = Math.abs(value) > Math.abs(largest) ? value : largest;
            }
            signs[i] = largest < 0 ? -1 : 1;
        }
        return new SingularValues(left.scaledRows(signs), values, right.scaledRows(signs));
    }

    private static Matrix identity(int rows, int columns) {
        double[][] identity = new double[rows][columns];
        for (int i = 0; i < Math.min(rows, columns); i++) {
            identity[i][i] = 1;
        }
        return Matrix.ofRows(columns, identity);
    }

    @Override
    public String toString() {
        return "SingularValues[" + left.rows() + " x " + right.rows() + ", " + values.length + " values]";
    }
}
