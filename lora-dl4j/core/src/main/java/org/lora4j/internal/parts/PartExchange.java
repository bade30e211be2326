/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.parts;

import java.util.List;

/**
 * The way between workers that train one model together: each gives something, and all get everything.
 *
 * @apiNote Status: internal
 */
public interface PartExchange {

    /**
     * Which of the workers this is.
     *
     * @return from 0
     */
    int worker();

    /**
     * How many workers there are.
     *
     * @return 1 or more
     */
    int workers();

    /**
     * Gives what this worker has to all, and waits for what they have.
     *
     * @param own any bytes
     * @return what each worker gave, in the order of the workers
     * @throws IllegalStateException if a worker is gone or too slow
     */
    List<byte[]> exchange(byte[] own);
}
