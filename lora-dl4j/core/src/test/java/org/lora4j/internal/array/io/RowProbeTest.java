/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array.io;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** What is read back is compared by bytes, and by what rows answer. */
class RowProbeTest {

    private static final float[] ROW = {0.1f, -0.3f, 2};

    /** The same in half precision. */
    private static final float[] ROUNDED = {0.099975586f, -0.30004883f, 2};

    private static final double ERROR = 5e-5;

    private static void written(RowProbe probe) {
        RowProbe.Tensor tensor = probe.begin("w", ROW.length);
        tensor.row(ROW);
        tensor.bytes(ByteBuffer.wrap(new byte[] {1, 2, 3}));
        tensor.error(ERROR);
    }

    private static RowProbe.Collected read(RowProbe probe, float[] row, byte... bytes) {
        RowProbe.Collected collected = probe.collect();
        RowProbe.Tensor tensor = collected.begin("w");
        tensor.bytes(ByteBuffer.wrap(bytes));
        tensor.row(row);
        return collected;
    }

    private static void assertRefused(RowProbe.Collected collected) {
        assertThatThrownBy(() -> collected.requireSame("Export"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("Export: what was written of \"w\" is not what was meant");
    }

    @Test
    void sameBytes_andRowsWithinTheRounding_pass() {
        RowProbe probe = new RowProbe();
        written(probe);

        assertThatCode(() -> read(probe, ROUNDED, (byte) 1, (byte) 2, (byte) 3).requireSame("Export"))
                .doesNotThrowAnyException();
    }

    @Test
    void otherBytes_orRows_orNone_areRefused() {
        RowProbe bytes = new RowProbe();
        written(bytes);
        assertRefused(read(bytes, ROUNDED, (byte) 1, (byte) 2, (byte) 4));

        RowProbe rows = new RowProbe();
        written(rows);
        assertRefused(read(rows, new float[] {0.1f, 0.3f, 2}, (byte) 1, (byte) 2, (byte) 3));

        RowProbe none = new RowProbe();
        written(none);
        assertRefused(none.collect());
    }
}
