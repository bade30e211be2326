/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * An adapter for as long as a request needs it: its values stay, whatever is registered, replaced or removed meanwhile.
 *
 * @param adapter its values
 * @param by what answers say of it
 * @param active how many requests have it
 */
record Lease(ServedAdapter adapter, ServedBy by, AtomicInteger active) implements AutoCloseable {

    static Lease of(ServedAdapter adapter, ServedBy by, AtomicInteger active) {
        active.incrementAndGet();
        return new Lease(adapter, by, active);
    }

    /** The request is done. */
    @Override
    public void close() {
        active.decrementAndGet();
    }
}
