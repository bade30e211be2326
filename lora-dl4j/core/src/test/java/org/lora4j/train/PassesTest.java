/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.train.TrainableParameter.Kind;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class PassesTest {

    /** Long enough for several threads, the last block not full. */
    private static final int ROWS = 41;

    private static final int COLUMNS = DenseArray.BLOCK / 2 + 3;

    private static INDArray random(DataType type, char order, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        INDArray array = Nd4j.createUninitialized(type, new long[] {ROWS, COLUMNS}, order);
        array.assign(Nd4j.createFromArray(
                        random.doubles((long) ROWS * COLUMNS, -1, 1).toArray())
                .reshape(ROWS, COLUMNS));
        return array;
    }

    static Stream<Arguments> optimizersAndTypes() {
        return Stream.of(
                        AdamW.of(0.01),
                        AdamOptimizer.of(0.01).withWeightDecay(0.1),
                        SgdOptimizer.of(0.1).withMomentum(0.9))
                .flatMap(optimizer ->
                        Stream.of(DataType.FLOAT, DataType.DOUBLE).map(type -> Arguments.of(optimizer, type)));
    }

    @ParameterizedTest
    @MethodSource("optimizersAndTypes")
    void update_byAnyNumberOfThreads_givesTheSameBits(Optimizer optimizer, DataType type) {
        assertThat(updated(optimizer, type, 3)).isEqualTo(updated(optimizer, type, 1));
    }

    private static List<INDArray> updated(Optimizer optimizer, DataType type, int threads) {
        INDArray value = random(type, 'c', 1);
        ParameterUpdater updater = optimizer.updaterFor(TestModel.parameter("p", Kind.WEIGHT, value));
        Passes.among(threads, () -> {
            for (int step = 0; step < 3; step++) {
                updater.update(random(type, 'f', step), new UpdateStep(0.01, 0.1, 0.5, step, 1));
            }
        });
        return Stream.concat(Stream.of(value), updater.state().arrays().values().stream())
                .toList();
    }

    @ParameterizedTest
    @MethodSource("optimizersAndTypes")
    void norms_byAnyNumberOfThreads_giveTheSameBits(Optimizer unused, DataType type) {
        INDArray x = random(type, 'c', 1);
        AtomicReference<Double> norm = new AtomicReference<>();
        INDArray sum = x.dup();

        Passes.among(3, () -> {
            norm.set(Norms.norm(x));
            Norms.addScaled(sum, random(type, 'f', 2), 0.3);
            Norms.clamp(sum, 0.7);
        });

        INDArray expected = x.dup();
        Norms.addScaled(expected, random(type, 'f', 2), 0.3);
        Norms.clamp(expected, 0.7);
        assertThat(sum).isEqualTo(expected);
        assertThat(norm.get())
                .isEqualTo(Norms.norm(x))
                .isCloseTo(x.castTo(DataType.DOUBLE).norm2Number().doubleValue(), within(1e-4));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void each_doesEveryArrayThatIsThereOnce(int threads) {
        List<INDArray> arrays = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            INDArray small = i == 25 ? Nd4j.scalar(2.0) : Nd4j.ones(3, i + 1);
            arrays.add(i % 7 == 3 ? null : i % 20 == 0 ? random(DataType.FLOAT, 'c', i) : small);
        }
        AtomicIntegerArray times = new AtomicIntegerArray(arrays.size());

        Passes.among(threads, () -> Passes.each(arrays, times::incrementAndGet));

        for (int i = 0; i < arrays.size(); i++) {
            assertThat(times.get(i)).as("array %d", i).isEqualTo(arrays.get(i) == null ? 0 : 1);
        }
    }

    @Test
    void among_afterAFailure_leavesTheThreadAsItWas() {
        INDArray x = random(DataType.FLOAT, 'c', 1);
        Thread caller = Thread.currentThread();
        try {
            Passes.among(3, () -> {
                throw new IllegalStateException("in the middle");
            });
        } catch (IllegalStateException e) {
            Passes.over(
                    DenseArray.of(x),
                    () -> block -> assertThat(Thread.currentThread()).isSameAs(caller));
        }
    }
}
