/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/** Lends what runs one batch at a time to any number of threads, and keeps it for the next batch. */
final class RunnerPool<R> {

    private final Supplier<R> another;
    private final Consumer<R> release;
    private final Queue<R> idle = new ConcurrentLinkedQueue<>();
    private volatile boolean closed;

    /** Runners are made one at a time when they are needed; {@code release} gives back the memory of one. */
    RunnerPool(Supplier<R> another, Consumer<R> release) {
        this.another = another;
        this.release = release;
    }

    /** Works with a runner that no other thread has meanwhile. */
    <T> T with(Function<R, T> work) {
        R runner = borrow();
        boolean usable = true;
        try {
            return work.apply(runner);
        } catch (Error e) {
            // Out of memory, most likely: what the runner keeps is needed now.
            usable = false;
            throw e;
        } finally {
            giveBack(runner, usable);
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

    private void giveBack(R runner, boolean usable) {
        if (!usable) {
            release.accept(runner);
            return;
        }
        idle.add(runner);
        if (closed) {
            releaseIdle();
        }
    }

    /** How many runners wait for work. */
    int idle() {
        return idle.size();
    }

    /** Gives all memory back, that of runners at work when they are done. */
    void close() {
        closed = true;
        releaseIdle();
    }

    private void releaseIdle() {
        for (R runner = idle.poll(); runner != null; runner = idle.poll()) {
            release.accept(runner);
        }
    }
}
