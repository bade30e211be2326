/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.MessageText;
import org.lora4j.samediff.AdaptedSameDiff;

/** Whether the adapter of a model is the one that a trainer was asked for. */
final class AskedAdapter {

    /** What a training itself writes into a config, and what names things without a meaning for what learns. */
    private static final Set<String> ASIDE = Set.of("taskType", "baseModelName", "keptTriplets", "fanInFanOut");

    /** In which words modules are selected; files list them. */
    private static final Set<String> SELECTION = Set.of("targetModules", "excludeModules");

    private AskedAdapter() {}

    /**
     * Refuses an adapter with another config.
     *
     * @param seed for the adapter that shows what the config selects
     * @throws IllegalStateException if they differ
     */
    static void requireSame(AdaptedSameDiff model, String name, AdapterConfig asked, long seed) {
        AdapterConfig there = model.adapter(name).config();
        Map<String, String> differences = new LinkedHashMap<>(asked.differencesFrom(there));
        differences.keySet().removeAll(ASIDE);
        if (SELECTION.containsAll(differences.keySet())
                && !differences.isEmpty()
                && modules(model, name).equals(selected(model, asked, seed))) {
            return;
        }
        if (!differences.isEmpty()) {
            List<String> worded = new ArrayList<>();
            differences.forEach((field, values) -> worded.add(field + " is "
                    + MessageText.value(values.replace(" here, ", " in the config that was asked for, ")
                            .replace(" there", " in the adapter"))));
            throw new IllegalStateException("CausalLmTrainer.fit: the model has an adapter " + MessageText.name(name)
                    + " with another config: " + String.join("; ", worded)
                    + "; expected the same, to go on with it. Give the new one another name by adapterName(...), or give up"
                    + " the old one by replaceAdapter(). Without adapter(...), the old one goes on learning with its own"
                    + " config.");
        }
    }

    private static Set<String> modules(AdaptedSameDiff model, String name) {
        return model.adapter(name).modules().keySet();
    }

    private static Set<String> selected(AdaptedSameDiff model, AdapterConfig asked, long seed) {
        String free = "asked";
        while (model.adapterNames().contains(free)) {
            free += "'";
        }
        model.addAdapter(free, asked, seed);
        try {
            return modules(model, free);
        } finally {
            model.removeAdapter(free);
        }
    }

    /** Removes an adapter, whatever its state but merged. */
    static void remove(AdaptedSameDiff model, String name) {
        if (model.activeAdapters().contains(name)) {
            model.activate(model.activeAdapters().stream()
                    .filter(other -> !other.equals(name))
                    .toArray(String[]::new));
        }
        model.removeAdapter(name);
    }
}
