/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.dl4j.layer.LayerWeight;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.GuardedExecutioner;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.lora4j.internal.dl4j.layer.VertexKinds;
import org.lora4j.internal.format.peft.PeftKeys;
import org.lora4j.internal.host.Selection;
import org.lora4j.method.AdapterMethod;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The modules of a network that adapters can be attached to, and the layers and vertices with parameters that cannot be
 * adapted.
 *
 * <p>A module goes by the name of its layer or vertex. Layers of a {@code MultiLayerNetwork} that were not named go by their
 * index, {@code "0"}, {@code "1"} and so on, as in PyTorch's {@code Sequential}. (DL4J calls them {@code layer0}; a layer
 * {@code layer3} at another place than 3 keeps that name.)
 *
 * @apiNote Status: stable
 */
public final class NetworkModules {

    private static final String KINDS = "Kinds of layers with adapters: " + String.join(", ", LayerKinds.names())
            + "; of vertices: " + String.join(", ", VertexKinds.names());

    private final List<NetworkSite> sites;
    private final Map<String, NetworkModule> modules = new LinkedHashMap<>();
    private final Map<String, String> notAdaptable = new LinkedHashMap<>();
    private final Map<String, NetworkSite> siteOf = new HashMap<>();
    private final Set<String> heads;
    private final List<NetworkParameter> parameters = new ArrayList<>();

    private <N extends org.deeplearning4j.nn.api.Model> NetworkModules(N network, NetworkAccess<N> access) {
        sites = List.copyOf(access.sites(network));
        sites.forEach(site -> add(site, access.parameters(network, site.key())));
        requireNames();
        heads = access.heads(network).stream().flatMap(this::paths).collect(Collectors.toUnmodifiableSet());
    }

    private Stream<String> paths(String key) {
        List<String> own = modules.values().stream()
                .filter(module -> module.layer().equals(key))
                .map(NetworkModule::path)
                .toList();
        return own.isEmpty() ? Stream.of(key) : own.stream();
    }

    /**
     * Lists the modules of a network.
     *
     * @param network a network whose {@code init} was called; only read
     * @return its modules
     * @throws IllegalArgumentException if the network is not initialized, has adapted or frozen layers, or a name stands for
     *     two layers; the message lists all of these
     */
    public static NetworkModules find(MultiLayerNetwork network) {
        Arguments.required(network, "NetworkModules.find: network", "a network");
        return find(network, new MultiLayerAccess());
    }

    /**
     * Lists the modules of a graph.
     *
     * @param network a graph whose {@code init} was called; only read
     * @return its modules
     * @throws IllegalArgumentException as for networks
     */
    public static NetworkModules find(ComputationGraph network) {
        Arguments.required(network, "NetworkModules.find: network", "a network");
        return find(network, new GraphAccess());
    }

    static <N extends org.deeplearning4j.nn.api.Model> NetworkModules find(N network, NetworkAccess<N> access) {
        access.requireStock(network);
        GuardedExecutioner.install();
        return new NetworkModules(network, access);
    }

    private void add(NetworkSite site, Map<String, INDArray> values) {
        List<LayerWeight> weights = site.weights();
        Map<String, NetworkModule> byWeight = new LinkedHashMap<>();
        for (LayerWeight weight : weights) {
            String path = weights.size() == 1 ? site.path() : site.path() + "." + weight.name();
            NetworkModule module = new NetworkModule(path, site.key(), site.kind(), weight);
            byWeight.put(weight.name(), module);
            modules.put(path, module);
            siteOf.put(path, site);
        }
        if (weights.isEmpty() && (!values.isEmpty() || site.isAdaptable())) {
            notAdaptable.put(site.path(), site.refusal());
        }
        values.forEach((name, value) -> {
            NetworkModule module = byWeight.get(name);
            String path = module != null ? module.path() + ".weight" : site.path() + "." + site.nameInFiles(name);
            parameters.add(new NetworkParameter(path, site.key(), name, module, site.isVector(name), value));
        });
    }

    // Targets, files and merged weights know everything by its path.
    private void requireNames() {
        Map<String, String> owners = new HashMap<>();
        Problems problems = new Problems();
        for (NetworkSite site : sites) {
            String place = site.kind() + " " + site.key();
            Set<String> taken = new LinkedHashSet<>();
            for (String path : names(site)) {
                String other = owners.putIfAbsent(path, place);
                if (other != null) {
                    taken.add("\"" + path + "\" stands for " + other + " and for " + place
                            + ", expected different names");
                }
            }
            taken.stream().findFirst().ifPresent(problems::add);
            problems.check(
                    names(site).isEmpty() || PeftKeys.isModule(site.path()),
                    place + " is called \"" + site.path()
                            + "\", which files of adapters cannot hold; expected parts with"
                            + " dots between them, none empty, \"base_layer\" or with \"lora_\" in front");
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.message("network")
                    + ". Layers without a name go by their index. Rename one before adapters are attached: in a"
                    + " MultiLayerNetwork with network.getLayerWiseConfigurations().getConf(index).getLayer()"
                    + ".setLayerName(name), in a ComputationGraph where it is built.");
        }
    }

    /** What a place with parameters is known by. */
    private Set<String> names(NetworkSite site) {
        Set<String> names = new LinkedHashSet<>();
        for (NetworkParameter parameter : parameters) {
            if (parameter.layer().equals(site.key())) {
                names.add(site.path());
                names.add(parameter.module());
                names.add(parameter.path());
            }
        }
        return names;
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
     * The layers and vertices that cannot be adapted, though they have parameters or are of a kind that may have some.
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

    /** The bias that is added to the output of a module's weight, if there is one. */
    Optional<NetworkParameter> biasOf(NetworkModule module) {
        return parameters.stream()
                .filter(parameter -> parameter.layer().equals(module.layer())
                        && parameter.name().equals(module.weight().bias()))
                .findFirst();
    }

    /** The type of all parameters. */
    DataType type() {
        return parameters.isEmpty() ? DataType.FLOAT : parameters.get(0).value().dataType();
    }

    List<NetworkSite> sites() {
        return sites;
    }

    NetworkModule get(String path) {
        return modules.get(path);
    }

    /** Whether a method can adapt a module. */
    boolean has(NetworkModule module, AdapterMethod method) {
        return siteOf.get(module.path()).has(method) && method.changesWeight(module.shape());
    }

    Selection.Choice<NetworkModule, NetworkParameter> choice() {
        String list = notAdaptable.isEmpty() ? "" : KINDS + ". ";
        return new Selection.Choice<>(
                modules(), heads, parameters, notAdaptable, "network", list + "Lora.modules(network)");
    }

    /** One line for each module and for each reason why something cannot be adapted, with some of the names. */
    @Override
    public String toString() {
        List<String> lines = new ArrayList<>();
        modules.values().forEach(module -> lines.add(module + (heads.contains(module.path()) ? " (output head)" : "")));
        if (!notAdaptable.isEmpty()) {
            Problems.byReason(notAdaptable.entrySet()).forEach(line -> lines.add("not adaptable: " + line));
            lines.add(KINDS);
        }
        return String.join("\n", lines);
    }
}
