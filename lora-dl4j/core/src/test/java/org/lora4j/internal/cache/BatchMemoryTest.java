/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.exec.FrozenPrefix;
import org.lora4j.train.cache.PrefixCache;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class BatchMemoryTest {

    private static final String NAME = "top";
    private static final FrozenPrefix PREFIX = new FrozenPrefix(List.of(NAME), 3, 2, 1);

    @TempDir
    private static Path folder;

    static Stream<PrefixCache> places() {
        return Stream.of(PrefixCache.inMemory(1 << 16), new PrefixCache(0, 1 << 16, Optional.of(folder)));
    }

    private static Map<String, INDArray> inputs(int from) {
        return Map.of("x", Nd4j.arange(from, from + 6).castTo(DataType.FLOAT).reshape(3, 2));
    }

    /** As a convolution leaves it: examples first in shape, channels first in memory. */
    private static INDArray permuted(int from) {
        INDArray memory = Nd4j.arange(from, from + 24).castTo(DataType.FLOAT).reshape(4, 3, 2);
        return memory.permute(1, 0, 2);
    }

    private static void pass(BatchMemory memory, Map<String, INDArray> inputs, int epoch, INDArray result) {
        try (BatchMemory.Step step = memory.step(inputs, 3, epoch)) {
            assertThat(step.isKnown()).isFalse();
            step.computed(Map.of(NAME, result));
        }
    }

    private static INDArray taken(BatchMemory memory, Map<String, INDArray> inputs) {
        try (BatchMemory.Step step = memory.step(inputs, 3, 1)) {
            assertThat(step.isKnown()).isTrue();
            return step.take(NAME, array -> array.dup('c'));
        }
    }

    @ParameterizedTest
    @MethodSource("places")
    void batchThatComesAgain_hasTheValuesAndTheStridesItHad(PrefixCache place) {
        try (BatchMemory memory = new BatchMemory(PREFIX, place)) {
            pass(memory, inputs(0), 0, permuted(0));
            pass(memory, inputs(0), 1, permuted(0));

            INDArray taken = taken(memory, inputs(0));

            assertThat(taken).isEqualTo(permuted(0));
            assertThat(taken.stride()).isEqualTo(permuted(0).stride());
        }
    }

    @ParameterizedTest
    @MethodSource("places")
    void examplesOfTwoBatches_areJoinedWithTheStridesTheyHad(PrefixCache place) {
        INDArray mixed = permuted(0).dup();
        mixed.get(NDArrayIndex.point(1)).assign(permuted(100).get(NDArrayIndex.point(2)));
        INDArray rows = inputs(0).get("x").dup();
        rows.get(NDArrayIndex.point(1)).assign(inputs(50).get("x").get(NDArrayIndex.point(2)));
        Map<String, INDArray> moved = Map.of("x", rows);
        try (BatchMemory memory = new BatchMemory(PREFIX, place)) {
            pass(memory, inputs(0), 0, permuted(0));
            pass(memory, inputs(50), 0, permuted(100));
            pass(memory, moved, 1, mixed);

            INDArray taken = taken(memory, moved);

            assertThat(taken).isEqualTo(mixed);
            assertThat(taken.stride()).isEqualTo(permuted(0).stride());
        }
    }

    @Test
    void examplesThatMove_ofActivationsThatAreNoRows_areRefused() {
        INDArray rows = inputs(0).get("x").dup();
        rows.get(NDArrayIndex.point(1)).assign(inputs(50).get("x").get(NDArrayIndex.point(2)));
        try (BatchMemory memory = new BatchMemory(PREFIX, PrefixCache.inMemory(1 << 16))) {
            pass(memory, inputs(0), 0, Nd4j.ones(DataType.FLOAT, 4, 2));
            pass(memory, inputs(50), 0, Nd4j.ones(DataType.FLOAT, 4, 2));

            assertThatIllegalArgumentException()
                    .isThrownBy(() -> memory.step(Map.of("x", rows), 3, 1))
                    .withMessageContaining("[top] are not rows of examples");
        }
    }

    @Test
    void checksums_tellShapesAndNamesApart() {
        INDArray zeros = Nd4j.zeros(DataType.FLOAT, 2, 3, 4);

        long[] sums = {
            Checksums.whole(Map.of("a", zeros), List.of("a")),
            Checksums.whole(Map.of("b", zeros), List.of("b")),
            Checksums.whole(Map.of("a", zeros.reshape(2, 4, 3)), List.of("a")),
            Checksums.whole(Map.of("a", zeros.castTo(DataType.INT32)), List.of("a"))
        };

        assertThat(sums).doesNotHaveDuplicates();
    }
}
