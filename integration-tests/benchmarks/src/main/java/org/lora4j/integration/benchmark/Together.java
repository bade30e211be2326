/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;

/** Some threads that do parts of the same work at the same time. */
final class Together implements AutoCloseable {

    private final int threads;
    private final ExecutorService pool;

    Together(int threads) {
        this.threads = threads;
        this.pool = Executors.newFixedThreadPool(threads);
    }

    int threads() {
        return threads;
    }

    double seconds(IntConsumer part) {
        if (threads == 1) {
            return DecodeBenchmark.seconds(() -> part.accept(0));
        }
        return DecodeBenchmark.seconds(() -> {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                int number = i;
                running.add(pool.submit(() -> part.accept(number)));
            }
            for (Future<?> each : running) {
                try {
                    each.get();
                } catch (InterruptedException | ExecutionException e) {
                    throw new IllegalStateException("benchmark: a thread failed (" + e + ")", e);
                }
            }
        });
    }

    @Override
    public void close() {
        pool.shutdown();
    }
}
