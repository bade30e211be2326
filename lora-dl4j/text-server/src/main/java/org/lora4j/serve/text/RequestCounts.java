/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;
import org.lora4j.serve.DurationHistogram;

/** What became of requests. Safe for any number of threads. */
final class RequestCounts {

    private final LongAdder accepted = new LongAdder();
    private final LongAdder answered = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder timedOut = new LongAdder();
    private final LongAdder cancelled = new LongAdder();
    private final LongAdder rejected = new LongAdder();
    private final DurationHistogram.Gathering waited = new DurationHistogram.Gathering();
    private final DurationHistogram.Gathering computed = new DurationHistogram.Gathering();
    private final DurationHistogram.Gathering latency = new DurationHistogram.Gathering();

    void accepted() {
        accepted.increment();
    }

    void rejected() {
        rejected.increment();
    }

    void failed() {
        failed.increment();
    }

    void timedOut() {
        timedOut.increment();
    }

    void cancelled() {
        cancelled.increment();
    }

    void answered(Duration ofWaiting, Duration ofComputing) {
        answered.increment();
        waited.add(ofWaiting);
        computed.add(ofComputing);
        latency.add(ofWaiting.plus(ofComputing));
    }

    TextServerMetrics metrics(FairQueue queue, EncoderBatches batches, int open, TaskShelf shelf) {
        return new TextServerMetrics(
                queue.waiting(),
                batches.running(),
                open,
                accepted.sum(),
                answered.sum(),
                failed.sum(),
                timedOut.sum(),
                cancelled.sum(),
                rejected.sum(),
                batches.texts(),
                batches.tokens(),
                batches.paddedTokens(),
                batches.batches(),
                waited.now(),
                computed.now(),
                latency.now(),
                shelf.counts());
    }
}
