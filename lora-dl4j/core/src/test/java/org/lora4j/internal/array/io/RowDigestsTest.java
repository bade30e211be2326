/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.internal.format.file.Sha256;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class RowDigestsTest {

    private static final INDArray ROWS = Nd4j.createFromArray(new float[][] {{1, 2, 3}, {4, 5, 6}});

    private static List<String> of(Map<String, INDArray> arrays, int examples) {
        return RowDigests.of(arrays, examples).stream()
                .map(HexFormat.of()::formatHex)
                .toList();
    }

    @Test
    void example_isHashedOverItsRow_asWrittenByHand() {
        ByteBuffer bytes = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put("x FLOAT[1, 3]\n".getBytes(StandardCharsets.UTF_8));
        bytes.putFloat(4).putFloat(5).putFloat(6);
        byte[] written = new byte[bytes.position()];
        bytes.flip().get(written);

        assertThat(of(Map.of("x", ROWS), 2).get(1)).isEqualTo(Sha256.of(written));
    }

    @Test
    void example_hasTheSameHash_inWhateverBatch_andOrderInMemory() {
        List<String> together = of(Map.of("x", ROWS), 2);

        assertThat(of(Map.of("x", ROWS.getRow(0, true)), 1)).containsExactly(together.get(0));
        assertThat(of(Map.of("x", ROWS.dup('f')), 2)).isEqualTo(together);
        assertThat(together.get(0)).isNotEqualTo(together.get(1));
    }

    @Test
    void example_alongTheSecondAxis_orOfSeveralRows_orWithAnArrayForAll_isToldApart() {
        INDArray ids = Nd4j.createFromArray(new long[][] {{1, 2}, {3, 4}, {5, 6}});
        List<String> columns = of(Map.of("ids", ids), 2);
        assertThat(columns.get(0)).isNotEqualTo(columns.get(1));
        assertThat(of(Map.of("ids", ids.getColumn(0, true)), 1)).containsExactly(columns.get(0));

        INDArray four = Nd4j.createFromArray(new float[] {1, 1, 2, 2});
        List<String> pairs = of(Map.of("pair", four, "scale", Nd4j.scalar(0.5f)), 2);
        assertThat(pairs.get(0)).isNotEqualTo(pairs.get(1));
        assertThat(of(Map.of("pair", four, "scale", Nd4j.scalar(0.25f)), 2)).doesNotContainAnyElementsOf(pairs);
    }
}
