/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.lora4j.dl4j.NetworkAdapter.Copy;
import org.lora4j.dl4j.NetworkAdapter.Part;
import org.lora4j.dl4j.layer.FrozenValues;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.error.Problems;
import org.lora4j.internal.dl4j.layer.PathDropout;
import org.lora4j.internal.host.HostState;
import org.lora4j.method.FactorTrait;
import org.lora4j.method.ModuleShape;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.TrainableParameter.Kind;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The network of one state: which places it replaces and where the values of adapters lie in it.
 *
 * @param <N> kind of network
 */
final class StateNetwork<N extends Model> {

    private final NetworkAccess<N> access;
    private final N base;
    private final List<NetworkAdapter> active;
    private final HostState<Map<String, INDArray>> state;
    private final Map<String, NetworkSite> sites = new HashMap<>();
    private final Map<String, List<LoraSlot>> slots = new LinkedHashMap<>();
    private final Map<String, List<String>> learning = new LinkedHashMap<>();

    /** The values of frozen parameters that differ from the base's in this state, by path. */
    private final Map<String, INDArray> moved = new LinkedHashMap<>();

    private final OutsideValues outside;
    private final List<Tie> ties = new ArrayList<>();
    private final List<Taken> taken = new ArrayList<>();
    private N network;

    /**
     * A value of an adapter and the parameter of the network that holds it while the adapter is active.
     *
     * @param module path of the module it belongs to
     * @param kind what learns; null if it is frozen
     * @param update the update that it is a factor of; null if it is none
     */
    private record Tie(
            NetworkAdapter adapter,
            String remembered,
            INDArray value,
            String layer,
            String parameter,
            String module,
            Kind kind,
            Update update) {}

    /** An update as a layer has it, and the module that it is of. */
    record Update(LoraSlot slot, ModuleShape shape) {

        /** Whether dropout may leave nothing of it in an iteration. */
        boolean mayBeLeftOut(int iteration) {
            return PathDropout.mayLeaveNothing(slot, iteration, shape);
        }
    }

    /**
     * What learns, for a training loop outside of Deeplearning4j.
     *
     * @param parameter over the array of the network
     * @param key what the gradient of it is called
     * @param update the update that it is a factor of; null if it is none
     */
    record Learning(TrainableParameter parameter, String key, Update update) {}

    /** What an adapter that acts took off a weight when it started. */
    private record Taken(NetworkAdapter adapter, Part part) {

        String path() {
            return part.module().path() + ".weight";
        }

        /** Takes it off a weight of the layer, or adds it again. */
        void move(INDArray weight, int sign) {
            part.module().weight().part(weight).addi(adapter.taken(part, weight).muli(sign));
        }
    }

    /** {@code outside} is where frozen values lie in low-memory mode, else null. */
    StateNetwork(
            NetworkAccess<N> access,
            N base,
            OutsideValues outside,
            List<NetworkAdapter> active,
            HostState<Map<String, INDArray>> state) {
        this.access = access;
        this.base = base;
        this.outside = outside;
        this.active = active;
        this.state = state;
        access.sites(base).forEach(site -> sites.put(site.key(), site));
        for (NetworkAdapter adapter : active) {
            boolean learns = state.learning().contains(adapter.name());
            if (!state.merged().contains(adapter.name())) {
                adapter.all().forEach(part -> attach(adapter, part, learns));
            }
            adapter.copies().values().forEach(copy -> replace(adapter, copy, learns));
        }
        moved.putAll(state.merges());
    }

    private void attach(NetworkAdapter adapter, Part part, boolean learns) {
        LoraSlot slot = adapter.slot(part, learns);
        String layer = part.module().layer();
        Update update = new Update(sites.get(layer).running(slot), part.module().shape());
        slots.computeIfAbsent(layer, key -> new ArrayList<>()).add(slot);
        if (!part.start().isEmpty()) {
            taken.add(new Taken(adapter, part));
        }
        part.factors().forEach((suffix, value) -> {
            String parameter = parameter(part, slot, suffix);
            boolean trained = learns && !part.method().traits().is(suffix, FactorTrait.FIXED);
            Kind kind = part.method().traits().is(suffix, FactorTrait.BIAS_OR_GAIN) ? Kind.BIAS_OR_NORM : Kind.FACTOR;
            String module = part.module().path();
            ties.add(new Tie(
                    adapter, module + "." + suffix, value, layer, parameter, module, trained ? kind : null, update));
        });
    }

