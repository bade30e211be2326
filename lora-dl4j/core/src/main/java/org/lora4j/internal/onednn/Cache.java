/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Compiled work by what it was compiled for; what was not used for longest goes first.
 *
 * @apiNote Status: internal
 */
public final class Cache<K, V> extends LinkedHashMap<K, V> {

    /** More than the shapes of a length-grouped epoch. */
    private static final int KEPT = 1024;

    private static final long serialVersionUID = 1L;

    public Cache() {
        super(64, 0.75f, true);
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
        return size() > KEPT;
    }
}
