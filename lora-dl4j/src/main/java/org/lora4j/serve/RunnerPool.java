/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Lends what runs one batch at a time to any number of threads. A runner keeps memory for a batch, and more of them than
 * processors would gain nothing, so a thread waits for one of a given number.
 */
final class RunnerPool<R> {

    private final Supplier<R> another;
    private final Semaphore free;
    private final Queue<R> idle = new ConcurrentLinkedQueue<>();

    /** At most {@code most} runners, made one at a time when they are needed. */
    RunnerPool(Supplier<R> another, int most) {
        this.another = another;
        this.free = new Semaphore(most);
    }

    /** Works with a runner that no other thread has meanwhile. */
    <T> T with(Function<R, T> work) {
        free.acquireUninterruptibly();
        try {
            R runner = borrow();
            T result = work.apply(runner);
            // Not after a failure: the state of the runner is not known then.
            idle.add(runner);
            return result;
        } finally {
            free.release();
        }
    }

    private R borrow() {
        R runner = idle.poll();
        if (runner != null) {
            return runner;
        }
        synchronized (another) {
            return another.get();
        }
    }
}
