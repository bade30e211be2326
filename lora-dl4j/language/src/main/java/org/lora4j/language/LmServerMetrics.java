/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

/**
 * What a server did since it was built, and what it has to do. Immutable; of an interval, subtract.
 *
 * @param waiting texts that wait
 * @param running texts that are made side by side
 * @param finished texts that came to their end
 * @param cancelled texts that were ended before
 * @param failed texts that failed
 * @param setBack how often a text lost its cache to an older one, and waited to have it computed again
 * @param promptTokens tokens that were computed without a new one being chosen: those of prompts but the last, and those that
 *     were computed again
 * @param newTokens tokens that were chosen
 * @param busySeconds time in which texts ran
 * @param bytes memory of the caches and of rows on their way
 * @param mostBytes the highest that this was
 * @param adapterBytes memory of adapters, with those that were removed and still are used
 * @apiNote Status: stable
 */
public record LmServerMetrics(
        int waiting,
        int running,
        long finished,
        long cancelled,
        long failed,
        long setBack,
        long promptTokens,
        long newTokens,
        double busySeconds,
        long bytes,
        long mostBytes,
        long adapterBytes) {

    /**
     * How fast texts grow.
     *
     * @return new tokens of all texts, by the time in which texts ran; 0 before the first
     */
    public double tokensPerSecond() {
        return busySeconds == 0 ? 0 : newTokens / busySeconds;
    }
}
