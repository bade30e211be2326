/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.lora4j.serve.ModuleUpdate.Part;

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

    /** What a base needs a place for that has places for some parts already. */
    Map<String, Set<Part>> partsWith(Map<String, Set<Part>> known) {
        Map<String, Set<Part>> all = new LinkedHashMap<>(known);
        updates.forEach((path, update) -> {
            Set<Part> both = new LinkedHashSet<>(all.getOrDefault(path, Set.of()));
            both.addAll(update.parts());
            all.put(path, Set.copyOf(both));
        });
        return Collections.unmodifiableMap(all);
    }

    long bytes() {
        return updates.values().stream().mapToLong(ModuleUpdate::bytes).sum();
    }
}
