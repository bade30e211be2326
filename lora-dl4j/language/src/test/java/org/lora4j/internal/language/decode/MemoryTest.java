/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.ref.WeakReference;
import java.nio.FloatBuffer;
import java.util.Optional;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.lora4j.internal.onednn.NarrowType;
import org.lora4j.quant.Int8;
import org.nd4j.linalg.factory.Nd4j;

/** Who keeps what native code works with, and what is left of it where there is no more memory: sessions go on after that. */
class MemoryTest {

    /** More than there may be. */
    private static final int FAR_TOO_MUCH = Integer.MAX_VALUE;

    @Test
    void memory_afterThereWasNoMore_isNotWhatWasFreed() {
        assumeTrue(Pointer.maxBytes() < Float.BYTES * (long) FAR_TOO_MUCH, "this JVM may have so much");
        try (Memory memory = new Memory()) {
            memory.atLeast(100);
            assertThatExceptionOfType(OutOfMemoryError.class).isThrownBy(() -> memory.atLeast(FAR_TOO_MUCH));
            assertThat(memory.floats().capacity()).isZero();
            assertThat(memory.ints().capacity()).isZero();

            FloatBuffer floats = memory.atLeast(50).floats();

            assertThat(floats.capacity()).isEqualTo(50);
            memory.region().write(new float[] {3}, 1);
            assertThat(floats.get(0)).isEqualTo(3);
        }
    }

    /** Keys have room for more then, and values do not. */
    @Test
    void keysAndValues_afterThereWasNoMore_areWhatTheyWere() {
        long half = (Pointer.maxBytes() - Pointer.totalBytes()) * 6 / 10 / Float.BYTES;
        assumeTrue(Pointer.maxBytes() > 0 && half < Integer.MAX_VALUE, "this JVM may have so much");
        try (KeyValues cache = new KeyValues(1, 2, FAR_TOO_MUCH)) {
            cache.reserve(3, 0);
            cache.write(0, new float[] {1, 2}, new float[] {3, 4}, 0);
            long before = cache.bytes();

            assertThatExceptionOfType(OutOfMemoryError.class).isThrownBy(() -> cache.grow((int) (half / 2), 1));

            assertThat(cache.bytes()).isEqualTo(before);
            cache.write(1, new float[] {5, 6}, new float[] {7, 8}, 0);
            float[] read = new float[4];
            cache.keys(0, 0).read(read, 4);
            assertThat(read).containsExactly(1, 2, 5, 6);
            cache.values(0, 0).read(read, 4);
            assertThat(read).containsExactly(3, 4, 7, 8);
        }
    }

    /** The stored weight that a decoder's weight is made of may go: its arrays may not. */
    @Test
    void weightOfBytes_keepsItsScales() throws InterruptedException {
        assumeTrue(NarrowType.INT8.isFast(), "without AVX2 bytes are turned into floats");
        Int8 stored = Int8.of(Nd4j.ones(64, 192), 0);
        WeakReference<Object> scales = new WeakReference<>(stored.scales().data());
        LinearWeight weight = LinearWeight.of("w", null, Optional.of(stored), false);
        assertThat(weight).isInstanceOf(NarrowWeight.class);
        stored = null;

        for (int i = 0; i < 10; i++) {
            System.gc();
            Thread.sleep(10);
        }

        assertThat(scales.get()).isNotNull();
        assertThat(weight.inputs()).isEqualTo(192);
    }
}
