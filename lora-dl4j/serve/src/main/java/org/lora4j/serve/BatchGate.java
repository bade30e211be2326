/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/** Lets as many batches be computed at the same time as a server has room for, and none once it is closed. */
final class BatchGate {

    private final int most;
    // Fair, or a batch that wants to be alone would wait for ever.
    private final Semaphore free;
    private volatile boolean closed;

    BatchGate(int most) {
        this.most = most;
        this.free = new Semaphore(most, true);
    }

    /** Computes a batch when there is room. */
    <T> T run(Supplier<T> batch) {
        return holding(1, batch);
    }

    /** Computes a batch while no other one is computed, so that all memory is its own. */
    <T> T runAlone(Supplier<T> batch) {
        return holding(most, batch);
    }

    private <T> T holding(int permits, Supplier<T> batch) {
        requireOpen();
        long asked = System.nanoTime();
        free.acquireUninterruptibly(permits);
        ServerEvents.BatchEvent event = ServerEvents.BatchEvent.begun(System.nanoTime() - asked, permits > 1);
        try {
            // Closed while it waited.
            requireOpen();
            return batch.get();
        } finally {
            free.release(permits);
            event.commit();
        }
    }

    void requireOpen() {
        if (closed) {
            throw new IllegalStateException(
                    "AdapterServer: it is closed; expected requests and changes before close(). Build another server.");
        }
    }

    /** Refuses further batches, also those that wait, and returns when those under way are done. */
    void close() {
        closed = true;
        free.acquireUninterruptibly(most);
        free.release(most);
    }
}
