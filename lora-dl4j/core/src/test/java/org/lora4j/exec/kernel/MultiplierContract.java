/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.exec.kernel.Multiplier.Factor;
import org.lora4j.exec.kernel.Multiplier.Product;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** What every multiplier does, on seeded random shapes and layouts, against sums in double precision. */
public abstract class MultiplierContract {

    /** Relative to the sum of the absolute terms. */
    private static final double TOLERANCE = 1e-5;
    /** The same where factors are rounded to 8 bits, and the result after each of a few products. */
    private static final double TOLERANCE_OF_BF16 = 0x1p-6;

    private static final int CASES = 60;
    /** More than a piece of a large result, and a rest. */
    private static final int LARGE = 600;

    /** What is tested. */
    protected abstract Multiplier multiplier();

    private Draw draw(long seed) {
        return new Draw(seed, multiplier().rounds());
    }

    private void assertIs(Expected expected, String what, INDArray z) {
        expected.assertIs(what, z, multiplier().rounds() ? TOLERANCE_OF_BF16 : TOLERANCE);
    }

    /** Draws sizes, layouts and values. */
    private static final class Draw {
        private final SplittableRandom random;
        private final boolean rounds;

        /** {@code rounds} has half of the factors and results in BFLOAT16. */
        Draw(long seed, boolean rounds) {
            this.random = new SplittableRandom(seed);
            this.rounds = rounds;
        }

        int size(int most) {
            return random.nextInt(4) == 0 ? 1 : random.nextInt(1, most + 1);
        }

        boolean flag() {
            return random.nextBoolean();
        }

        double scale() {
            return random.nextBoolean() ? 1 : random.nextDouble(-2, 2);
        }

        int number(int bound) {
            return random.nextInt(bound);
        }

        INDArray dense(long... shape) {
            INDArray array = Nd4j.createUninitialized(DataType.FLOAT, shape, 'c');
            float[] values = new float[(int) array.length()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextDouble(-1, 1);
            }
            return Nd4j.create(values, shape, 'c');
        }

        private INDArray denseOfAnyType(long... shape) {
            INDArray array = dense(shape);
            return rounds && flag() ? array.castTo(DataType.BFLOAT16) : array;
        }

        /** A matrix by rows, by columns, within a larger one, or with gaps between its columns. */
        INDArray matrix(long rows, long columns) {
            return switch (random.nextInt(5)) {
                case 0 -> denseOfAnyType(columns, rows).transpose();
                case 1 ->
                    denseOfAnyType(rows, columns + 3).get(NDArrayIndex.all(), NDArrayIndex.interval(2, columns + 2));
                case 2 ->
                    denseOfAnyType(rows, 2 * columns).get(NDArrayIndex.all(), NDArrayIndex.interval(0, 2, 2 * columns));
                default -> denseOfAnyType(rows, columns);
            };
        }

        Factor factor(long rows, long columns) {
            boolean transposed = flag();
            return new Factor(transposed ? matrix(columns, rows) : matrix(rows, columns), transposed, flag());
        }

        /** A batch whose axes lie in any order. */
        INDArray batch(long... shape) {
            int[] order = new int[shape.length];
            for (int i = 0; i < order.length; i++) {
                int j = random.nextInt(i + 1);
                order[i] = order[j];
                order[j] = i;
            }
            long[] stored = new long[shape.length];
            for (int i = 0; i < order.length; i++) {
                stored[order[i]] = shape[i];
            }
            return denseOfAnyType(stored).permute(order);
        }

        Factor factorOfBatch(long[] first, long rows, long columns) {
            boolean transposed = flag();
            return new Factor(
                    batch(joined(first, transposed ? columns : rows, transposed ? rows : columns)), transposed, false);
        }
    }

    private static long[] joined(long[] first, long rows, long columns) {
        long[] shape = Arrays.copyOf(first, first.length + 2);
        shape[first.length] = rows;
        shape[first.length + 1] = columns;
        return shape;
    }

    /** Values by row, what is meant by a factor or any matrix. */
    private static double[][] values(INDArray array, boolean transposed) {
        INDArray by = transposed ? array.transpose() : array;
        // toDoubleMatrix makes an array of each row.
        double[] all = by.castTo(DataType.DOUBLE).dup('c').data().asDouble();
        int columns = (int) by.size(1);
        double[][] values = new double[(int) by.size(0)][];
        for (int i = 0; i < values.length; i++) {
            values[i] = Arrays.copyOfRange(all, i * columns, (i + 1) * columns);
        }
        return values;
    }

