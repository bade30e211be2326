/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.Map;

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
}
