/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train.cache;

import org.lora4j.exec.FrozenPrefix;

/**
 * What a cache of a frozen prefix did so far in a run.
 *
 * @param prefix where the graph is cut
 * @param computed number of batches of which the prefix was computed, wholly or in part new
 * @param reused number of batches that were taken from the cache
 * @param memoryBytes bytes kept in memory
 * @param fileBytes bytes kept in the file
 * @param withoutRoom number of results that were not kept because there was no room
 * @apiNote Status: stable
 */
public record PrefixReport(
        FrozenPrefix prefix, long computed, long reused, long memoryBytes, long fileBytes, long withoutRoom) {}
