/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class GgufElementTest {

    private final ByteBuffer out = ByteBuffer.allocate(34).order(ByteOrder.LITTLE_ENDIAN);

    /** The largest magnitude is 127, so the factor is 1, 0x3C00 in half precision. */
    @Test
    void block_ofFactorOne_roundsHalvesAwayFromZero() {
        float[] row = new float[32];
        row[0] = -127;
        row[1] = 2.5f;
        row[2] = -2.5f;
        row[3] = 2.4f;
        row[31] = 126.6f;

        double error = GgufElement.Q8_0.encode(row, 0, out);

        assertThat(out.getShort(0)).isEqualTo((short) 0x3C00);
        assertThat(new int[] {out.get(2), out.get(3), out.get(4), out.get(5), out.get(6), out.get(33)})
                .containsExactly(-127, 3, -3, 2, 0, 127);
        assertThat(error).isEqualTo(0.5);
    }

    /** 1 / 127 is 0x2008 in half precision, 0.00787354; 127 of it are 0.99993896. */
    @Test
    void block_isReadWithTheRoundedFactor() {
        float[] row = new float[32];
        row[5] = 1;

        double error = GgufElement.Q8_0.encode(row, 0, out);

        assertThat(out.getShort(0)).isEqualTo((short) 0x2008);
        assertThat(out.get(7)).isEqualTo((byte) 127);
        assertThat(error).isCloseTo(1 - 0.99993896, within(1e-8));
    }

    @Test
    void block_ofZeros_isZero() {
        assertThat(GgufElement.Q8_0.encode(new float[32], 0, out)).isZero();
        assertThat(out.array()).containsOnly(0);
    }

    @Test
    void numbersBeyondTheRange_haveNoFiniteError() {
        assertThat(errors(127 * 65_520f)).containsExactly(true, false, false);
        assertThat(errors(Float.NaN)).doesNotContain(true);
        assertThat(errors(65_520)).containsExactly(true, false, true);
        assertThat(errors(65_504)).containsOnly(true);
    }

    /** Whether each type tells a finite error of a number. */
    private static List<Boolean> errors(float value) {
        float[] row = new float[32];
        row[3] = value;
        return Stream.of(GgufElement.values())
                .map(element -> {
                    double error = element.encode(row, element == GgufElement.Q8_0 ? 0 : 3, ByteBuffer.allocate(34));
                    return Double.isFinite(error);
                })
                .toList();
    }
}
