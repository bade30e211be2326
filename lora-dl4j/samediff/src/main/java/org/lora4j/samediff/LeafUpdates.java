/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.internal.graph.OpContext;
import org.nd4j.autodiff.samediff.SDVariable;

/**
 * Leaves of the base whose values change for every op that reads them. A new value is computed once in a graph, by the op
 * that reads it first.
 */
final class LeafUpdates {

    /** One change of a value. */
    @FunctionalInterface
    interface Update {

        /** Emits the new value. */
        SDVariable apply(OpContext context, SDVariable value);
    }

    private final Map<String, List<Update>> byLeaf = new LinkedHashMap<>();
    private final Map<String, SDVariable> computed = new HashMap<>();

    void add(String leaf, Update update) {
        byLeaf.computeIfAbsent(leaf, l -> new ArrayList<>()).add(update);
    }

    Set<String> leaves() {
        return byLeaf.keySet();
    }

    /** The new value of a leaf that is at hand as {@code value}; itself if nothing changes it. */
    SDVariable apply(OpContext context, String leaf, SDVariable value) {
        List<Update> updates = byLeaf.get(leaf);
        if (updates == null) {
            return value;
        }
        SDVariable known = computed.get(value.name());
        if (known == null) {
            known = value;
            for (Update update : updates) {
                known = update.apply(context, known);
            }
            computed.put(value.name(), known);
        }
        return known;
    }
}
