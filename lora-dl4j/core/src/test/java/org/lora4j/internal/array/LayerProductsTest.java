/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.blas.params.MMulTranspose;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.factory.Nd4j;

class LayerProductsTest {

    /** Sums of 300 products of numbers below 1, in FLOAT. */
    private static final float ROUNDING = 1e-3f;

    private static final int SUMMED = 300;

    private final LayerProducts products = new LayerProducts(3);
    private final List<Mmul> run = Collections.synchronizedList(new ArrayList<>());
    private final Set<String> threads = ConcurrentHashMap.newKeySet();

    private Object run(Mmul op) {
        run.add(op);
        threads.add(Thread.currentThread().getName());
        return Nd4j.getExecutioner().exec(op);
    }

    private static INDArray values(long seed, char order, long... shape) {
        Random random = new Random(seed);
        float[] values = new float[(int) (shape[0] * shape[1])];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat() - 0.5f;
        }
        return Nd4j.create(values, shape, 'c').dup(order);
    }

    private static Mmul product(INDArray x, INDArray y, INDArray z, double alpha, double beta, boolean tx, boolean ty) {
        return new Mmul(
                x,
                y,
                z,
                alpha,
                beta,
                MMulTranspose.builder().transposeA(tx).transposeB(ty).build());
    }

    // 2 (300) (200) (500) operations are three parts of 2e7.
    @ParameterizedTest
    @CsvSource({
        "200, 500, false, false, c, c, f, 0",
        "200, 500, true, false, f, c, f, 0",
        "200, 500, false, true, c, f, f, 1",
        "200, 500, true, true, f, f, c, 1",
        "500, 200, false, false, c, c, f, 0",
        "500, 200, true, false, c, f, f, 1",
        "500, 200, false, true, f, c, c, 0",
        "500, 200, true, true, f, f, f, 1",
    })
    void largeProduct_isComputedInParts(
            int m, int n, boolean tx, boolean ty, char orderX, char orderY, char orderZ, double kept) throws Throwable {
        INDArray x = tx ? values(1, orderX, SUMMED, m) : values(1, orderX, m, SUMMED);
        INDArray y = ty ? values(2, orderY, n, SUMMED) : values(2, orderY, SUMMED, n);
        INDArray z = values(3, orderZ, m, n);
        double[][] expected = z.toDoubleMatrix();
        double[][] a = (tx ? x.transpose() : x).toDoubleMatrix();
        double[][] b = (ty ? y.transpose() : y).toDoubleMatrix();
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int k = 0; k < SUMMED; k++) {
                    sum += a[i][k] * b[k][j];
                }
                expected[i][j] = kept * expected[i][j] + 2 * sum;
            }
        }

        Object found = products.run(product(x, y, z, 2, kept, tx, ty), this::run);

        assertThat(run).hasSize(3);
        assertThat((INDArray[]) found).hasSize(1);
        assertThat(((INDArray[]) found)[0]).isSameAs(z);
        float[][] actual = z.toFloatMatrix();
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                assertThat(actual[i][j]).isCloseTo((float) expected[i][j], within(ROUNDING));
            }
        }
    }

    @Test
    void smallProduct_staysWhole() throws Throwable {
        Mmul op = product(values(1, 'c', 1, 784), values(2, 'f', 784, 2048), Nd4j.create(1, 2048), 1, 0, false, false);

        products.run(op, this::run);

        assertThat(run).containsExactly(op);
        assertThat(threads).containsExactly(Thread.currentThread().getName());
    }

    @Test
    void productOfWork_thatIsToHaveOneThread_staysWhole() throws Throwable {
        Mmul op = large();

        BlasThreads.enter();
        try {
            products.run(op, this::run);
        } finally {
            BlasThreads.leave();
        }

        assertThat(run).containsExactly(op);
    }

    private static Mmul large() {
        return product(
                values(1, 'c', 200, SUMMED),
                values(2, 'c', SUMMED, 500),
                Nd4j.create(new int[] {200, 500}, 'f'),
                1,
                0,
                false,
                false);
    }

    @Test
    void failureOfAPart_isThrown_whenAllHaveEnded() {
        Mmul op = large();

        assertThatThrownBy(() -> products.run(op, part -> {
                    run(part);
                    throw new IllegalStateException("part");
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("part");
        assertThat(run).hasSize(3);
    }

    /** The first part runs already, and writes to an array that the caller frees when it hears of it. */
    @Test
    void withoutMemoryForAThread_saysSo_whenAllHaveEnded() {
        Mmul op = large();
        AtomicInteger threadsMade = new AtomicInteger();
        LayerProducts poor = new LayerProducts(3, task -> {
            if (threadsMade.getAndIncrement() > 0) {
                throw new OutOfMemoryError("unable to create native thread");
            }
            return new Thread(task);
        });

        assertThatThrownBy(() -> poor.run(op, this::run)).isInstanceOf(OutOfMemoryError.class);
        assertThat(run).hasSize(3);
    }
}