    private static String parameter(Part part, LoraSlot slot, String suffix) {
        return part.module().weight().parameter(slot, suffix);
    }

    private void replace(NetworkAdapter adapter, Copy copy, boolean learns) {
        NetworkParameter parameter = copy.parameter();
        if (!learns) {
            moved.put(parameter.path(), copy.value());
            return;
        }
        learning.computeIfAbsent(parameter.layer(), key -> new ArrayList<>()).add(parameter.name());
        String path = parameter.path();
        Kind kind = path.endsWith(".weight") && copy.value().rank() > 1 ? Kind.WEIGHT : Kind.BIAS_OR_NORM;
        String module = path.substring(0, path.lastIndexOf('.'));
        ties.add(new Tie(adapter, path, copy.value(), parameter.layer(), parameter.name(), module, kind, null));
    }

    /** Whether this network runs and learns what a state asks for, with these adapters: a name may have gone to another one. */
    boolean isOf(HostState<?> other, List<NetworkAdapter> acting) {
        return numbers(active).equals(numbers(acting))
                && state.learning().equals(other.learning())
                && state.merged().equals(other.merged())
                && state.merges() == other.merges();
    }

    private static List<Integer> numbers(List<NetworkAdapter> adapters) {
        return adapters.stream().map(NetworkAdapter::index).toList();
    }

    N network() {
        return network;
    }

    /** What learns in this state, called as in a graph of SameDiff. */
    List<Learning> learning() {
        return ties.stream()
                .filter(tie -> tie.kind() != null)
                .map(tie -> new Learning(
                        new TrainableParameter(
                                tie.adapter().trainedName(tie.remembered()),
                                tie.module(),
                                tie.kind(),
                                access.parameters(network, tie.layer()).get(tie.parameter())),
                        tie.layer() + "_" + tie.parameter(),
                        tie.update()))
                .toList();
    }

    /** Takes another network of the same structure. */
    void take(N other) {
        network = other;
    }

    /**
     * Builds the network.
     *
     * @param before the network of the state before, whose counts and listeners go on
     * @param parameters finds a parameter of the base by path
     */
    StateNetwork<N> build(N before, Function<String, NetworkParameter> parameters) {
        moved.putAll(residuals(parameters));
        Map<String, Map<String, INDArray>> movedByPlace = movedByPlace(parameters);
        network = access.build(base, places(movedByPlace));
        for (NetworkSite site : access.sites(base)) {
            assign(access.parameters(base, site.key()), access.parameters(network, site.key()));
        }
        ties.forEach(tie ->
                access.parameters(network, tie.layer()).get(tie.parameter()).assign(tie.value()));
        // Last: a start may be taken off a weight that another adapter holds in full.
        movedByPlace.forEach((place, values) -> assign(values, access.parameters(network, place)));
        access.continueFrom(before, network);
        remember();
        return this;
    }

    private Map<String, Map<String, INDArray>> movedByPlace(Function<String, NetworkParameter> parameters) {
        Map<String, Map<String, INDArray>> values = new HashMap<>();
        moved.forEach((path, value) -> {
            NetworkParameter parameter = parameters.apply(path);
            values.computeIfAbsent(parameter.layer(), key -> new HashMap<>()).put(parameter.name(), value);
        });
        return values;
    }

    /** Weights less what the starts of acting adapters took off them, by path. The base itself is whole. */
    private Map<String, INDArray> residuals(Function<String, NetworkParameter> parameters) {
        Map<String, INDArray> residuals = new LinkedHashMap<>();
        for (Taken one : taken) {
            String path = one.path();
            INDArray residual = residuals.computeIfAbsent(
                    path,
                    key -> whole(key).orElse(parameters.apply(key).value()).dup());
            one.move(residual, -1);
        }
        return residuals;
    }

    /** A weight that is not the base's in this state. */
    private Optional<INDArray> whole(String path) {
        INDArray merged = state.merges().get(path);
        return merged != null
                ? Optional.of(merged)
                : active.stream()
                        .filter(adapter -> adapter.copies().containsKey(path))
                        .map(adapter -> adapter.copies().get(path).value())
                        .findFirst();
    }

    /** Writes to what the network has as parameters; what lies outside of it has its values already. */
    private static void assign(Map<String, INDArray> values, Map<String, INDArray> own) {
        own.forEach((name, array) -> {
            if (values.containsKey(name)) {
                array.assign(values.get(name));
            }
        });
    }

