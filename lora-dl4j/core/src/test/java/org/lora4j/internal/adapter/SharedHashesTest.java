/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.internal.array.ByteChecksum;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class SharedHashesTest {

    private final List<INDArray> computed = new ArrayList<>();

    private Map<String, String> hashes(String path, INDArray array) {
        return new BaseHashes(
                        Map.of(path, () -> {
                            synchronized (computed) {
                                computed.add(array);
                            }
                            return array;
                        }),
                        of -> array)
                .byPath();
    }

    @Test
    void arrayOfManyModels_isHashedOnceUnderEachName() {
        INDArray weights = Nd4j.ones(2, 3);

        Map<String, String> first = hashes("fc.weight", weights);

        assertThat(hashes("fc.weight", weights)).isEqualTo(first);
        assertThat(computed).hasSize(1);
        assertThat(hashes("fc.weight", weights.dup())).isEqualTo(first);
        assertThat(computed).hasSize(2);
        assertThat(hashes("tied.weight", weights)).isEqualTo(Map.of("tied.weight", first.get("fc.weight")));
        assertThat(computed).hasSize(3);
    }

    @Test
    void modelsThatComeTogether_haveItHashedOnce() {
        INDArray weights = Nd4j.ones(300, 300);

        IntStream.range(0, 8).parallel().forEach(model -> hashes("fc.weight", weights));

        assertThat(computed).hasSize(1);
    }

    /** Of the same values, and of the same buffer: a view has other values than its whole. */
    @Test
    void otherArraysAndViews_areComputed() {
        INDArray weights = Nd4j.createFromArray(new float[][] {{1, 2}, {3, 4}});
        String whole = hashes("w", weights).get("w");
        INDArray turned = weights.transpose();
        INDArray row = weights.get(NDArrayIndex.interval(1, 2), NDArrayIndex.all());
        INDArray column = weights.get(NDArrayIndex.all(), NDArrayIndex.interval(1, 2));

        assertThat(hashes("w", turned).get("w")).isNotEqualTo(whole);
        assertThat(hashes("w", row)).isEqualTo(hashes("w", row.dup()));
        assertThat(hashes("w", column)).isEqualTo(hashes("w", column.dup()));
    }

    /** Whatever was kept is of the values then. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 17_000, 70_000, 89_999})
    void oneElementThatChanges_changesTheHash(int element) {
        INDArray weights = Nd4j.ones(DataType.FLOAT, 300, 300);
        Map<String, String> before = hashes("w", weights);

        weights.putScalar(element, Math.nextUp(1f));
        Map<String, String> after = hashes("w", weights);

        assertThat(after).isNotEqualTo(before).isEqualTo(hashes("w", weights.dup()));
        weights.putScalar(element, 1);
        assertThat(hashes("w", weights)).isEqualTo(before);
    }

    @Test
    void checksum_seesElementsThatChangePlaces() {
        INDArray some = Nd4j.createFromArray(new float[] {1, 2, 3, 4});
        long before = ByteChecksum.of(some);

        some.putScalar(1, 3);
        some.putScalar(2, 2);

        assertThat(ByteChecksum.of(some)).isNotEqualTo(before);
        assertThat(ByteChecksum.of(Nd4j.createFromArray(new float[] {1, 3, 2, 4})))
                .isEqualTo(ByteChecksum.of(some));
    }
}
