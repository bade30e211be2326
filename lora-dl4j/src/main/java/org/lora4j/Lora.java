/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.model.AdaptedModel;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.GraphModules;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * The front door.
 *
 * <pre>{@code
 * AdaptedSameDiff model = Lora.inject(graph, LoraConfig.builder().targetModules("query", "value").build(), 42);
 * }</pre>
 *
 * @apiNote Status: experimental
 */
public final class Lora {

    private Lora() {}

    /**
     * Attaches a fresh adapter, active and trainable, under the name {@value AdaptedModel#DEFAULT_ADAPTER}.
     *
     * @param base the graph; never changed
     * @param config what to adapt and how
     * @param seed source of the start values; equal seeds give equal adapters
     * @return the adapted graph; its output equals the base's in every value until it is trained, unless the config asks
     *     for random start values of both factors
     * @throws org.lora4j.error.NoMatchingModuleException if a target matches nothing; the message has the closest names
     * @throws IllegalArgumentException if the config asks for what this graph cannot do
     */
    public static AdaptedSameDiff inject(SameDiff base, LoraConfig config, long seed) {
        return inject(base, config, seed, Map.of());
    }

    /**
     * As {@link #inject(SameDiff, LoraConfig, long)}, for a graph in which the caller names modules.
     *
     * @param base the graph; never changed
     * @param config what to adapt and how
     * @param seed source of the start values
     * @param names module paths by name of a weight, of an op that applies a module, or of that op's output
     * @return the adapted graph
     * @throws IllegalArgumentException as above, and if a name belongs to no module
     */
    public static AdaptedSameDiff inject(SameDiff base, LoraConfig config, long seed, Map<String, String> names) {
        AdaptedSameDiff model = AdaptedSameDiff.of(base, names);
        model.addAdapter(AdaptedModel.DEFAULT_ADAPTER, config, seed);
        model.activate(AdaptedModel.DEFAULT_ADAPTER);
        return model;
    }

    /**
     * Attaches a saved adapter, active and not trainable, under the name {@value AdaptedModel#DEFAULT_ADAPTER}.
     *
     * @param base the graph that the adapter was made for; never changed
     * @param directory a PEFT directory
     * @return the adapted graph
     * @throws IOException if the directory cannot be read or is no sound adapter
     * @throws IncompatibleBaseException if the adapter does not fit the graph; the message lists every problem
     */
    public static AdaptedSameDiff load(SameDiff base, Path directory) throws IOException {
        return load(base, directory, Map.of());
    }

    /**
     * As {@link #load(SameDiff, Path)}, for a graph in which the caller names modules.
     *
     * @param base the graph that the adapter was made for; never changed
     * @param directory a PEFT directory
     * @param names module paths by name of a weight, of an op that applies a module, or of that op's output
     * @return the adapted graph
     * @throws IOException if the directory cannot be read or is no sound adapter
     * @throws IncompatibleBaseException if the adapter does not fit the graph; the message lists every problem
     * @throws IllegalArgumentException if a name belongs to no module
     */
    public static AdaptedSameDiff load(SameDiff base, Path directory, Map<String, String> names) throws IOException {
        AdaptedSameDiff model = AdaptedSameDiff.of(base, names);
        Adapter adapter = Adapter.load(directory);
        try {
            model.addAdapter(AdaptedModel.DEFAULT_ADAPTER, adapter);
        } catch (IllegalArgumentException e) {
            throw new IncompatibleBaseException(directory + ": " + e.getMessage(), e);
        }
        model.activate(AdaptedModel.DEFAULT_ADAPTER);
        return model;
    }

    /**
     * Lists the modules of a graph that can be adapted, and what cannot with the reason.
     *
     * @param graph any SameDiff graph; only read
     * @return the modules; printed, one line each
     */
    public static GraphModules modules(SameDiff graph) {
        return GraphModules.find(graph);
    }
}
