/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.Map;
import java.util.TreeMap;

/**
 * The values of an adapter as they are put beside a base, immutable.
 *
 * @param updates by module path; modules without influence on the outputs are left out
 */
record ServedAdapter(Map<String, ModuleUpdate> updates) {

    /** The base alone. */
    static final ServedAdapter NONE = new ServedAdapter(Map.of());

    ServedAdapter {
        updates = Map.copyOf(updates);
    }

    ModuleUpdate update(String path) {
        return updates.getOrDefault(path, ModuleUpdate.NONE);
    }

    long bytes() {
        return updates.values().stream().mapToLong(ModuleUpdate::bytes).sum();
    }

    long fingerprint() {
        long hash = 1;
        for (Map.Entry<String, ModuleUpdate> entry : new TreeMap<>(updates).entrySet()) {
            hash = 31 * (31 * hash + entry.getKey().hashCode())
                    + entry.getValue().fingerprint();
        }
        return hash;
    }
}
