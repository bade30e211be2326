/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Function;
import java.util.function.Supplier;
import org.lora4j.exec.GraphExecutor;

/**
 * Executors over the same arrays, one for each thread that asks at the same time. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class ExecutorPool implements AutoCloseable {

    private final Supplier<GraphExecutor> current;
    private final Deque<GraphExecutor> idle = new ArrayDeque<>();

    /** Runs nothing itself, so that it can be forked whatever the others do. */
    private GraphExecutor prototype;

    /**
     * Makes a pool.
     *
     * @param current the executor to be forked: another one when what it computes has changed in kind; asked under a lock
     */
    public ExecutorPool(Supplier<GraphExecutor> current) {
        this.current = current;
    }

    /** Runs something with an executor that no other thread has meanwhile. */
    public <T> T with(Function<GraphExecutor, T> work) {
        GraphExecutor origin;
        GraphExecutor executor;
        synchronized (this) {
            origin = current.get();
            if (origin != prototype) {
                close();
                prototype = origin;
            }
            executor = idle.isEmpty() ? origin.fork().inParts(origin.mostParts()) : idle.pop();
        }
        try {
            return work.apply(executor);
        } finally {
            giveBack(executor, origin);
        }
    }

    private synchronized void giveBack(GraphExecutor executor, GraphExecutor origin) {
        if (origin == prototype) {
            idle.push(executor);
        } else {
            executor.release();
        }
    }

    /** Gives back the memory that idle executors keep from one call to the next. */
    @Override
    public synchronized void close() {
        idle.forEach(GraphExecutor::release);
        idle.clear();
    }
}
