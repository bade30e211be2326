/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.deeplearning4j.nn.api.Trainable;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.graph.AttentionVertex;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.L2NormalizeVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.ReshapeVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.graph.ShiftVertex;
import org.deeplearning4j.nn.conf.graph.StackVertex;
import org.deeplearning4j.nn.conf.graph.SubsetVertex;
import org.deeplearning4j.nn.conf.graph.UnstackVertex;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffVertex;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.lora4j.internal.dl4j.cache.CachingGraph;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Layers as vertices of a graph. */
final class GraphAccess extends NetworkAccess<ComputationGraph> {

    /** Vertices without layers that compute the same in training and in inference, whatever they computed before. */
    private static final Set<Class<? extends GraphVertex>> STEADY = Set.of(
            AttentionVertex.class,
            ElementWiseVertex.class,
            L2NormalizeVertex.class,
            MergeVertex.class,
            ReshapeVertex.class,
            ScaleVertex.class,
            ShiftVertex.class,
            StackVertex.class,
            SubsetVertex.class,
            UnstackVertex.class);

    private final Function<ComputationGraphConfiguration, ComputationGraph> constructor;

    GraphAccess() {
        this(ComputationGraph::new);
    }

    GraphAccess(Function<ComputationGraphConfiguration, ComputationGraph> constructor) {
        this.constructor = constructor;
    }

    @Override
    GraphAccess caching() {
        return new GraphAccess(CachingGraph::new);
    }

    @Override
    boolean isReady(ComputationGraph network) {
        return network.getVertices() != null;
    }

    @Override
    List<NetworkSite> sites(ComputationGraph network) {
        List<NetworkSite> sites = new ArrayList<>();
        for (String name : order(network)) {
            GraphVertex conf = network.getConfiguration().getVertices().get(name);
            if (conf instanceof LayerVertex vertex) {
                sites.add(new LayerSite(name, name, vertex.getLayerConf().getLayer()));
            } else if (conf != null) {
                sites.add(new VertexSite(name, conf));
            }
        }
        return sites;
    }

    /** All vertices, those of inputs included, which have no configuration. */
    private static List<String> order(ComputationGraph network) {
        List<String> names = new ArrayList<>();
        for (int index : network.topologicalSortOrder()) {
            names.add(network.getVertices()[index].getVertexName());
        }
        return names;
    }

    private static List<String> inputs(ComputationGraph network, String vertex) {
        return network.getConfiguration().getVertexInputs().getOrDefault(vertex, List.of());
    }

    @Override
    Map<String, INDArray> parameters(ComputationGraph network, String key) {
        Map<String, INDArray> table = network.getVertex(key).paramTable(false);
        return table == null ? Map.of() : table;
    }

    @Override
    Map<String, OutsideValues.Part> parts(ComputationGraph network) {
        Map<String, OutsideValues.Part> parts = new HashMap<>();
        long from = 0;
        for (String name : order(network)) {
            GraphVertex vertex = network.getConfiguration().getVertices().get(name);
            if (vertex != null) {
                long length = vertex.numParams(true);
                parts.put(name, new OutsideValues.Part(from, length));
                from += length;
            }
        }
        return parts;
    }

    @Override
    Set<String> heads(ComputationGraph network) {
        Set<String> heads = new HashSet<>();
        for (String output : network.getConfiguration().getNetworkOutputs()) {
            String at = output;
            while (network.getVertex(at).numParams() == 0 && inputs(network, at).size() == 1) {
                at = inputs(network, at).get(0);
            }
            heads.add(at);
        }
        return heads;
    }

    @Override
    Reach reach(ComputationGraph base, Collection<String> learning, Set<String> stock) {
        Set<String> stopping = stopping(base, learning);
        Set<String> lowest = new HashSet<>();
        for (NetworkSite site : sites(base)) {
            if (site.canEndGradients()
                    && !hasPreprocessor(base, site.key())
                    && !stopping.contains(site.key())
                    && !stock.contains(site.key())) {
                lowest.add(site.key());
            }
        }
        // One that needs a gradient below makes all that share a source with it need theirs.
        boolean changed = true;
        while (changed) {
            Set<String> without = Set.copyOf(lowest);
            changed = lowest.removeIf(name -> !needsNothingBelow(base, name, stopping, without));
        }
        return new Reach(stopping, lowest);
    }