    /** What a result must be, and how large the terms are that it is the sum of. */
    private static final class Expected {
        private final double[][] sum;
        private final double[][] size;

        Expected(int rows, int columns) {
            sum = new double[rows][columns];
            size = new double[rows][columns];
        }

        private void add(int i, int j, double term) {
            sum[i][j] += term;
            size[i][j] += Math.abs(term);
        }

        void add(INDArray addend) {
            double[][] values = values(addend.rank() == 1 ? addend.reshape(1, addend.length()) : addend, false);
            for (int i = 0; i < sum.length; i++) {
                for (int j = 0; j < sum[0].length; j++) {
                    add(i, j, values[values.length == 1 ? 0 : i][j]);
                }
            }
        }

        void add(Factor x, Factor w) {
            add(new Product(x, w));
        }

        void add(Product product) {
            double[][] left = values(product.x().array(), product.x().transposed());
            double[][] right = values(product.w().array(), product.w().transposed());
            for (int i = 0; i < sum.length; i++) {
                double[] sums = sum[i];
                double[] sizes = size[i];
                for (int k = 0; k < right.length; k++) {
                    double scaled = product.scale() * left[i][k];
                    double[] row = right[k];
                    for (int j = 0; j < sums.length; j++) {
                        double term = scaled * row[j];
                        sums[j] += term;
                        sizes[j] += Math.abs(term);
                    }
                }
            }
        }

        void assertIs(String what, INDArray z, double tolerance) {
            double[][] found = values(z, false);
            for (int i = 0; i < sum.length; i++) {
                for (int j = 0; j < sum[0].length; j++) {
                    // An assertion for each value would take most of the time.
                    if (!(Math.abs(found[i][j] - sum[i][j]) <= tolerance * size[i][j])) {
                        fail("%s at %d, %d: %s for %s", what, i, j, found[i][j], sum[i][j]);
                    }
                }
            }
        }
    }

