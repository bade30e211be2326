/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import org.lora4j.error.Arguments;

/**
 * What an adapter did for an alias, since it is there in its part.
 *
 * @param answered requests that it answered
 * @param failed requests that it failed
 * @param latency how long its answers took
 * @apiNote Status: experimental
 */
public record RouteCounts(long answered, long failed, DurationHistogram latency) {

    /** Nothing yet. */
    static final RouteCounts NONE = new RouteCounts(0, 0, DurationHistogram.none());

    /**
     * Checks that all is there.
     *
     * @param answered as in the record
     * @param failed as in the record
     * @param latency as in the record
     */
    public RouteCounts {
        Arguments.required(latency, "RouteCounts: latency", "a histogram");
    }
}