    // A preprocessor in between wants a gradient that it can reshape.
    private static boolean hasPreprocessor(ComputationGraph base, String name) {
        return base.getConfiguration().getVertices().get(name) instanceof LayerVertex vertex
                && vertex.getPreProcessor() != null;
    }

    // Everything that a stopped place stands on must be stopped too: DL4J refuses vertices that got no gradient.
    private static Set<String> stopping(ComputationGraph base, Collection<String> learning) {
        ComputationGraphConfiguration conf = base.getConfiguration();
        Set<String> stopping = new HashSet<>();
        for (String name : order(base)) {
            boolean onStopped = inputs(base, name).stream()
                    .allMatch(input -> conf.getNetworkInputs().contains(input) || stopping.contains(input));
            if (onStopped
                    && !learning.contains(name)
                    && !conf.getNetworkInputs().contains(name)
                    && !conf.getNetworkOutputs().contains(name)
                    && isSteady(base, name)) {
                stopping.add(name);
            }
        }
        return stopping;
    }

    private static boolean isSteady(ComputationGraph base, String name) {
        GraphVertex conf = base.getConfiguration().getVertices().get(name);
        return conf instanceof LayerVertex vertex
                ? isSteady(vertex.getLayerConf().getLayer(), base.getLayer(name))
                : STEADY.contains(conf.getClass());
    }

    // DL4J adds up the gradients of all consumers of a vertex, and cannot add none to some.
    private static boolean needsNothingBelow(
            ComputationGraph base, String name, Set<String> stopping, Set<String> lowest) {
        ComputationGraphConfiguration conf = base.getConfiguration();
        return inputs(base, name).stream()
                .allMatch(source ->
                        (stopping.contains(source) || conf.getNetworkInputs().contains(source))
                                && conf.getVertices().keySet().stream()
                                        .filter(other -> inputs(base, other).contains(source))
                                        .allMatch(other -> stopping.contains(other) || lowest.contains(other)));
    }

    @Override
    Set<String> unreached(ComputationGraph base) {
        Set<String> reached = new HashSet<>();
        Deque<String> open = new ArrayDeque<>();
        for (String output : base.getConfiguration().getNetworkOutputs()) {
            if (base.getLayer(output) instanceof IOutputLayer) {
                open.add(output);
            }
        }
        if (open.isEmpty()) {
            // Without any loss there is no training, which says so itself.
            return Set.of();
        }
        while (!open.isEmpty()) {
            String name = open.remove();
            GraphVertex conf = base.getConfiguration().getVertices().get(name);
            boolean ends = conf instanceof LayerVertex vertex
                    && endsGradients(vertex.getLayerConf().getLayer());
            if (reached.add(name) && !ends) {
                open.addAll(inputs(base, name));
            }
        }
        Set<String> unreached =
                new HashSet<>(base.getConfiguration().getVertices().keySet());
        unreached.removeAll(reached);
        return unreached;
    }

    @Override
    FrozenPart frozenPart(ComputationGraph base, Set<String> learning) {
        ComputationGraphConfiguration conf = base.getConfiguration();
        Map<String, NetworkSite> below = new LinkedHashMap<>();
        List<NetworkSite> sites = sites(base);
        for (NetworkSite site : sites) {
            boolean onFrozen = inputs(base, site.key()).stream()
                    .allMatch(input -> conf.getNetworkInputs().contains(input) || below.containsKey(input));
            if (onFrozen
                    && !learning.contains(site.key())
                    && !conf.getNetworkOutputs().contains(site.key())) {
                below.put(site.key(), site);
            }
        }
        List<String> kept = below.keySet().stream()
                .filter(key -> sites.stream()
                        .anyMatch(site -> !below.containsKey(site.key())
                                && inputs(base, site.key()).contains(key)))
                .toList();
        return new FrozenPart(List.copyOf(below.values()), kept, sites.size() - below.size());
    }

    @Override
    boolean isTruncated(ComputationGraph network) {
        return network.getConfiguration().getBackpropType() == BackpropType.TruncatedBPTT;
    }

