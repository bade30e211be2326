/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.adapter.Adapter;
import org.lora4j.dl4j.layer.RowAdditions;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.internal.dl4j.layer.RowsLayer;
import org.lora4j.internal.host.PlainAdapters;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A network over the base's own arrays that is only run, and whose linear layers ask at each call what to add for the rows
 * of the batch. The base is never changed, and its parameters are held once, however many of these there are.
 *
 * <p><b>Threads.</b> One call at a time; {@link #fork()} gives another one for another thread. What is asked for the base
 * alone ({@link #modules()}, {@link #refusals()}, {@link #parameter}) may be called at any time. Nobody may train the base
 * meanwhile.
 *
 * @apiNote Status: experimental
 */
public final class RowNetwork {

    /** What the input of a {@code MultiLayerNetwork} is called. */
    public static final String INPUT = "input";

    /** What the output of a {@code MultiLayerNetwork} is called. */
    public static final String OUTPUT = "output";

    /** Runs one network; hides of which kind it is. */
    private interface Runner {
        List<INDArray> output(List<INDArray> inputs);
    }

    private final Shared shared;
    private final Runner runner;
    private RowAdditions additions = RowAdditions.NONE;

    /** What all forks have in common. */
    private record Shared(
            NetworkModules modules,
            NetworkAdapters adapters,
            List<String> inputs,
            List<String> outputs,
            Map<String, String> refusals,
            List<TableIds> ids,
            RunnerFactory factory) {}

    private interface RunnerFactory {
        Runner create(RowNetwork asked);
    }

    private RowNetwork(Shared shared) {
        this.shared = shared;
        // The base's configuration is copied, which two threads must not do at the same time.
        synchronized (shared) {
            this.runner = shared.factory().create(this);
        }
    }

    /**
     * A network of layers in a row. Its input is called {@link #INPUT} and its output {@link #OUTPUT}.
     *
     * @param base an initialized network of stock layers
     * @return a network that computes the same
     * @throws IllegalArgumentException if the network is not initialized or has adapted or frozen layers
     */
    public static RowNetwork of(MultiLayerNetwork base) {
        Arguments.required(base, "RowNetwork.of: base", "a network");
        return of(base, new MultiLayerAccess());
    }

    /**
     * A graph of layers. Its inputs and outputs are called as in its configuration.
     *
     * @param base an initialized graph of stock layers
     * @return a graph that computes the same
     * @throws IllegalArgumentException as for {@link AdaptedNetwork#of(ComputationGraph)}
     */
    public static RowNetwork of(ComputationGraph base) {
        Arguments.required(base, "RowNetwork.of: base", "a network");
        return of(base, new GraphAccess());
    }

    private static <N extends Model> RowNetwork of(N base, NetworkAccess<N> access) {
        NetworkModules modules = NetworkModules.find(base, access);
        Map<String, String> refusals = new LinkedHashMap<>();
        Map<String, LayerSite> asking = new LinkedHashMap<>();
        for (NetworkModule module : modules.modules()) {
            NetworkSite site = modules.sites().stream()
                    .filter(any -> any.key().equals(module.layer()))
                    .findFirst()
                    .orElseThrow();
            String refusal = refusal(site);
            if (refusal != null) {
                refusals.put(module.path(), refusal);
            } else if (site instanceof LayerSite layer) {
                asking.put(module.path(), layer);
            }
        }
        // Without what the updater remembers: adapters are checked only, and not trained.
        NetworkAdapters adapters = new NetworkAdapters(modules, Map.of());
        RunnerFactory factory = asked -> {
            Map<String, NetworkSite> replaced = new LinkedHashMap<>();
            asking.forEach((path, site) -> replaced.put(
                    site.key(),
                    new LayerSite(
                            site.key(), site.path(), RowsLayer.around(site.conf(), path, () -> asked.additions))));
            N network = access.build(base, replaced, base.params());
            return inputs -> access.output(network, inputs);
        };
        return new RowNetwork(new Shared(
                modules,
                adapters,
                access.inputs(base),
                access.outputs(base),
                Map.copyOf(refusals),
                TableIds.of(access.readers(base)),
                factory));
    }

    private static String refusal(NetworkSite site) {
        return site instanceof LayerSite layer
                ? RowsLayer.refusal(layer.conf())
                : "a vertex of kind " + site.kind() + " has no update for each row; expected a layer of "
                        + RowsLayer.names();
    }

    /**
     * The modules of the base.
     *
     * @return all of them, those that cannot ask included
     */
    public NetworkModules modules() {
        return shared.modules();
    }

    /**
     * The modules that cannot ask what to add.
     *
     * @return the reason by path
     */
    public Map<String, String> refusals() {
        return shared.refusals();
    }

    /**
     * What has to be given.
     *
     * @return names in order
     */
    public List<String> inputs() {
        return shared.inputs();
    }

    /**
     * What is computed.
     *
     * @return names in order
     */
    public List<String> outputs() {
        return shared.outputs();
    }

    /**
     * The value of a parameter of the base.
     *
     * @param path path of a parameter as adapter files write it, for instance {@code classifier.weight}
     * @return a copy in PEFT's layout
     * @throws IllegalArgumentException if there is no such parameter
     */
    public INDArray parameter(String path) {
        return Optional.ofNullable(shared.adapters().parameter(path))
                .orElseThrow(() -> new IllegalArgumentException("parameter " + MessageText.name(path)
                        + ": the network has none of this path; expected the weight or bias of a module."
                        + " List the modules with modules()."))
                .peftValue();
    }

    /**
     * The bias that is added to the product of a module.
     *
     * @param module path of a module
     * @return path of a parameter; empty if there is no bias
     */
    public Optional<String> bias(String module) {
        return modules().biasOf(modules().get(module)).map(NetworkParameter::path);
    }

    /**
     * Checks an adapter as {@link AdaptedNetwork} does.
     *
     * @param name what messages call it
     * @param adapter the adapter
     * @return the adapter; where its start moved the base, its plain form
     * @throws IllegalArgumentException if it does not fit the base; the message lists every problem
     */
    public Adapter plain(String name, Adapter adapter) {
        synchronized (shared) {
            return PlainAdapters.of(shared.adapters().imported(name, adapter), adapter);
        }
    }

    /**
     * What is wrong with inputs, found without a run: ids beyond the tables of embedding layers that read them directly.
     *
     * <p><b>Threads.</b> May be called at any time by any number of threads.
     *
     * @param inputs an array for each of {@link #inputs()}
     * @return the problems, perhaps none
     */
    public List<String> problems(Map<String, INDArray> inputs) {
        return shared.ids().stream()
                .map(ids -> ids.problem(inputs.get(ids.input())))
                .filter(Objects::nonNull)
                .toList();
    }

    /**
     * Runs a batch.
     *
     * @param inputs an array for each of {@link #inputs()}; only read
     * @param rows what to add
     * @return the outputs by name, in order; they belong to the caller
     */
    public Map<String, INDArray> output(Map<String, INDArray> inputs, RowAdditions rows) {
        additions = rows;
        try {
            List<INDArray> found =
                    runner.output(shared.inputs().stream().map(inputs::get).toList());
            Map<String, INDArray> outputs = new LinkedHashMap<>();
            for (int i = 0; i < found.size(); i++) {
                outputs.put(shared.outputs().get(i), found.get(i));
            }
            return outputs;
        } finally {
            additions = RowAdditions.NONE;
        }
    }

    /**
     * Another network over the same arrays, for another thread.
     *
     * @return a network that computes the same
     */
    public RowNetwork fork() {
        return new RowNetwork(shared);
    }
}
