/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Calls the same thing from eight threads that start together. */
final class Together {

    static final int THREADS = 8;

    /** Far more than any call of the suite takes. */
    private static final long LIMIT_SECONDS = 60;

    private Together() {}

    static <R> List<R> call(Callable<R> call) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            CyclicBarrier start = new CyclicBarrier(THREADS);
            List<Future<R>> running = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                running.add(threads.submit(() -> {
                    start.await(LIMIT_SECONDS, TimeUnit.SECONDS);
                    return call.call();
                }));
            }
            List<R> results = new ArrayList<>();
            for (Future<R> each : running) {
                results.add(each.get(LIMIT_SECONDS, TimeUnit.SECONDS));
            }
            return results;
        } finally {
            threads.shutdownNow();
        }
    }
}