    @Override
    ComputationGraph build(ComputationGraph base, Map<String, NetworkSite> replaced, INDArray parameters) {
        ComputationGraphConfiguration conf = base.getConfiguration().clone();
        long length = 0;
        for (Map.Entry<String, GraphVertex> entry : conf.getVertices().entrySet()) {
            NetworkSite replacement = replaced.get(entry.getKey());
            if (replacement instanceof VertexSite site) {
                entry.setValue(site.conf());
            } else if (entry.getValue() instanceof LayerVertex vertex) {
                vertex.getLayerConf().clearVariables();
                if (replacement instanceof LayerSite site) {
                    vertex.getLayerConf().setLayer(site.conf());
                }
            } else if (entry.getValue() instanceof SameDiffVertex copy) {
                complete(copy, (SameDiffVertex)
                        base.getConfiguration().getVertices().get(entry.getKey()));
            }
            length += entry.getValue().numParams(true);
        }
        ComputationGraph network = constructor.apply(conf);
        network.init(parameters != null ? parameters : Nd4j.create(conf.getDataType(), 1, length), false);
        return network;
    }

    @Override
    List<String> inputs(ComputationGraph network) {
        return List.copyOf(network.getConfiguration().getNetworkInputs());
    }

    @Override
    List<String> outputs(ComputationGraph network) {
        return List.copyOf(network.getConfiguration().getNetworkOutputs());
    }

    @Override
    Map<String, List<LayerSite>> readers(ComputationGraph network) {
        Map<String, List<LayerSite>> readers = new LinkedHashMap<>();
        for (NetworkSite site : sites(network)) {
            if (site instanceof LayerSite layer && !hasPreprocessor(network, site.key())) {
                inputs(network, site.key()).stream()
                        .filter(inputs(network)::contains)
                        .forEach(input -> readers.computeIfAbsent(input, key -> new ArrayList<>())
                                .add(layer));
            }
        }
        return readers;
    }

    @Override
    List<INDArray> output(ComputationGraph network, List<INDArray> inputs) {
        return List.of(network.output(false, inputs.toArray(new INDArray[0])));
    }

    // AttentionVertex.clone() of M2.1 forgets how its parameters are trained.
    private static void complete(SameDiffVertex copy, SameDiffVertex original) {
        copy.setName(original.getName());
        copy.setUpdater(original.getUpdater());
        copy.setBiasUpdater(original.getBiasUpdater());
        copy.setRegularization(original.getRegularization());
        copy.setRegularizationBias(original.getRegularizationBias());
        copy.setGradientNormalization(original.getGradientNormalization());
        copy.setGradientNormalizationThreshold(original.getGradientNormalizationThreshold());
        copy.setDataType(original.getDataType());
    }

    @Override
    void pass(ComputationGraph network, PassArrays arrays) {
        network.setInputs(arrays.features().toArray(new INDArray[0]));
        network.setLabels(arrays.labels().toArray(new INDArray[0]));
        boolean masked =
                !arrays.featureMasks().isEmpty() || !arrays.labelMasks().isEmpty();
        if (masked) {
            network.setLayerMaskArrays(orNull(arrays.featureMasks()), orNull(arrays.labelMasks()));
        }
        try {
            network.computeGradientAndScore();
        } finally {
            if (masked) {
                network.clearLayerMaskArrays();
            }
            network.clearLayersStates();
        }
    }

    private static INDArray[] orNull(List<INDArray> arrays) {
        return arrays.isEmpty() ? null : arrays.toArray(new INDArray[0]);
    }

    @Override
    void continueFrom(ComputationGraph before, ComputationGraph network) {
        setCounts(network, iterations(before), epochs(before));
        listen(network, before.getListeners());
    }

    @Override
    void listen(ComputationGraph network, Collection<TrainingListener> listeners) {
        network.setListeners(listeners);
    }

    @Override
    BaseMultiLayerUpdater<?> updater(ComputationGraph network, boolean create) {
        return network.getUpdater(create);
    }

    @Override
    String key(Trainable trainable) {
        return ((org.deeplearning4j.nn.graph.vertex.GraphVertex) trainable).getVertexName();
    }

    @Override
    String json(ComputationGraph network) {
        return network.getConfiguration().toJson();
    }

    @Override
    int iterations(ComputationGraph network) {
        return network.getConfiguration().getIterationCount();
    }

    @Override
    int epochs(ComputationGraph network) {
        return network.getConfiguration().getEpochCount();
    }

    @Override
    void setCounts(ComputationGraph network, int iterations, int epochs) {
        network.getConfiguration().setIterationCount(iterations);
        network.getConfiguration().setEpochCount(epochs);
    }

    @Override
    String configuration(ComputationGraph network) {
        ComputationGraphConfiguration conf = network.getConfiguration().clone();
        conf.setIterationCount(0);
        conf.setEpochCount(0);
        return conf.toJson();
    }
}
