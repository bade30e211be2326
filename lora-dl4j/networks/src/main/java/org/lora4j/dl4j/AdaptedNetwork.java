/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.Arguments;
import org.lora4j.internal.adapter.BaseHashes;
import org.lora4j.internal.cache.BatchMemory;
import org.lora4j.internal.dl4j.cache.Caching;
import org.lora4j.internal.format.dl4j.SavedAdapters;
import org.lora4j.internal.format.dl4j.SavedAdapters.SavedAdapter;
import org.lora4j.internal.host.Folding;
import org.lora4j.internal.host.HostedModel;
import org.lora4j.internal.host.Merged;
import org.lora4j.method.AdapterMethod.BiasEffect;
import org.lora4j.model.MergeReport;
import org.lora4j.train.DataSetPlaceholders;
import org.lora4j.train.Trainable;
import org.lora4j.train.cache.PrefixCache;
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
 * <p><b>Memory.</b> By default the adapted network has its own copy of the base's weights, and DL4J keeps a gradient for every
 * parameter in its view: twice the parameters in addition to the base. In {@link MemoryMode#LOW_MEMORY} it reads the base's
 * arrays, and has values and gradients of what learns only. Updater state exists for what learns in both.
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
 * @apiNote Status: stable
 */
public final class AdaptedNetwork<N extends Model> extends HostedModel<NetworkAdapter, Map<String, INDArray>> {

    /** What stands for no adapter in {@link #output}, as in PEFT. */
    public static final String BASE = "__base__";

    private final N base;
    private final NetworkAccess<N> access;
    private final NetworkModules modules;
    private final NetworkAdapters factory;
    private final OutsideValues outside;
    private StateNetwork<N> current;
    private N latest;

    private AdaptedNetwork(N base, NetworkAccess<N> access, MemoryMode mode) {
        super(Map.of());
        Objects.requireNonNull(mode, "mode: null; expected IN_VIEW or LOW_MEMORY. Pass a MemoryMode.");
        this.base = base;
        this.access = access;
        this.modules = NetworkModules.find(base, access);
        BaseMultiLayerUpdater<?> updater = access.updater(base, false);
        this.factory =
                new NetworkAdapters(modules, updater == null ? Map.of() : UpdaterHistory.read(updater, access::key));
        this.outside = mode == MemoryMode.LOW_MEMORY ? OutsideValues.of(base, access) : null;
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
        return of(base, MemoryMode.IN_VIEW);
    }

    /**
     * Prepares a network for adapters; there is none yet.
     *
     * @param base an initialized network of stock layers; never changed
     * @param mode where the networks of all states have what does not learn; low memory reads the base's parameters once here
     * @return the model
     * @throws IllegalArgumentException if the network is not initialized or has adapted or frozen layers
     */
    public static AdaptedNetwork<MultiLayerNetwork> of(MultiLayerNetwork base, MemoryMode mode) {
        Arguments.required(base, "AdaptedNetwork.of: base", "a network");
        Arguments.required(mode, "AdaptedNetwork.of: mode", "a MemoryMode");
        return new AdaptedNetwork<>(base, new MultiLayerAccess(), mode);
    }

    /**
     * Prepares a graph for adapters; there is none yet.
     *
     * @param base an initialized graph of stock layers; never changed
     * @return the model
     * @throws IllegalArgumentException if the graph is not initialized, has adapted or frozen layers or vertices, or
     *     vertices of a kind that cannot be frozen, with parameters
     */
    public static AdaptedNetwork<ComputationGraph> of(ComputationGraph base) {
        return of(base, MemoryMode.IN_VIEW);
    }

    /**
     * Prepares a graph for adapters; there is none yet.
     *
     * @param base an initialized graph of stock layers; never changed
     * @param mode where the graphs of all states have what does not learn; low memory reads the base's parameters once here
     * @return the model
     * @throws IllegalArgumentException if the graph is not initialized, has adapted or frozen layers or vertices, or
     *     vertices of a kind that cannot be frozen, with parameters
     */
    public static AdaptedNetwork<ComputationGraph> of(ComputationGraph base, MemoryMode mode) {
        Arguments.required(base, "AdaptedNetwork.of: base", "a network");
        Arguments.required(mode, "AdaptedNetwork.of: mode", "a MemoryMode");
        return new AdaptedNetwork<>(base, new GraphAccess(), mode);
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
        if (!isCurrent()) {
            current = stateNetwork(access).build(latest, factory::parameter);
            latest = current.network();
        }
        return current.network();
    }

    /**
     * This model for the training loop of {@code org.lora4j.train}, beside {@code network().fit}: gradients come from
     * Deeplearning4j, updates do not. The updaters of the layers, their l1, l2, weight decay, constraints and normalization
     * of gradients have no part in it; a plan says all of it. Truncated backpropagation becomes the whole one.
     *
     * @param names what the arrays of a batch are called, in the order of the network's inputs and outputs
     * @return a live view: it trains what learns at the time of each run
     * @throws IllegalArgumentException if the network has other numbers of inputs or outputs; the message lists every problem
     */
    public Trainable trainable(DataSetPlaceholders names) {
        Arguments.required(names, "trainable: names", "names of inputs and labels");
        return new NetworkTraining<>(this, access, names);
    }

    /**
     * What the network says where each example has an adapter of its own, as {@code adapter_names} of PEFT. Examples of the same
     * adapter are computed together. For many requests at once see {@code AdapterServer}, which computes all together, but serves
     * fewer kinds of layers.
     *
     * <p><b>State.</b> As before when it returns; {@link #network()} may be another object then.
     *
     * @param inputs as the network takes them, in its order, an example a row; only read
     * @param adapterPerExample for each example the name of an adapter, or {@value #BASE} for none
     * @return the outputs in the order of the network, an example a row
     * @throws IllegalArgumentException if there are not as many inputs as the network takes, or not as many rows as names, or a name is no
     *     adapter's; the message lists every problem
     * @throws IllegalStateException if an adapter is merged
     */
    public List<INDArray> output(List<INDArray> inputs, List<String> adapterPerExample) {
        Arguments.allRequired(inputs, "AdaptedNetwork.output: inputs", "an array of examples");
        Arguments.allRequired(adapterPerExample, "AdaptedNetwork.output: adapterPerExample", "the name of an adapter");
        requireUnmerged("output");
        RowsByAdapter rows = new RowsByAdapter(inputs, access.inputs(base).size(), adapterPerExample, adapterNames());
        String[] active = activeAdapters().toArray(new String[0]);
        boolean enabled = isEnabled();
        try {
            enable();
            return rows.computed((name, some) -> access.output(running(name), some));
        } finally {
            activate(active);
            if (!enabled) {
                disable();
            }
        }
    }

    private N running(String name) {
        if (name.equals(BASE)) {
            return base;
        }
        activate(name);
        return network();
    }

    /** What learns now. */
    List<StateNetwork.Learning> learning() {
        N running = network();
        List<StateNetwork.Learning> learning = running == base ? List.of() : current.learning();
        if (learning.isEmpty()) {
            requireUnmerged("training");
            throw new IllegalStateException(
                    "training: nothing learns; expected an active, trainable adapter, and adapters"
                            + " enabled. Call activate(name), setTrainable(name, true) or enable() first.");
        }
        return learning;
    }

    private boolean isCurrent() {
        return current != null && current.isOf(state(), adapters().get(state().active()));
    }

    private StateNetwork<N> stateNetwork(NetworkAccess<N> of) {
        return new StateNetwork<>(of, base, outside, adapters().get(state().active()), state());
    }

    /**
     * Has the layers below all that learn computed once for each batch or example, and their results kept, so that epochs
     * after the first cost only what lies above. Train the network of the result; it is {@link #network()} from now on, with
     * the values, the updater's memory, the counts and the listeners of the one before. Close the result after training.
     *
     * @param limits how much to keep, and where
     * @return the network with its cache
     * @throws IllegalStateException if adapters are disabled, nothing learns, or the network has a cache already
     * @throws IllegalArgumentException if nothing frozen lies below that is worth keeping, a layer below is random in
     *     training, or the network learns by truncated backpropagation; the message lists every reason
     */
    public CachedNetwork<N> cacheFrozenPrefix(PrefixCache limits) {
        Arguments.required(limits, "cacheFrozenPrefix: limits", "limits of a cache");
        Objects.requireNonNull(limits, "cacheFrozenPrefix: null; expected a PrefixCache");
        requireActing("cacheFrozenPrefix");
        StateNetwork<N> caching = stateNetwork(access.caching());
        if (caching.learners().isEmpty()) {
            throw new IllegalStateException("cacheFrozenPrefix: nothing learns; expected an active adapter that is"
                    + " trainable and not merged. Call setTrainable(name, true) or unmerge().");
        }
        FrozenPart part = access.frozenPart(base, caching.learners());
        part.requireLasting(access.isTruncated(base));
        if (!isCurrent() || !(current.network() instanceof Caching ready)) {
            collectValues();
            current = caching.build(latest, factory::parameter);
            latest = current.network();
        } else if (ready.hasMemory()) {
            throw new IllegalStateException("cacheFrozenPrefix: the network has a cache; expected none. Close the one"
                    + " that was made before.");
        }
        return new CachedNetwork<>(latest, part, new BatchMemory(part.description(), limits));
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
        Arguments.required(trained, "adopt: trained", "a network");
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
     * Saves this model whole: the base as {@code ModelSerializer} saves it, so that the stock reader opens the file as the
     * base, and beside it the adapters, what the updater remembers of them, and the state. {@link NetworkFile} reads it, and
     * the model that it gives computes and learns on as this one would, bit for bit. Listeners are not saved.
     *
     * <p><b>State.</b> This model does not change. A file that is already there is replaced whole or stays as it was. One
     * writer at a time.
     *
     * @param zip the file to create or replace; its folder exists
     * @throws IOException if writing fails; nothing is left behind then
     * @throws IllegalStateException if adapters are merged
     */
    public void save(Path zip) throws IOException {
        Arguments.required(zip, "AdaptedNetwork.save: zip", "a file to write");
        requireUnmerged("save");
        collectValues();
        List<SavedAdapter> saved = adapters().all().stream()
                .map(adapter ->
                        new SavedAdapter(adapter.name(), adapter.index(), adapter.seed(), isTrainable(adapter.name())))
                .toList();
        SavedAdapters summary = new SavedAdapters(
                isEnabled(), access.iterations(latest), access.epochs(latest), activeAdapters(), saved);
        AdaptedZip.write(zip, new AdaptedZip.Content<>(base, access, adapters().all(), summary));
    }

    /** Adds an adapter with what was saved beside its values; the state comes when all are there. */
    void restoreAdapter(SavedAdapter saved, Adapter adapter, Map<String, List<INDArray>> memory) {
        addAdapter(saved.name(), adapter);
        adapters().put(adapters().get(saved.name()).continued(saved.index(), saved.seed(), memory));
        factory.reserve(saved.index());
        setTrainable(saved.name(), saved.trainable());
    }

    void restoreState(SavedAdapters saved) {
        long indices =
                adapters().all().stream().map(NetworkAdapter::index).distinct().count();
        if (indices < saved.adapters().size()) {
            throw new IllegalArgumentException("two adapters have the same number; expected a number for each");
        }
        activate(saved.active().toArray(new String[0]));
        access.setCounts(network(), saved.iterations(), saved.epochs());
        if (!saved.enabled()) {
            disable();
        }
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
        requireActing("mergeAndUnload");
        collectValues();
        List<NetworkAdapter> all = new ArrayList<>(adapters().get(state().merged()));
        all.addAll(adapters().get(state().attached()));
        Map<String, INDArray> folded = fold(all, all).parameters();
        N plain = access.build(base, Map.of());
        for (NetworkParameter parameter : modules.parameters()) {
            INDArray merged = folded.get(parameter.path());
            INDArray value = merged == null ? unmerged(parameter) : merged;
            access.parameters(plain, parameter.layer()).get(parameter.name()).assign(value);
        }
        access.continueFrom(latest, plain);
        return plain;
    }

    @Override
    protected NetworkAdapter fresh(String name, AdapterConfig config, long seed) {
        return factory.fresh(name, config, seed);
    }

    @Override
    protected NetworkAdapter imported(String name, Adapter adapter) {
        return factory.imported(name, adapter);
    }

    @Override
    protected void collectValues() {
        if (isCurrent()) {
            current.collect();
        }
    }

    @Override
    protected Merged<Map<String, INDArray>> merged(List<NetworkAdapter> chosen) {
        List<NetworkAdapter> all = new ArrayList<>(adapters().get(state().merged()));
        all.addAll(chosen);
        Folded folded = fold(all, chosen);
        Map<String, INDArray> merges = new LinkedHashMap<>(state().merges());
        merges.putAll(folded.parameters());
        return new Merged<>(Collections.unmodifiableMap(merges), folded.report());
    }

    private record Folded(Map<String, INDArray> parameters, MergeReport report) {}

    /** The parameters that {@code now} changes, with the updates of {@code all} in them. */
    private Folded fold(List<NetworkAdapter> all, List<NetworkAdapter> now) {
        Folding folding = new Folding(now.stream().map(NetworkAdapter::name).toList());
        Set<String> paths = new LinkedHashSet<>();
        now.forEach(
                adapter -> adapter.all().forEach(part -> paths.add(part.module().path())));
        Folding.requireBiases(paths.stream()
                .filter(path -> modules.biasOf(modules.get(path)).isEmpty())
                .filter(path -> now.stream()
                        .flatMap(adapter -> Optional.ofNullable(adapter.parts().get(path)).stream())
                        .anyMatch(part -> part.method().traits().biasEffect() == BiasEffect.ADDS))
                .toList());
        Map<String, INDArray> folded = new LinkedHashMap<>();
        for (String path : paths) {
            NetworkParameter weight = factory.parameter(path + ".weight");
            // Rows first: what is added to a table is added to new rows, too.
            List<Folding.Update> updates = new ArrayList<>(updates(all, NetworkAdapter::tokens, weight));
            updates.addAll(updates(all, NetworkAdapter::parts, weight));
            INDArray before = unmerged(weight);
            folded.put(weight.path(), folding.weight(path, before, before, updates));
        }
        Map<String, NetworkParameter> biases = new LinkedHashMap<>();
        paths.forEach(path -> modules.biasOf(modules.get(path)).ifPresent(bias -> biases.put(bias.path(), bias)));
        biases.forEach((path, bias) -> folding.bias(bias.module(), unmerged(bias), biasUpdates(all, bias))
                .ifPresent(value -> folded.put(path, value)));
        return new Folded(folded, folding.report());
    }

    /** All updates of a bias together: several modules of a layer may add to one. */
    private List<Folding.Update> biasUpdates(List<NetworkAdapter> adapters, NetworkParameter bias) {
        List<Folding.Update> updates = new ArrayList<>();
        for (NetworkAdapter adapter : adapters) {
            for (NetworkAdapter.Part part : adapter.parts().values()) {
                boolean itsOwn = modules.biasOf(part.module())
                        .filter(own -> own.path().equals(bias.path()))
                        .isPresent();
                if (itsOwn && part.method().traits().biasEffect() != BiasEffect.NONE) {
                    updates.add(
                            adapter.update(part, factory.parameter(part.module().path() + ".weight")));
                }
            }
        }
        return updates;
    }

    private static List<Folding.Update> updates(
            List<NetworkAdapter> adapters,
            Function<NetworkAdapter, Map<String, NetworkAdapter.Part>> parts,
            NetworkParameter weight) {
        return adapters.stream()
                .filter(adapter -> parts.apply(adapter).containsKey(weight.module()))
                .map(adapter -> adapter.update(parts.apply(adapter).get(weight.module()), weight))
                .toList();
    }

    @Override
    protected Set<String> heads() {
        return modules.heads();
    }

    @Override
    protected Set<String> trainableHeads() {
        return modules.heads();
    }

    @Override
    protected long baseParameters() {
        return modules.parameters().stream()
                .mapToLong(parameter -> parameter.value().length())
                .sum();
    }

    @Override
    protected BaseHashes baseHashes() {
        return factory.hashes();
    }

    @Override
    public Map<String, Supplier<INDArray>> baseWeights() {
        return factory.values();
    }

    @Override
    protected long bytes(Map<String, INDArray> merges) {
        return merges.values().stream()
                .mapToLong(weight -> weight.length() * weight.dataType().width())
                .sum();
    }

    /** The value that a parameter has without merges. */
    private INDArray unmerged(NetworkParameter parameter) {
        return adapters().get(state().active()).stream()
                .flatMap(adapter -> Optional.ofNullable(adapter.copies().get(parameter.path())).stream())
                .map(NetworkAdapter.Copy::value)
                .findFirst()
                .orElseGet(parameter::value);
    }
}
