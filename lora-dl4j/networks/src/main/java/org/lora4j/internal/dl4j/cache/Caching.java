/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.cache;

import java.util.List;
import java.util.Map;
import org.lora4j.internal.cache.BatchMemory;

/**
 * A network whose training steps can take from a memory what the layers below all that learn give.
 *
 * @apiNote Status: internal
 */
public interface Caching {

    /** Whether there is a memory. */
    boolean hasMemory();

    /**
     * Takes what lies below from a memory from now on.
     *
     * @param below keys of the layers or vertices that lie below, in the order in which they are computed
     * @param kept of those whose outputs go to others, in the same order: their keys, and what the memory calls them
     */
    void remember(List<String> below, Map<String, String> kept, BatchMemory memory);

    /** Computes everything again from now on. */
    void forget();
}
