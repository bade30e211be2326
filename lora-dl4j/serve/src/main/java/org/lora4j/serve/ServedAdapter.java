/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.lora4j.serve.ServedUpdate.Part;

/**
 * The values of an adapter as they are put beside a base, immutable.
 *
 * @param updates by module path; modules without influence on the outputs are left out
 */
record ServedAdapter(Map<String, ServedUpdate> updates) {

    /** The base alone. */
    static final ServedAdapter NONE = new ServedAdapter(Map.of());

    ServedAdapter {
        updates = Map.copyOf(updates);
    }

    ServedUpdate update(String path) {
        return updates.getOrDefault(path, ServedUpdate.NONE);
    }

    /** The parts of each module that there has to be a place for. */
    Map<String, Set<Part>> parts() {
        Map<String, Set<Part>> parts = new LinkedHashMap<>();
        updates.forEach((path, update) -> parts.put(path, update.parts()));
        return parts;
    }

    long bytes() {
        return updates.values().stream().mapToLong(ServedUpdate::bytes).sum();
    }
}