    @Test
    void multiply_ofMatricesInAnyLayout_isTheProduct() {
        for (int seed = 0; seed < CASES; seed++) {
            Draw draw = draw(seed);
            int rows = draw.size(seed % 4 == 0 ? LARGE : 40);
            int columns = draw.size(40);
            int inner = draw.size(70);
            Factor x = draw.factor(rows, inner);
            Factor w = draw.factor(inner, columns);
            INDArray z = draw.matrix(rows, columns);
            int kept = draw.number(2);
            Product product = new Product(draw.scale(), x, w);
            Expected expected = new Expected(rows, columns);
            if (kept == 1) {
                expected.add(z.dup());
            }
            expected.add(product);

            multiplier().multiply(product, z, kept);

            assertIs(expected, "seed " + seed, z);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void multiply_ofBatchesInAnyLayout_isTheProductOfEach(int axes) {
        for (int seed = 0; seed < CASES; seed++) {
            Draw draw = draw(seed);
            long[] first = new long[axes];
            int matrices = 1;
            for (int i = 0; i < axes; i++) {
                first[i] = draw.size(4);
                matrices *= (int) first[i];
            }
            int rows = draw.size(20);
            int columns = draw.size(20);
            int inner = draw.size(20);
            Factor x = draw.factorOfBatch(first, rows, inner);
            Factor w = draw.factorOfBatch(first, inner, columns);
            INDArray z = draw.batch(joined(first, rows, columns));

            double scale = draw.scale();

            multiplier().multiply(new Product(scale, x, w), z, 0);

            for (int i = 0; i < matrices; i++) {
                Expected expected = new Expected(rows, columns);
                expected.add(new Product(scale, matrix(x, i), matrix(w, i)));
                assertIs(expected, "seed " + seed + ", matrix " + i, matrix(z, i));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void multiply_ofHeadsThatShareRows_isTheProductOfEach(int examples) {
        Draw draw = draw(examples);
        INDArray[] heads = new INDArray[3];
        for (int i = 0; i < heads.length; i++) {
            heads[i] =
                    draw.dense(examples * 4L, 3 * 5).reshape(examples, 4, 3, 5).permute(0, 2, 1, 3);
        }
        INDArray scores = draw.dense(examples, 3, 4, 4);
        Factor query = new Factor(heads[0], false, false);
        Factor key = new Factor(heads[1], true, false);
        Factor transposed = new Factor(scores, true, false);

        multiplier().multiply(query, key, scores, 0);
        multiplier().multiply(transposed, query, heads[2], 0);

        for (int i = 0; i < examples * 3; i++) {
            Expected ofScores = new Expected(4, 4);
            ofScores.add(matrix(query, i), matrix(key, i));
            assertIs(ofScores, "scores " + i, matrix(scores, i));
            Expected ofSums = new Expected(4, 5);
            ofSums.add(matrix(transposed, i), matrix(query, i));
            assertIs(ofSums, "sums " + i, matrix(heads[2], i));
        }
    }

    @Test
    void multiply_ofRowsFarApartByColumns_isTheOuterProductOfEach() {
        Draw draw = draw(1);
        Factor x = new Factor(draw.dense(3, 1, 15), true, false);
        INDArray rows = draw.dense(3, 3, 19).get(NDArrayIndex.all(), NDArrayIndex.interval(0, 1), NDArrayIndex.all());
        INDArray z = draw.dense(3, 15, 19);

        multiplier().multiply(x, new Factor(rows, false, false), z, 0);

        for (int i = 0; i < 3; i++) {
            Expected expected = new Expected(15, 19);
            expected.add(matrix(x, i), new Factor(matrix(rows, i), false, false));
            assertIs(expected, "matrix " + i, matrix(z, i));
        }
    }

    /** oneDNN 3.11 gives the right numbers here, and writes behind its own memory: the process then ends somewhere else. */
    @Test
    void multiply_ofOneRowThatIsAdded_overLongSums_isTheProduct_andLeavesMemoryAlone() {
        Draw draw = draw(1);
        for (int inner = 1000; inner < 1600; inner += 3) {
            Product product = new Product(
                    new Factor(draw.dense(1, inner), false, false), new Factor(draw.dense(100, inner), true, true));
            INDArray z = draw.dense(1, 100);
            Expected expected = new Expected(1, 100);
            expected.add(z.dup());
            expected.add(product);

            multiplier().multiply(product, z, 1);

            assertIs(expected, "a sum over " + inner, z);
        }
    }

    @Test
    void multiply_ofBatchesOfOneRowThatIsAdded_overLongSums_isTheProduct() {
        Draw draw = draw(2);
        INDArray rows = draw.dense(2, 1, 1500);
        INDArray w = draw.dense(2, 100, 1500);
        INDArray z = draw.dense(2, 1, 100);
        INDArray before = z.dup();

        multiplier().multiply(new Product(new Factor(rows, false, false), new Factor(w, true, false)), z, 1);

        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 100; j++) {
                double sum = before.getDouble(i, 0, j);
                for (int k = 0; k < 1500; k++) {
                    sum += rows.getDouble(i, 0, k) * w.getDouble(i, j, k);
                }
                assertThat(z.getDouble(i, 0, j))
                        .isEqualTo(sum, within(multiplier().rounds() ? 0.5 : 1e-4));
            }
        }
    }

    /** One of a batch, counted over all of its first axes. */
    private static INDArray matrix(INDArray batch, int index) {
        return batch.dup('c')
                .reshape('c', -1, batch.size(batch.rank() - 2), batch.size(batch.rank() - 1))
                .slice(index);
    }

    private static Factor matrix(Factor batch, int index) {
        return new Factor(matrix(batch.array(), index), batch.transposed(), false);
    }

    /** What an adapter adds that is zero, or a bias of it, must not change how its layer is computed. */
    @Test
    void sum_withMoreTermsThatAreZero_changesNoBitOfTheRest() {
        for (int seed = 0; seed < 2 * CASES; seed++) {
            Draw draw = draw(seed);
            int rows = draw.size(seed % 4 == 0 ? LARGE : 40);
            int columns = draw.size(seed % 3 == 0 ? 200 : 40);
            List<INDArray> addends = new ArrayList<>();
            if (draw.flag()) {
                addends.add(draw.dense(columns));
            }
            if (draw.flag()) {
                addends.add(draw.matrix(rows, columns).castTo(DataType.FLOAT));
            }
            List<Product> products = new ArrayList<>();
            for (int i = draw.number(2); i >= 0; i--) {
                int inner = draw.size(seed % 5 == 0 ? 600 : 80);
                products.add(new Product(draw.factor(rows, inner), draw.factor(inner, columns)));
            }
            INDArray base = draw.dense(rows, columns);
            multiplier().sum(addends, products, base);
            INDArray adapted = draw.dense(rows, columns);
            List<INDArray> moreAddends = new ArrayList<>(addends);
            if (draw.flag()) {
                moreAddends.add(draw.number(moreAddends.size() + 1), Nd4j.zeros(DataType.FLOAT, columns));
            }
            List<Product> moreProducts = new ArrayList<>(products);
            for (int i = draw.number(2); i >= 0; i--) {
                int rank = draw.size(20);
                Factor b = draw.factor(rank, columns);
                b.array().assign(0);
                moreProducts.add(new Product(
                        draw.scale(), draw.factor(rows, rank), new Factor(b.array(), b.transposed(), false)));
            }

            multiplier().sum(moreAddends, moreProducts, adapted);

            assertSameValues("seed " + seed, base, adapted);
        }
    }

    @Test
    void sum_ofOneProduct_isThatProductToTheBit() {
        for (int seed = 0; seed < CASES; seed++) {
            Draw draw = draw(seed);
            int rows = draw.size(seed % 4 == 0 ? LARGE : 40);
            int columns = draw.size(seed % 3 == 0 ? 200 : 40);
            int inner = draw.size(200);
            Product product = new Product(draw.factor(rows, inner), draw.factor(inner, columns));
            INDArray alone = draw.dense(rows, columns);
            INDArray summed = draw.dense(rows, columns);

            multiplier().multiply(product, alone, 0);
            multiplier().sum(List.of(), List.of(product), summed);

            assertSameValues("seed " + seed, alone, summed);
        }
    }

    private static void assertSameValues(String what, INDArray expected, INDArray found) {
        float[] first = expected.dup('c').data().asFloat();
        float[] second = found.dup('c').data().asFloat();
        for (int i = 0; i < first.length; i++) {
            // Zeros of both signs are one value.
            if (first[i] != second[i]) {
                fail("%s at %d: %s for %s", what, i, second[i], first[i]);
            }
        }
    }

    @Test
    void sum_ofProductsRowsAndMatrices_isTheSum() {
        for (int seed = 0; seed < CASES; seed++) {
            Draw draw = draw(seed);
            int rows = draw.size(seed % 4 == 0 ? LARGE : 40);
            int columns = draw.size(seed % 3 == 0 ? 100 : 40);
            Expected expected = new Expected(rows, columns);
            List<INDArray> addends = new ArrayList<>();
            for (int i = draw.number(4); i > 0; i--) {
                INDArray addend = draw.flag() ? draw.dense(columns) : draw.matrix(rows, columns);
                addends.add(addend.castTo(DataType.FLOAT));
            }
            addends.forEach(expected::add);
            List<Product> products = new ArrayList<>();
            for (int i = draw.number(3); i >= 0; i--) {
                int inner = draw.size(100);
                products.add(new Product(
                        draw.scale(), draw.factor(rows, inner), draw.factor(inner, columns), draw.number(4) == 0));
            }
            products.forEach(expected::add);
            INDArray z = draw.denseOfAnyType(rows, columns).assign(Float.NaN);

            multiplier().sum(addends, products, z);

            assertIs(expected, "seed " + seed, z);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, LARGE})
    void sum_withAProductThatIsZero_changesNoValue(int rows) {
        Draw draw = draw(rows);
        List<INDArray> addends = List.of(draw.dense(17), draw.dense(rows, 17));
        Product layer = new Product(
                new Factor(draw.dense(rows, 33), false, false), new Factor(draw.dense(33, 17), false, true));
        Product zero = new Product(
                new Factor(draw.dense(rows, 4), false, false),
                new Factor(Nd4j.zeros(DataType.FLOAT, 4, 17), false, false));
        INDArray without = Nd4j.create(DataType.FLOAT, rows, 17);
        INDArray with = Nd4j.create(DataType.FLOAT, rows, 17);
        INDArray bare = Nd4j.create(DataType.FLOAT, rows, 17);
        INDArray bareWith = Nd4j.create(DataType.FLOAT, rows, 17);

        multiplier().sum(addends, List.of(layer), without);
        multiplier().sum(addends, List.of(layer, zero), with);
        multiplier().multiply(layer.x(), layer.w(), bare, 0);
        multiplier().sum(List.of(), List.of(layer, zero), bareWith);

        assertThat(with.data().asFloat()).containsExactly(without.data().asFloat());
        assertThat(bareWith.data().asFloat()).containsExactly(bare.data().asFloat());
    }
}
