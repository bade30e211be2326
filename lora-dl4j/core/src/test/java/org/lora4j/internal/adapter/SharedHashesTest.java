/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class SharedHashesTest {

    private final List<INDArray> computed = new ArrayList<>();

    private Map<String, String> hashes(String path, INDArray array) {
        return new BaseHashes(
                        Map.of(path, () -> {
                            computed.add(array);
                            return array;
                        }),
                        of -> array)
                .byPath();
    }

    @Test
    void whatIsKept_isComputedOnceForAllModels() {
        INDArray weights = Nd4j.ones(2, 3);
        SharedHashes.keep(List.of(weights));

        Map<String, String> first = hashes("fc.weight", weights);

        assertThat(hashes("fc.weight", weights)).isEqualTo(first).isEqualTo(hashes("fc.weight", weights.dup()));
        assertThat(computed).hasSize(2);
        assertThat(hashes("tied.weight", weights)).isEqualTo(Map.of("tied.weight", first.get("fc.weight")));
        assertThat(computed).hasSize(3);
    }

    /** Of the same values, and of the same buffer: a view has other values than its whole. */
    @Test
    void otherArraysAndViews_areComputed() {
        INDArray weights = Nd4j.createFromArray(new float[][] {{1, 2}, {3, 4}});
        SharedHashes.keep(List.of(weights));
        String whole = hashes("w", weights).get("w");
        INDArray turned = weights.transpose();

        assertThat(hashes("w", turned).get("w")).isNotEqualTo(whole);
        INDArray changed = weights.dup();
        changed.putScalar(0, 5);
        assertThat(hashes("w", changed).get("w")).isNotEqualTo(whole);
        assertThat(computed).hasSize(3);
    }
}
