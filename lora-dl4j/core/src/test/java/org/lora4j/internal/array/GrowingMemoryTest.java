/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;

class GrowingMemoryTest {

    private static final float[] SOME = {1, 2, 3};

    private final GrowingMemory memory = new GrowingMemory();

    private float[] writtenAndRead() {
        Region place = memory.atLeast(12);
        place.write(SOME, 3);
        float[] read = new float[3];
        place.read(read, 3);
        return read;
    }

    @Test
    void memory_isUsedAgainUntilMoreIsNeeded() {
        long first = memory.atLeast(100).address();

        assertThat(memory.atLeast(40).address()).isEqualTo(first);
        assertThat(memory.bytes()).isEqualTo(100);
        assertThat(memory.atLeast(1000).bytes()).isEqualTo(1000);
    }

    /** What is asked for later, and would have had room before, is not where the freed memory was. */
    @Test
    void afterThereWasNoMore_nothingThatWasFreedIsGiven() {
        memory.atLeast(100);

        assertThatExceptionOfType(OutOfMemoryError.class).isThrownBy(() -> memory.atLeast(Long.MAX_VALUE / 4));

        assertThat(memory.bytes()).isZero();
        assertThat(writtenAndRead()).containsExactly(SOME);
    }

    @Test
    void ofACallersScope_outlastsIt() {
        PointerScope ofCaller = new PointerScope();
        memory.atLeast(100);
        ofCaller.close();

        assertThat(writtenAndRead()).containsExactly(SOME);
    }
}
