/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import org.lora4j.internal.cache.BatchMemory;

/** A network whose training steps can take from a memory what the layers below all that learn give. */
interface Caching {

    /** Whether there is a memory. */
    boolean hasMemory();

    /** Takes what lies below from a memory from now on. */
    void remember(FrozenPart part, BatchMemory memory);

    /** Computes everything again from now on. */
    void forget();
}
