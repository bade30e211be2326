/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How many numbers of a multi-task model learn. With a single task nothing is in common.
 *
 * @param common those that all tasks have in common: shared factors, experts and a gate that sees the activation
 * @param specific by task, those of the task alone without its head: factors, and its gate
 * @param heads by task, those of its head
 * @apiNote Status: experimental
 */
public record MultiTaskParameters(long common, Map<String, Long> specific, Map<String, Long> heads) {

    /**
     * Copies the maps.
     *
     * @param common as in the record
     * @param specific as in the record
     * @param heads as in the record
     */
    public MultiTaskParameters {
        specific = Collections.unmodifiableMap(new LinkedHashMap<>(specific));
        heads = Collections.unmodifiableMap(new LinkedHashMap<>(heads));
    }

    /**
     * All but the heads.
     *
     * @return their number
     */
    public long withoutHeads() {
        return common + specific.values().stream().mapToLong(Long::longValue).sum();
    }

    /**
     * All of them.
     *
     * @return their number
     */
    public long total() {
        return withoutHeads()
                + heads.values().stream().mapToLong(Long::longValue).sum();
    }
}
