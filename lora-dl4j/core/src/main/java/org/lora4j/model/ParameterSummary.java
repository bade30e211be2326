/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.model;

import java.util.List;
import java.util.Locale;

/**
 * How many numbers a model has and how many of them learn.
 *
 * @param trainable numbers that learn in the current state: of adapters that are active and trainable
 * @param total numbers of the base model and of the active adapters together; a fully trained copy counts once more
 * @param modules one entry for each module with an active adapter, in the order of the model
 * @param mergedBytes memory that merged weights take now in addition to the base's
 * @param frozenHeads output heads that learned in the base and that no active adapter changes: right for heads that were
 *     trained before, a mistake for new ones, which belong into {@code modulesToSave}
 * @apiNote Status: stable
 */
public record ParameterSummary(
        long trainable, long total, List<ModuleParameters> modules, long mergedBytes, List<String> frozenHeads) {

    /**
     * Copies the lists.
     *
     * @param trainable numbers that learn
     * @param total all numbers
     * @param modules adapted modules
     * @param mergedBytes memory of merged weights
     * @param frozenHeads heads that nothing changes
     */
    public ParameterSummary {
        modules = List.copyOf(modules);
        frozenHeads = List.copyOf(frozenHeads);
    }

    /**
     * The numbers of one module under one adapter.
     *
     * @param path dotted path of the module
     * @param adapter name of the adapter
     * @param rank rank of the update
     * @param adapterParameters numbers in the factors
     * @param weightParameters numbers in the weight of the base
     * @param fullRank whether the rank reaches the smaller side of the weight or the factors hold as many numbers as
     *     the weight, so that nothing is saved; allowed, as in PEFT
     * @apiNote Status: stable
     */
    public record ModuleParameters(
            String path, String adapter, int rank, long adapterParameters, long weightParameters, boolean fullRank) {}

    /**
     * The share that learns.
     *
     * @return percent of {@link #total}; 0 for an empty model
     */
    public double percentage() {
        return total == 0 ? 0 : 100.0 * trainable / total;
    }

    /**
     * One line in the words of PEFT.
     *
     * @return for instance {@code trainable parameters: 1,024 of 66,000 (1.5515 %)}
     */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "trainable parameters: %,d of %,d (%.4f %%)", trainable, total, percentage());
    }
}
