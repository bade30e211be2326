/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.error.Arguments;
import org.lora4j.serve.DurationHistogram;

/**
 * What a server did since it was built, and what it has to do. Immutable; of an interval, subtract. Answers of shadows are in the counts of
 * inputs, tokens and batches, as they are computed, and not in those of requests.
 *
 * @param waiting inputs that wait
 * @param running inputs that are computed
 * @param open requests that were accepted and are not answered
 * @param accepted requests that were accepted
 * @param answered requests that were answered
 * @param failed requests that failed
 * @param timedOut requests whose time was over
 * @param cancelled requests that were cancelled
 * @param rejected requests that were refused because too much waits
 * @param texts inputs that were computed
 * @param tokens their tokens
 * @param paddedTokens their tokens with padding: what the encoder computed
 * @param batches in how many batches
 * @param waited how long requests waited until their first input was computed
 * @param computed how long their inputs took from then on
 * @param latency both together, of requests that were answered
 * @param byAdapter what each adapter did, by its name; names that are loaded and the base alone, so that strangers cannot add names
 * @apiNote Status: experimental
 */
public record TextServerMetrics(
        int waiting,
        int running,
        int open,
        long accepted,
        long answered,
        long failed,
        long timedOut,
        long cancelled,
        long rejected,
        long texts,
        long tokens,
        long paddedTokens,
        long batches,
        DurationHistogram waited,
        DurationHistogram computed,
        DurationHistogram latency,
        Map<String, AdapterCounts> byAdapter) {

    /**
     * Checks that all is there.
     *
     * @param waiting as in the record
     * @param running as in the record
     * @param open as in the record
     * @param accepted as in the record
     * @param answered as in the record
     * @param failed as in the record
     * @param timedOut as in the record
     * @param cancelled as in the record
     * @param rejected as in the record
     * @param texts as in the record
     * @param tokens as in the record
     * @param paddedTokens as in the record
     * @param batches as in the record
     * @param waited as in the record
     * @param computed as in the record
     * @param latency as in the record
     * @param byAdapter as in the record
     */
    public TextServerMetrics {
        Arguments.required(waited, "TextServerMetrics: waited", "a histogram");
        Arguments.required(computed, "TextServerMetrics: computed", "a histogram");
        Arguments.required(latency, "TextServerMetrics: latency", "a histogram");
        byAdapter = Collections.unmodifiableMap(new TreeMap<>(
                Arguments.allRequired(byAdapter, "TextServerMetrics: byAdapter", "counts by the name of an adapter")));
    }
}
