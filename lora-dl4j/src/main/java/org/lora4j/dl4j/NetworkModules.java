/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.dl4j.layer.LayerKinds;
import org.lora4j.dl4j.layer.LayerWeight;
import org.lora4j.dl4j.layer.SlotMethod;
import org.lora4j.host.Selection;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The modules of a network that adapters can be attached to, and the layers with parameters that cannot be adapted.
 *
 * <p>A module goes by the name of its layer or vertex. Layers of a {@code MultiLayerNetwork} that were not named go by their
 * index, {@code "0"}, {@code "1"} and so on, as in PyTorch's {@code Sequential}. (DL4J calls them {@code layer0}; a layer
 * {@code layer3} at another place than 3 keeps that name.)
 *
 * @apiNote Status: experimental
 */
public final class NetworkModules {

    private final Map<String, NetworkModule> modules = new LinkedHashMap<>();
    private final Map<String, String> notAdaptable = new LinkedHashMap<>();
    private final Set<String> withDora = new HashSet<>();
    private final Set<String> heads;
    private final List<NetworkParameter> parameters = new ArrayList<>();

    private <N extends org.deeplearning4j.nn.api.Model> NetworkModules(N network, NetworkAccess<N> access) {
        for (LayerSite site : access.sites(network)) {
            Map<String, INDArray> values = access.layer(network, site.key()).paramTable(false);
            add(site, values == null ? Map.of() : values);
        }
        heads = access.heads(network).stream()
                .map(key -> modules.values().stream()
                        .filter(module -> module.layer().equals(key))
                        .map(NetworkModule::path)
                        .findFirst()
                        .orElse(key))
                .collect(Collectors.toUnmodifiableSet());
    }

    /**
     * Lists the modules of a network.
     *
     * @param network a network whose {@code init} was called; only read
     * @return its modules
     */
    public static NetworkModules find(MultiLayerNetwork network) {
        return find(network, new MultiLayerAccess());
    }

    /**
     * Lists the modules of a graph.
     *
     * @param network a graph whose {@code init} was called; only read
     * @return its modules
     */
    public static NetworkModules find(ComputationGraph network) {
        return find(network, new GraphAccess());
    }

    static <N extends org.deeplearning4j.nn.api.Model> NetworkModules find(N network, NetworkAccess<N> access) {
        access.requireStock(network);
        return new NetworkModules(network, access);
    }

    private void add(LayerSite site, Map<String, INDArray> values) {
        List<LayerWeight> weights = LayerKinds.weights(site.conf());
        Map<String, NetworkModule> byWeight = new LinkedHashMap<>();
        for (LayerWeight weight : weights) {
            String path = weights.size() == 1 ? site.path() : site.path() + "." + weight.name();
            NetworkModule module =
                    new NetworkModule(path, site.key(), site.conf().getClass().getSimpleName(), weight);
            byWeight.put(weight.name(), module);
            modules.put(path, module);
            if (LayerKinds.has(site.conf(), SlotMethod.DORA)) {
                withDora.add(path);
            }
        }
        if (weights.isEmpty() && !values.isEmpty()) {
            notAdaptable.put(
                    site.path(),
                    "layers of kind " + site.conf().getClass().getSimpleName() + " have no adapters (those that have: "
                            + LayerKinds.names() + ")");
        }
        values.forEach((name, value) -> {
            NetworkModule module = byWeight.get(name);
            String path = module != null ? module.path() + ".weight" : site.path() + "." + own(site.conf(), name);
            parameters.add(new NetworkParameter(path, site.key(), name, module, value));
        });
    }

    /** The names of PyTorch where there are some. */
    private static String own(Layer layer, String name) {
        return switch (name) {
            case "b", "beta" -> "bias";
            case "W", "gamma" -> "weight";
            default -> layer.initializer().isBiasParam(layer, name) ? "bias_" + name : name;
        };
    }

    /**
     * The modules.
     *
     * @return all of them in the order of the network's layers
     */
    public List<NetworkModule> modules() {
        return List.copyOf(modules.values());
    }

    /**
     * The layers with parameters that cannot be adapted.
     *
     * @return the reason by path
     */
    public Map<String, String> notAdaptable() {
        return Map.copyOf(notAdaptable);
    }

    /**
     * The modules that "all linear" leaves out because the network ends with them.
     *
     * @return their paths
     */
    public Set<String> heads() {
        return heads;
    }

    List<NetworkParameter> parameters() {
        return parameters;
    }

    NetworkModule get(String path) {
        return modules.get(path);
    }

    /** Whether a method can adapt a module. */
    boolean has(NetworkModule module, SlotMethod method) {
        return method == SlotMethod.LORA || withDora.contains(module.path());
    }

    Selection.Choice<NetworkModule, NetworkParameter> choice() {
        return new Selection.Choice<>(modules(), heads, parameters, notAdaptable, "network", "Lora.modules(network)");
    }

    /** One line for each module and each layer that cannot be adapted. */
    @Override
    public String toString() {
        List<String> lines = new ArrayList<>();
        modules.values().forEach(module -> lines.add(module + (heads.contains(module.path()) ? " (output head)" : "")));
        notAdaptable.forEach((path, reason) -> lines.add(path + ": not adaptable, " + reason));
        return String.join("\n", lines);
    }
}
