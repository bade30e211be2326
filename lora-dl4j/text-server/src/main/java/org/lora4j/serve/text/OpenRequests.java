/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.time.Duration;
import java.util.function.DoubleSupplier;
import org.lora4j.internal.format.file.Deadline;

/** How many requests are accepted and not answered, and whether further ones are taken. <b>Threads.</b> Safe. */
final class OpenRequests {

    private static final int LONGEST_PAUSE = 60;

    private final DoubleSupplier secondsOfWork;
    private int open;
    private boolean closed;

    /**
     * Nothing is open.
     *
     * @param secondsOfWork how long what waits now is likely to take
     */
    OpenRequests(DoubleSupplier secondsOfWork) {
        this.secondsOfWork = secondsOfWork;
    }

    /** Begins a request. */
    synchronized void enter() {
        if (closed) {
            throw new ServerClosedException();
        }
        open++;
    }

    /** Begins what belongs to a request that is open. */
    synchronized void follow() {
        open++;
    }

    synchronized void leave() {
        open--;
        notifyAll();
    }

    synchronized int open() {
        return open;
    }

    synchronized boolean isClosed() {
        return closed;
    }

    /** Takes no more, and waits until all are done. */
    synchronized boolean drain(Duration atMost) throws InterruptedException {
        closed = true;
        Deadline end = Deadline.in(atMost, "drain: atMost");
        while (open > 0) {
            long left = end.leftMillis();
            if (left == 0) {
                return false;
            }
            wait(left);
        }
        return true;
    }

    synchronized void close() {
        closed = true;
    }

    /** When a request that was refused may come again. */
    Duration untilDone() {
        return Duration.ofSeconds((long) Math.ceil(Math.max(1, Math.min(LONGEST_PAUSE, secondsOfWork.getAsDouble()))));
    }
}
