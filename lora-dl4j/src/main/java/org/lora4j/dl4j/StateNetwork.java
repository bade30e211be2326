/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.ArrayList;
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
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.lora4j.dl4j.NetworkAdapter.Copy;
import org.lora4j.dl4j.NetworkAdapter.Part;
import org.lora4j.dl4j.layer.FrozenBaseLayer;
import org.lora4j.dl4j.layer.LayerKinds;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.host.HostState;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The network of one state: which layers it has and where the values of adapters lie in it.
 *
 * @param <N> kind of network
 */
final class StateNetwork<N extends Model> {

    private final NetworkAccess<N> access;
    private final N base;
    private final List<NetworkAdapter> active;
    private final HostState state;
    private final Map<String, List<LoraSlot>> slots = new LinkedHashMap<>();
    private final Map<String, List<String>> learning = new LinkedHashMap<>();
    private final List<Tie> ties = new ArrayList<>();
    private final List<Taken> taken = new ArrayList<>();
    private N network;

    /** A value of an adapter and the parameter of the network that holds it while the adapter is active. */
    private record Tie(NetworkAdapter adapter, String remembered, INDArray value, String layer, String parameter) {}

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

    StateNetwork(NetworkAccess<N> access, N base, List<NetworkAdapter> active, HostState state) {
        this.access = access;
        this.base = base;
        this.active = active;
        this.state = state;
        for (NetworkAdapter adapter : active) {
            boolean learns = state.learning().contains(adapter.name());
            if (!state.merged().contains(adapter.name())) {
                adapter.parts().values().forEach(part -> attach(adapter, part, learns));
            }
            adapter.copies().values().forEach(copy -> replace(adapter, copy, learns));
        }
    }

    private void attach(NetworkAdapter adapter, Part part, boolean learns) {
        LoraSlot slot = adapter.slot(part, learns);
        String layer = part.module().layer();
        slots.computeIfAbsent(layer, key -> new ArrayList<>()).add(slot);
        if (!part.start().isEmpty()) {
            taken.add(new Taken(adapter, part));
        }
        part.factors().forEach((suffix, value) -> {
            String parameter = parameter(part, slot, suffix);
            ties.add(new Tie(adapter, part.module().path() + "." + suffix, value, layer, parameter));
        });
    }

    private static String parameter(Part part, LoraSlot slot, String suffix) {
        return part.module().weight().parameter(slot, suffix);
    }

    private void replace(NetworkAdapter adapter, Copy copy, boolean learns) {
        NetworkParameter parameter = copy.parameter();
        if (learns) {
            learning.computeIfAbsent(parameter.layer(), key -> new ArrayList<>())
                    .add(parameter.name());
        }
        ties.add(new Tie(adapter, parameter.path(), copy.value(), parameter.layer(), parameter.name()));
    }

    /** Whether this network runs and learns what a state asks for. */
    boolean isOf(HostState other) {
        return state.active().equals(other.active())
                && state.learning().equals(other.learning())
                && state.merged().equals(other.merged())
                && state.merges() == other.merges();
    }

    N network() {
        return network;
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
        network = access.build(base, layers());
        for (LayerSite site : access.sites(base)) {
            copy(access.layer(base, site.key()).paramTable(false), access.layer(network, site.key()));
        }
        ties.forEach(tie ->
                access.layer(network, tie.layer()).getParam(tie.parameter()).assign(tie.value()));
        Map<String, INDArray> moved = new LinkedHashMap<>(state.merges());
        moved.putAll(residuals(parameters));
        moved.forEach((path, value) -> {
            NetworkParameter parameter = parameters.apply(path);
            access.layer(network, parameter.layer()).getParam(parameter.name()).assign(value);
        });
        access.continueFrom(before, network);
        remember();
        return this;
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

    private static void copy(Map<String, INDArray> from, org.deeplearning4j.nn.api.Layer to) {
        if (from != null) {
            from.forEach((name, value) -> to.getParam(name).assign(value));
        }
    }

    private Map<String, Layer> layers() {
        Set<String> learners = new LinkedHashSet<>(learning.keySet());
        slots.forEach((layer, own) -> {
            if (own.stream().anyMatch(LoraSlot::learns)) {
                learners.add(layer);
            }
        });
        Map<String, Set<String>> names = new HashMap<>();
        Set<String> stock = new HashSet<>();
        for (LayerSite site : access.sites(base)) {
            Map<String, INDArray> table = access.layer(base, site.key()).paramTable(false);
            Set<String> all = table == null ? Set.of() : table.keySet();
            names.put(site.key(), all);
            List<String> own = learning.getOrDefault(site.key(), List.of());
            if (own.containsAll(all) && !slots.containsKey(site.key())) {
                stock.add(site.key());
            }
        }
        NetworkAccess.Reach reach = access.reach(base, learners, stock);
        Map<String, Layer> replaced = new HashMap<>();
        for (LayerSite site : access.sites(base)) {
            boolean withoutParameters = names.get(site.key()).isEmpty();
            if (reach.stopping().contains(site.key())) {
                replaced.put(site.key(), stopped(site));
            } else if (!withoutParameters && !stock.contains(site.key())) {
                replaced.put(site.key(), frozen(site, reach.lowest().contains(site.key())));
            }
        }
        return replaced;
    }

    private Layer stopped(LayerSite site) {
        // Updates that do not learn may act below those that do.
        boolean acts = slots.containsKey(site.key());
        FrozenLayer layer =
                new FrozenLayer(acts ? frozen(site, false) : site.conf().clone());
        // Without it the stock class takes the name from the layer inside when it is read from JSON.
        layer.setLayerName(site.conf().getLayerName());
        return layer;
    }

    private Layer frozen(LayerSite site, boolean lowest) {
        List<String> own = learning.getOrDefault(site.key(), List.of());
        return LayerKinds.isAdaptable(site.conf())
                ? LayerKinds.adapt(
                        site.conf(), new LoraSettings(slots.getOrDefault(site.key(), List.of()), own, lowest))
                : new FrozenBaseLayer(site.conf(), own);
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
            tie.value().assign(access.layer(network, tie.layer()).getParam(tie.parameter()));
            // One adapter may hold in full what another took its start off.
            taken.stream().filter(one -> one.path().equals(tie.remembered())).forEach(one -> one.move(tie.value(), 1));
            List<INDArray> known = history.get(tie.layer() + "/" + tie.parameter());
            if (known != null) {
                tie.adapter().history().put(tie.remembered(), known);
            }
        }
    }
}
