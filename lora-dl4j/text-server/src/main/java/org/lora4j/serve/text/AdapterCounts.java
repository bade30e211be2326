/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import org.lora4j.error.Arguments;
import org.lora4j.serve.DurationHistogram;

/**
 * What an adapter did, all its generations together, since its name was registered.
 *
 * @param requests requests that it answered or failed
 * @param failed those that it failed
 * @param texts inputs of all
 * @param tokens tokens of all
 * @param latency how long its answers took
 * @apiNote Status: experimental
 */
public record AdapterCounts(long requests, long failed, long texts, long tokens, DurationHistogram latency) {

    /**
     * Checks that all is there.
     *
     * @param requests as in the record
     * @param failed as in the record
     * @param texts as in the record
     * @param tokens as in the record
     * @param latency as in the record
     */
    public AdapterCounts {
        Arguments.required(latency, "AdapterCounts: latency", "a histogram");
    }
}