    /** Keys of the places of which something learns. */
    Set<String> learners() {
        Set<String> learners = new LinkedHashSet<>(learning.keySet());
        slots.forEach((layer, own) -> {
            if (own.stream().anyMatch(LoraSlot::learns)) {
                learners.add(layer);
            }
        });
        return learners;
    }

    private Map<String, NetworkSite> places(Map<String, Map<String, INDArray>> movedByPlace) {
        Set<String> learners = learners();
        requirePossible(UpdaterEpsilon.problems(
                base.params().dataType(),
                access.sites(base).stream()
                        .filter(site -> learners.contains(site.key()))
                        .toList()));
        Set<String> stock = new HashSet<>();
        for (NetworkSite site : access.sites(base)) {
            if (staysStock(site)) {
                stock.add(site.key());
            }
        }
        NetworkAccess.Reach reach = access.reach(base, learners, stock);
        String inside = inside(learners);
        Map<String, NetworkSite> replaced = new HashMap<>();
        for (NetworkSite site : access.sites(base)) {
            String key = site.key();
            LoraSettings settings = new LoraSettings(
                    slots.getOrDefault(key, List.of()),
                    learning.getOrDefault(key, List.of()),
                    reach.lowest().contains(key),
                    key.equals(inside) ? null : outside(site, movedByPlace.getOrDefault(key, Map.of())));
            if (reach.stopping().contains(key)) {
                replaced.put(key, site.stopped(settings));
            } else if (!stock.contains(key)) {
                requirePossible(site.problems(settings));
                replaced.put(key, site.adapted(settings));
            }
        }
        return replaced;
    }

    private FrozenValues outside(NetworkSite site, Map<String, INDArray> moved) {
        return outside == null ? null : outside.of(site, moved);
    }

    /**
     * The layer that has its parameters in the network all the same, or null: stock graphs count the parameters of layers
     * only, and do not train if there are none, whatever their vertices have.
     */
    private String inside(Set<String> learners) {
        List<NetworkSite> layers = access.sites(base).stream()
                .filter(site -> site instanceof LayerSite && length(site) > 0)
                .toList();
        return learners.isEmpty() || layers.stream().anyMatch(site -> learners.contains(site.key()))
                ? null
                : layers.stream()
                        .min(Comparator.comparingLong(this::length))
                        .map(NetworkSite::key)
                        .orElse(null);
    }

    private long length(NetworkSite site) {
        return access.parameters(base, site.key()).values().stream()
                .mapToLong(INDArray::length)
                .sum();
    }

    private boolean staysStock(NetworkSite site) {
        Set<String> all = access.parameters(base, site.key()).keySet();
        List<String> own = learning.getOrDefault(site.key(), List.of());
        return own.containsAll(all) && !slots.containsKey(site.key()) && !site.doublesGradients();
    }

    // What is possible was found out when each adapter was added, but for what may be missing once it is trained.
    private static void requirePossible(List<String> found) {
        Problems problems = new Problems();
        problems.addAll(found);
        if (!problems.isEmpty()) {
            throw new IllegalStateException(
                    problems.message("network") + ". Correct the base, or setTrainable(name, false).");
        }
    }

    private void remember() {
        Map<String, List<INDArray>> history = new HashMap<>();
        for (Tie tie : ties) {
            List<INDArray> known = tie.adapter().history().get(tie.remembered());
            if (known != null) {
                history.put(tie.layer() + "/" + tie.parameter(), known);
            }
        }
        if (!history.isEmpty()) {
            UpdaterHistory.write(access.updater(network, true), access::key, history);
        }
    }

    /** Brings values and updater history of the adapters up to date. */
    void collect() {
        BaseMultiLayerUpdater<?> updater = access.updater(network, false);
        Map<String, List<INDArray>> history = updater == null ? Map.of() : UpdaterHistory.read(updater, access::key);
        if (!state.merged().isEmpty()) {
            // Nothing learns, and a merged weight may lie where a copy was.
            return;
        }
        for (Tie tie : ties) {
            tie.value().assign(access.parameters(network, tie.layer()).get(tie.parameter()));
            // One adapter may hold in full what another took its start off.
            taken.stream().filter(one -> one.path().equals(tie.remembered())).forEach(one -> one.move(tie.value(), 1));
            List<INDArray> known = history.get(tie.layer() + "/" + tie.parameter());
            if (known != null) {
                tie.adapter().history().put(tie.remembered(), known);
            }
        }
    }
}
