/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.internal.format.peft.PeftFile;
import org.lora4j.model.ParameterSummary.ModuleParameters;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An adapter as a host keeps it.
 *
 * @apiNote Status: internal
 */
public interface HostAdapter {

    /**
     * Whether the base gives up a start that was given, and so is in no file of the adapter.
     *
     * @return true if what is handed out has to be the plain adapter
     */
    default boolean hasGivenStart() {
        return false;
    }

    /** The adapter's name. */
    String name();

    /**
     * What the adapter was made from.
     *
     * @return the config, with the fields of its file that are only carried along
     */
    PeftFile file();

    /** What is adapted and how. */
    default AdapterConfig config() {
        return file().config();
    }

    /**
     * The values now.
     *
     * @param as what the copy is said to be made from
     * @return a copy
     */
    Adapter snapshot(PeftFile as);

    /**
     * The same adapter, said to be made from another file.
     *
     * @param other the config, with the fields of its file that are only carried along
     * @return an adapter that shares everything with this one
     */
    HostAdapter withFile(PeftFile other);

    /**
     * The names under which factors are trained.
     *
     * @return names by path of the module as adapter files have it, and suffix
     */
    Map<String, Map<String, String>> parameterNames();

    /** The modules with factors. */
    default Set<String> modulePaths() {
        return partsByModule().keySet();
    }

    /** The modules that a selector has to name to select what this adapter adapts. */
    default Set<String> targetPaths() {
        return modulePaths();
    }

    /**
     * The factors by module, those of modules included that the model does not list by itself.
     *
     * @return a part for each path of {@link #modulePaths}, in order
     */
    Map<String, ? extends HostPart> partsByModule();

    /** How many numbers there are in the factors of each module. */
    default List<ModuleParameters> parametersByModule() {
        List<ModuleParameters> all = new ArrayList<>();
        partsByModule()
                .forEach((path, part) -> all.add(new ModuleParameters(
                        path,
                        name(),
                        part.rank(),
                        part.parameters(),
                        part.module().shape().parameters(),
                        part.isFullRank())));
        return all;
    }

    /**
     * Whether factors or rows of this adapter act in a module.
     *
     * @return true if so
     */
    default boolean touches(String module) {
        return modulePaths().contains(module);
    }

    /**
     * The factors of a module now, in PEFT's layout.
     *
     * @return arrays by suffix, only to be read
     */
    Map<String, INDArray> factors(String module);

    /**
     * The factors that a module's start took off the base, in PEFT's layout, where a start does so ({@link
     * org.lora4j.config.Initialization#movesBase}).
     *
     * @param module path of a module as adapter files write it
     * @return arrays by suffix, only to be read; empty if nothing was taken
     */
    default Map<String, INDArray> start(String module) {
        return Map.of();
    }

    /** The parameters of the base that this adapter replaces. */
    Set<String> savedPaths();

    /**
     * The rows of tables that this adapter replaces.
     *
     * @return a description of each row, the same for the same row
     */
    default List<String> replacedRows() {
        return List.of();
    }

    /** The tables that hold these rows. */
    default Set<String> tablesWithRows() {
        return Set.of();
    }

    /** The weights that factors of this adapter change. */
    default Set<String> changedWeights() {
        return modulePaths();
    }

    /**
     * How many numbers learn when this adapter does.
     *
     * @return the numbers in all factors and saved parameters
     */
    long parameters();
}
