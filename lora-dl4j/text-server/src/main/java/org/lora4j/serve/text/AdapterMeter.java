/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;
import org.lora4j.serve.DurationHistogram;

/** Counts of one name. Safe for any number of threads. */
final class AdapterMeter {

    private final LongAdder requests = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder texts = new LongAdder();
    private final LongAdder tokens = new LongAdder();
    private final DurationHistogram.Gathering latency = new DurationHistogram.Gathering();

    void answered(int ofTexts, int ofTokens, Duration took) {
        requests.increment();
        texts.add(ofTexts);
        tokens.add(ofTokens);
        latency.add(took);
    }

    void failed() {
        requests.increment();
        failed.increment();
    }

    AdapterCounts counts() {
        return new AdapterCounts(requests.sum(), failed.sum(), texts.sum(), tokens.sum(), latency.now());
    }
}
