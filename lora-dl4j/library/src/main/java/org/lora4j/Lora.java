/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.config.AdapterConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.MemoryMode;
import org.lora4j.dl4j.NetworkFile;
import org.lora4j.dl4j.NetworkModules;
import org.lora4j.error.Arguments;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.model.AdaptedModel;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.GraphModules;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * The front door: adapts SameDiff graphs and networks of Deeplearning4j.
 *
 * <pre>{@code
 * AdaptedSameDiff model = Lora.inject(graph, LoraConfig.builder().targetModules("query", "value").build(), 42);
 * }</pre>
 *
 * <p>Doors of the other journeys: texts begin with {@link org.lora4j.text.TextClassifier#builder TextClassifier.builder(encoder)} and the
 * tasks beside it, language models with {@link org.lora4j.language.CausalLmTrainer#builder CausalLmTrainer.builder(model)}, Tribuo with {@code
 * LoraTrainer.builder(base, converter)} of the artifact {@code lora-tribuo}, plain weights with {@link
 * org.lora4j.weights.WeightMerge}.
 *
 * @apiNote Status: stable
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
    public static AdaptedSameDiff inject(SameDiff base, AdapterConfig config, long seed) {
        return inject(base, config, seed, Map.of());
    }

    /**
     * As {@link #inject(SameDiff, AdapterConfig, long)}, for a graph in which the caller names modules.
     *
     * @param base the graph; never changed
     * @param config what to adapt and how
     * @param seed source of the start values
     * @param names module paths by name of a weight, of an op that applies a module, or of that op's output
     * @return the adapted graph
     * @throws IllegalArgumentException as above, and if a name belongs to no module
     */
    public static AdaptedSameDiff inject(SameDiff base, AdapterConfig config, long seed, Map<String, String> names) {
        return DefaultAdapter.fresh(AdaptedSameDiff.of(base, names), config, seed);
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
        return DefaultAdapter.saved(AdaptedSameDiff.of(base, names), directory);
    }

    /**
     * Attaches a fresh adapter, active and trainable, under the name {@value AdaptedModel#DEFAULT_ADAPTER}.
     *
     * @param base an initialized network; never changed
     * @param config what to adapt and how
     * @param seed source of the start values and of dropout; equal seeds give equal runs
     * @return the adapted network, to be trained with {@code fit} of its {@link AdaptedNetwork#network()}; its output equals
     *     the base's in every value until then, unless the config asks for random start values of both factors
     * @throws org.lora4j.error.NoMatchingModuleException if a target matches nothing; the message has the closest names
     * @throws IllegalArgumentException if the config asks for what this network cannot do
     */
    public static AdaptedNetwork<MultiLayerNetwork> inject(MultiLayerNetwork base, AdapterConfig config, long seed) {
        return inject(base, config, seed, MemoryMode.IN_VIEW);
    }

    /**
     * As {@link #inject(MultiLayerNetwork, AdapterConfig, long)}, with a choice of memory.
     *
     * @param base an initialized network; never changed
     * @param config what to adapt and how
     * @param seed source of the start values and of dropout
     * @param mode where the adapted network has what does not learn
     * @return the adapted network
     * @throws org.lora4j.error.NoMatchingModuleException if a target matches nothing; the message has the closest names
     * @throws IllegalArgumentException if the config asks for what this network cannot do
     */
    public static AdaptedNetwork<MultiLayerNetwork> inject(
            MultiLayerNetwork base, AdapterConfig config, long seed, MemoryMode mode) {
        return DefaultAdapter.fresh(AdaptedNetwork.of(base, mode), config, seed);
    }

    /**
     * As {@link #inject(MultiLayerNetwork, AdapterConfig, long)}, for a graph of layers.
     *
     * @param base an initialized graph; never changed
     * @param config what to adapt and how
     * @param seed source of the start values and of dropout
     * @return the adapted graph
     * @throws org.lora4j.error.NoMatchingModuleException if a target matches nothing; the message has the closest names
     * @throws IllegalArgumentException if the config asks for what this graph cannot do
     */
    public static AdaptedNetwork<ComputationGraph> inject(ComputationGraph base, AdapterConfig config, long seed) {
        return inject(base, config, seed, MemoryMode.IN_VIEW);
    }

    /**
     * As {@link #inject(ComputationGraph, AdapterConfig, long)}, with a choice of memory.
     *
     * @param base an initialized graph; never changed
     * @param config what to adapt and how
     * @param seed source of the start values and of dropout
     * @param mode where the adapted graph has what does not learn
     * @return the adapted graph
     * @throws org.lora4j.error.NoMatchingModuleException if a target matches nothing; the message has the closest names
     * @throws IllegalArgumentException if the config asks for what this graph cannot do
     */
    public static AdaptedNetwork<ComputationGraph> inject(
            ComputationGraph base, AdapterConfig config, long seed, MemoryMode mode) {
        return DefaultAdapter.fresh(AdaptedNetwork.of(base, mode), config, seed);
    }

    /**
     * Attaches a saved adapter, active and not trainable, under the name {@value AdaptedModel#DEFAULT_ADAPTER}.
     *
     * @param base the network that the adapter was made for; never changed
     * @param directory a PEFT directory
     * @return the adapted network
     * @throws IOException if the directory cannot be read or is no sound adapter
     * @throws IncompatibleBaseException if the adapter does not fit the network; the message lists every problem
     */
    public static AdaptedNetwork<MultiLayerNetwork> load(MultiLayerNetwork base, Path directory) throws IOException {
        return load(base, directory, MemoryMode.IN_VIEW);
    }

    /**
     * As {@link #load(MultiLayerNetwork, Path)}, with a choice of memory.
     *
     * @param base the network that the adapter was made for; never changed
     * @param directory a PEFT directory
     * @param mode where the adapted network has what does not learn
     * @return the adapted network
     * @throws IOException if the directory cannot be read or is no sound adapter
     * @throws IncompatibleBaseException if the adapter does not fit the network; the message lists every problem
     */
    public static AdaptedNetwork<MultiLayerNetwork> load(MultiLayerNetwork base, Path directory, MemoryMode mode)
            throws IOException {
        return DefaultAdapter.saved(AdaptedNetwork.of(base, mode), directory);
    }

    /**
     * As {@link #load(MultiLayerNetwork, Path)}, for a graph of layers.
     *
     * @param base the graph that the adapter was made for; never changed
     * @param directory a PEFT directory
     * @return the adapted graph
     * @throws IOException if the directory cannot be read or is no sound adapter
     * @throws IncompatibleBaseException if the adapter does not fit the graph; the message lists every problem
     */
    public static AdaptedNetwork<ComputationGraph> load(ComputationGraph base, Path directory) throws IOException {
        return load(base, directory, MemoryMode.IN_VIEW);
    }

    /**
     * As {@link #load(ComputationGraph, Path)}, with a choice of memory.
     *
     * @param base the graph that the adapter was made for; never changed
     * @param directory a PEFT directory
     * @param mode where the adapted graph has what does not learn
     * @return the adapted graph
     * @throws IOException if the directory cannot be read or is no sound adapter
     * @throws IncompatibleBaseException if the adapter does not fit the graph; the message lists every problem
     */
    public static AdaptedNetwork<ComputationGraph> load(ComputationGraph base, Path directory, MemoryMode mode)
            throws IOException {
        return DefaultAdapter.saved(AdaptedNetwork.of(base, mode), directory);
    }

    /**
     * Reads a whole model that {@link AdaptedNetwork#save} wrote, base and adapters, in the state in which it was saved.
     * {@link NetworkFile} has options, and reads files without adapters.
     *
     * @param zip the file
     * @return the adapted network
     * @throws org.lora4j.error.ModelFormatException if the file is damaged, holds no such model or names classes that
     *     networks do not consist of
     * @throws IncompatibleBaseException if an adapter does not fit the network; the message lists every problem
     * @throws IOException if the file does not exist or cannot be read
     */
    public static AdaptedNetwork<MultiLayerNetwork> loadMultiLayerNetwork(Path zip) throws IOException {
        return NetworkFile.of(zip).adaptedMultiLayerNetwork();
    }

    /**
     * As {@link #loadMultiLayerNetwork}, for a graph of layers.
     *
     * @param zip the file
     * @return the adapted graph
     * @throws org.lora4j.error.ModelFormatException if the file is damaged, holds no such model or names classes that
     *     networks do not consist of
     * @throws IncompatibleBaseException if an adapter does not fit the graph; the message lists every problem
     * @throws IOException if the file does not exist or cannot be read
     */
    public static AdaptedNetwork<ComputationGraph> loadComputationGraph(Path zip) throws IOException {
        return NetworkFile.of(zip).adaptedComputationGraph();
    }

    /**
     * Lists the modules of a network that can be adapted, and what cannot with the reason.
     *
     * @param network an initialized network; only read
     * @return the modules; printed, one line each
     */
    public static NetworkModules modules(MultiLayerNetwork network) {
        return NetworkModules.find(network);
    }

    /**
     * Lists the modules of a graph of layers that can be adapted, and what cannot with the reason.
     *
     * @param network an initialized graph; only read
     * @return the modules; printed, one line each
     */
    public static NetworkModules modules(ComputationGraph network) {
        return NetworkModules.find(network);
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

    /**
     * An executor that computes outputs of any SameDiff graph in the fastest way there is here: by plans and kernels, products by
     * oneDNN where it is on the class path, batches shared among the processors where rows are independent.
     *
     * @param graph the graph; not to be changed while the executor is used
     * @return an executor for one thread; its {@code gradients} refuses
     */
    public static GraphExecutor executor(SameDiff graph) {
        Arguments.required(graph, "Lora.executor: graph", "a graph");
        return SameDiffExecutor.forInference(graph).fastest();
    }
}
