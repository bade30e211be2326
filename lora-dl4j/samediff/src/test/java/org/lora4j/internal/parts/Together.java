/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.parts;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.function.UnaryOperator;

/** Workers that are threads: each gives its bytes to a list, when all have, each takes the list. */
final class Together {

    private final byte[][] given;
    private final CyclicBarrier barrier;

    Together(int workers) {
        given = new byte[workers][];
        barrier = new CyclicBarrier(workers);
    }

    PartExchange of(int worker, UnaryOperator<byte[]> change) {
        return new PartExchange() {
            @Override
            public int worker() {
                return worker;
            }

            @Override
            public int workers() {
                return given.length;
            }

            @Override
            public List<byte[]> exchange(byte[] own) {
                given[worker] = change.apply(own);
                await();
                List<byte[]> all = List.copyOf(Arrays.asList(given));
                await();
                return all;
            }
        };
    }

    private void await() {
        try {
            barrier.await();
        } catch (InterruptedException | BrokenBarrierException e) {
            throw new IllegalStateException(e);
        }
    }
}
