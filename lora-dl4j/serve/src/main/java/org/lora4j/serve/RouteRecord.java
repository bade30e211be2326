/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;

/** What is counted of one adapter in one alias. Safe for any number of threads. */
final class RouteRecord {

    private final LongAdder answered = new LongAdder();
    private final AtomicLong failed = new AtomicLong();
    private final DurationHistogram.Gathering latency = new DurationHistogram.Gathering();
    private final LongAdder compared = new LongAdder();
    private final DoubleAdder agreement = new DoubleAdder();
    private final LongAdder leftOut = new LongAdder();

    void answered(Duration took) {
        answered.increment();
        latency.add(took);
    }

    /** Says whether it is the first time. */
    boolean failed() {
        return failed.incrementAndGet() == 1;
    }

    void agreed(double share) {
        compared.increment();
        agreement.add(share);
    }

    void leftOut() {
        leftOut.increment();
    }

    RouteCounts counts() {
        return new RouteCounts(answered.sum(), failed.get(), latency.now());
    }

    long compared() {
        return compared.sum();
    }

    double agreement() {
        return agreement.sum() / compared.sum();
    }

    long left() {
        return leftOut.sum();
    }
}
