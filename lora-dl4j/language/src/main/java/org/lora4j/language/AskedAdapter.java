/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.samediff.AdaptedSameDiff;

/** Whether the adapter of a model is the one that a trainer was asked for. */
final class AskedAdapter {

    /** What a training itself writes into a config, and what names things without a meaning for what learns. */
    private static final Set<String> ASIDE = Set.of("taskType", "baseModelName", "keptTriplets", "fanInFanOut");

    /** In which words modules are selected; files list them. */
    private static final String TARGETS = "targetModules";

    private static final Set<String> SELECTION = Set.of(TARGETS, "excludeModules");
    private static final String IN_ASKED = " in the config that was asked for, ";
    private static final String IN_ADAPTER = " in the adapter";

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
            differences.forEach((field, values) -> worded.add(
                    SELECTION.contains(field)
                            ? field + " is " + selection(asked, field) + IN_ASKED + selection(there, field) + IN_ADAPTER
                            : field + " is "
                                    + MessageText.value(
                                            values.replace(" here, ", IN_ASKED).replace(" there", IN_ADAPTER))));
            throw new IllegalStateException("CausalLmTrainer.fit: the model has an adapter " + MessageText.name(name)
                    + " with another config: " + String.join("; ", worded)
                    + "; expected the same, to go on with it. Give the new one another name by adapterName(...), or give up"
                    + " the old one by replaceAdapter(). Without adapter(...), the old one goes on learning with its own"
                    + " config.");
        }
    }

    /** A selector as it is, or, if it is one of a file, which lists modules one by one, by their number and their last names. */
    private static String selection(AdapterConfig config, String field) {
        ModuleSelector selector = field.equals(TARGETS) ? config.targetModules() : config.excludeModules();
        if (!(selector instanceof ModuleSelector.Suffixes suffixes)
                || suffixes.names().stream().noneMatch(name -> name.contains("."))) {
            return MessageText.value(selector);
        }
        Set<String> last = new TreeSet<>();
        suffixes.names().forEach(name -> last.add(name.substring(name.lastIndexOf('.') + 1)));
        return suffixes.names().size() + " modules by their paths, which end in " + Problems.quoted(last);
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
