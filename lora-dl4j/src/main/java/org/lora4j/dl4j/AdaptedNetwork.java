/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.host.Folding;
import org.lora4j.host.HostState;
import org.lora4j.host.HostedModel;
import org.lora4j.host.PlainAdapters;
import org.lora4j.model.ModuleStatus;
import org.lora4j.model.ParameterSummary;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A network of Deeplearning4j with adapters.
 *
 * <p>{@link #network()} is a network of DL4J's own class with layers that hold the base's weights frozen and the active
 * adapters beside them. Train it with {@code fit}, evaluate it, save it, give it listeners: it is a stock network in every
 * respect. What it learns is seen by {@link #adapter} at once.
 *
 * <p><b>State.</b> See {@link org.lora4j.model.AdaptedModel}. A state needs a parameter view of its own, so a call that
 * changes which adapters act or learn makes {@link #network()} return a new object, over the values, the updater's memory of
 * what learns, the counts of iterations and epochs and the listeners of the one before. Networks of earlier states are not
 * kept up to date. Stored states of recurrent layers ({@code rnnTimeStep}) start anew.
 *
 * <p><b>Memory.</b> The adapted network has its own copy of the base's weights, and DL4J keeps a gradient for every
 * parameter in its view: twice the parameters in addition to the base. Updater state exists for what learns only.
 *
 * <p><b>What is frozen.</b> Every parameter of the base that no active, trainable adapter holds a full copy of. It has no
 * updater state, no regularization, no constraint, no weight noise. Adapted layers compute no gradient of it. The layer below
 * the lowest one that learns becomes a stock {@code FrozenLayer} where that changes nothing but the end of the backward
 * pass.
 *
 * <p>The base is never changed. Do not train it while it is adapted.
 *
 * <p><b>Threads.</b> One call at a time.
 *
 * @param <N> {@link MultiLayerNetwork} or {@link ComputationGraph}
 * @apiNote Status: experimental
 */
public final class AdaptedNetwork<N extends Model> extends HostedModel<NetworkAdapter> {

    private final N base;
    private final NetworkAccess<N> access;
    private final NetworkModules modules;
    private final NetworkAdapters factory;
    private StateNetwork<N> current;
    private N latest;

    private AdaptedNetwork(N base, NetworkAccess<N> access) {
        this.base = base;
        this.access = access;
        this.modules = NetworkModules.find(base, access);
        BaseMultiLayerUpdater<?> updater = access.updater(base, false);
        this.factory =
                new NetworkAdapters(modules, updater == null ? Map.of() : UpdaterHistory.read(updater, access::key));
        this.latest = base;
    }

    /**
     * Prepares a network for adapters; there is none yet.
     *
     * @param base an initialized network of stock layers; never changed
     * @return the model
     * @throws IllegalArgumentException if the network is not initialized or has adapted or frozen layers
     */
    public static AdaptedNetwork<MultiLayerNetwork> of(MultiLayerNetwork base) {
        return new AdaptedNetwork<>(base, new MultiLayerAccess());
    }

    /**
     * Prepares a graph for adapters; there is none yet.
     *
     * @param base an initialized graph of stock layers; never changed
     * @return the model
     * @throws IllegalArgumentException if the graph is not initialized, has adapted or frozen layers, or vertices with
     *     parameters that cannot be frozen
     */
    public static AdaptedNetwork<ComputationGraph> of(ComputationGraph base) {
        return new AdaptedNetwork<>(base, new GraphAccess());
    }

    @Override
    public List<NetworkModule> modules() {
        return modules.modules();
    }

    /**
     * What the base consists of, including what cannot be adapted and why.
     *
     * @return the modules
     */
    public NetworkModules networkModules() {
        return modules;
    }

    /**
     * The network of the current state.
     *
     * @return the base itself while adapters are disabled; else a network that learns what active, trainable adapters hold
     *     and nothing else; the same object until the state changes
     */
    public N network() {
        if (!isEnabled()) {
            return base;
        }
        if (current == null || !current.isOf(state())) {
            current = stateNetwork(state()).build(latest, factory::parameter);
            latest = current.network();
        }
        return current.network();
    }

    private StateNetwork<N> stateNetwork(HostState of) {
        return new StateNetwork<>(access, base, adapters().get(of.active()), of);
    }

    /**
     * Takes the place of {@link #network()} with another object of the same structure: the best network of an early-stopping
     * run, or one that was restored from a file. Its values, updater state and counts are those of this model from now on.
     *
     * @param trained a network with the configuration of {@link #network()}
     * @throws IllegalArgumentException if its configuration is another one
     * @throws IllegalStateException if adapters are disabled
     */
    public void adopt(N trained) {
        if (!isEnabled()) {
            throw new IllegalStateException(
                    "adopt: adapters are disabled; expected them enabled. Call enable() first.");
        }
        if (trained == null || !access.configuration(trained).equals(access.configuration(network()))) {
            throw new IllegalArgumentException("adopt: the configuration of the given network differs from that of"
                    + " network(); expected a network that was saved, cloned or trained from it in the current state."
                    + " Activate the adapters that were active then.");
        }
        current.take(trained);
        latest = trained;
    }

    /**
     * The base network, untouched: the very object that this model was made for.
     *
     * @return the base
     */
    public N base() {
        return base;
    }

    /**
     * Takes the adapters off: the base network as it came in. This model stays usable.
     *
     * @return the very object that this model was made for
     */
    public N unload() {
        return base;
    }

    /**
     * A plain network of stock layers that computes what this model computes now: weights with the active adapters merged
     * into them, fully trained parameters in place. It runs without this library. This model does not change.
     *
     * @return a new network with the base's configuration, without updater state
     * @throws IllegalStateException if adapters are disabled or none is active, or a merged weight would hold a value that
     *     is not finite
     */
    public N mergeAndUnload() {
        if (!isEnabled() || state().active().isEmpty()) {
            String problem = isEnabled() ? "no adapter is active" : "adapters are disabled";
            throw new IllegalStateException("mergeAndUnload: " + problem
                    + "; expected active adapters. Call activate(name) and enable() first, or unload() for the base.");
        }
        collectValues();
        Map<String, INDArray> folded = fold(adapters().get(state().attached())).parameters();
        N plain = access.build(base, Map.of());
        for (NetworkParameter parameter : modules.parameters()) {
            INDArray value =
                    folded.containsKey(parameter.path()) ? folded.get(parameter.path()) : now(parameter.path());
            access.layer(plain, parameter.layer()).getParam(parameter.name()).assign(value);
        }
        access.continueFrom(latest, plain);
        return plain;
    }

    /**
     * The values of an adapter now as a plain low-rank adapter for the unchanged base. Where the start of training took
     * something off the base (PiSSA, OLoRA), that becomes part of the adapter, whose rank doubles; others are given as they are.
     *
     * @param name an adapter
     * @return a copy
     * @throws IllegalArgumentException if no adapter has this name, or it came with weights of the base that had been moved
     *     already
     */
    public Adapter plainAdapter(String name) {
        return PlainAdapters.of(adapters().get(name), adapter(name));
    }

    @Override
    protected NetworkAdapter fresh(String name, LoraConfig config, long seed) {
        return factory.fresh(name, config, seed);
    }

    @Override
    protected NetworkAdapter imported(String name, Adapter adapter) {
        return factory.imported(name, adapter);
    }

    @Override
    protected void collectValues() {
        if (current != null && current.isOf(state())) {
            current.collect();
        }
    }

    @Override
    protected Folding fold(List<NetworkAdapter> chosen) {
        return Folding.of(chosen, this::place, this::now);
    }

    private Folding.Place place(String path) {
        NetworkModule module = modules.get(path);
        String bias = modules.parameters().stream()
                .filter(parameter -> parameter.layer().equals(module.layer())
                        && parameter.name().equals(module.weight().bias()))
                .map(NetworkParameter::path)
                .findFirst()
                .orElse(null);
        NetworkParameter weight = factory.parameter(path + ".weight");
        return new Folding.Place(module.shape(), weight.path(), bias, weight::toPeft, weight::fromPeft);
    }

    /** The value that a parameter has before the factors that are attached to it. */
    private INDArray now(String path) {
        INDArray merged = state().merges().get(path);
        if (merged != null) {
            return merged;
        }
        for (NetworkAdapter adapter : adapters().get(state().active())) {
            NetworkAdapter.Copy copy = adapter.copies().get(path);
            if (copy != null) {
                return copy.value();
            }
        }
        return factory.parameter(path).value();
    }

    @Override
    public List<ModuleStatus> status() {
        return NetworkReports.status(modules, adapters(), state());
    }

    @Override
    public ParameterSummary parameterSummary() {
        return NetworkReports.summary(modules, adapters(), state(), isEnabled());
    }
}
