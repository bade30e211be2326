/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BlocksTest {

    /** One fails while another works: the caller frees what they write to as soon as it hears of it. */
    @Test
    void each_ifOneFails_waitsForThoseThatWork() {
        AtomicInteger working = new AtomicInteger();
        CountDownLatch begun = new CountDownLatch(1);

        assertThatThrownBy(() -> Blocks.each(IntStream.range(0, 2).parallel(), i -> {
                    if (i == 0) {
                        working.incrementAndGet();
                        begun.countDown();
                        sleep(300);
                        working.decrementAndGet();
                    } else {
                        await(begun);
                        throw new IllegalStateException("second");
                    }
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("second");

        assertThat(working).hasValue(0);
    }

    private static void await(CountDownLatch latch) {
        try {
            // Where there is one processor, the other number comes later.
            latch.await(2, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void each_withoutFailure_doesAll() {
        AtomicInteger sum = new AtomicInteger();

        Blocks.each(IntStream.range(0, 100).parallel(), sum::addAndGet);

        assertThat(sum).hasValue(4950);
    }
}
