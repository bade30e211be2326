/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Trainable;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.lora4j.dl4j.layer.LayerKinds;
import org.nd4j.linalg.factory.Nd4j;

/** Layers as vertices of a graph. */
final class GraphAccess extends NetworkAccess<ComputationGraph> {

    @Override
    boolean isReady(ComputationGraph network) {
        return network.getVertices() != null;
    }

    @Override
    List<LayerSite> sites(ComputationGraph network) {
        List<LayerSite> sites = new ArrayList<>();
        for (String name : order(network)) {
            if (network.getConfiguration().getVertices().get(name) instanceof LayerVertex vertex) {
                sites.add(new LayerSite(name, name, vertex.getLayerConf().getLayer()));
            }
        }
        return sites;
    }

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
    Map<String, OutsideValues.Place> places(ComputationGraph network) {
        Map<String, OutsideValues.Place> places = new HashMap<>();
        long from = 0;
        for (String name : order(network)) {
            GraphVertex vertex = network.getConfiguration().getVertices().get(name);
            if (vertex != null) {
                long length = vertex.numParams(true);
                places.put(name, new OutsideValues.Place(from, length));
                from += length;
            }
        }
        return places;
    }

    @Override
    Layer layer(ComputationGraph network, String key) {
        return network.getLayer(key);
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
    List<String> obstacles(ComputationGraph network) {
        List<String> obstacles = new ArrayList<>();
        network.getConfiguration().getVertices().forEach((name, vertex) -> {
            if (!(vertex instanceof LayerVertex) && vertex.numParams(true) > 0) {
                obstacles.add("vertex \"" + name + "\" of kind "
                        + vertex.getClass().getSimpleName() + " has parameters that cannot be frozen");
            }
        });
        return obstacles;
    }

    @Override
    Reach reach(ComputationGraph base, Collection<String> learning, Set<String> stock) {
        Set<String> stopping = stopping(base, learning);
        Set<String> direct = new HashSet<>();
        for (LayerSite site : sites(base)) {
            LayerVertex vertex =
                    (LayerVertex) base.getConfiguration().getVertices().get(site.key());
            if (vertex.getPreProcessor() == null
                    && LayerKinds.isAdaptable(site.conf())
                    && !stopping.contains(site.key())
                    && !stock.contains(site.key())) {
                direct.add(site.key());
            }
        }
        Set<String> lowest = new HashSet<>(direct);
        lowest.removeIf(name -> !needsNothingBelow(base, name, stopping, direct));
        return new Reach(stopping, lowest);
    }

    // Everything that a stopped layer stands on must be stopped too: DL4J refuses vertices that got no gradient.
    private static Set<String> stopping(ComputationGraph base, Collection<String> learning) {
        List<String> networkInputs = base.getConfiguration().getNetworkInputs();
        Set<String> stopping = new HashSet<>();
        for (String name : order(base)) {
            boolean onStopped = inputs(base, name).stream()
                    .allMatch(input -> networkInputs.contains(input) || stopping.contains(input));
            if (onStopped
                    && !learning.contains(name)
                    && !base.getConfiguration().getNetworkOutputs().contains(name)
                    && base.getConfiguration().getVertices().get(name) instanceof LayerVertex vertex
                    && isSteady(vertex.getLayerConf().getLayer(), base.getLayer(name))) {
                stopping.add(name);
            }
        }
        return stopping;
    }

    // DL4J adds up the gradients of all consumers of a vertex, and cannot add none to some.
    private static boolean needsNothingBelow(
            ComputationGraph base, String name, Set<String> stopping, Set<String> direct) {
        String source = inputs(base, name).get(0);
        if (!stopping.contains(source)
                && !base.getConfiguration().getNetworkInputs().contains(source)) {
            return false;
        }
        return base.getConfiguration().getVertices().keySet().stream()
                .filter(other -> inputs(base, other).contains(source))
                .allMatch(other -> stopping.contains(other) || direct.contains(other));
    }

    @Override
    ComputationGraph build(ComputationGraph base, Map<String, org.deeplearning4j.nn.conf.layers.Layer> replaced) {
        ComputationGraphConfiguration conf = base.getConfiguration().clone();
        long length = 0;
        for (Map.Entry<String, GraphVertex> entry : conf.getVertices().entrySet()) {
            if (entry.getValue() instanceof LayerVertex vertex) {
                vertex.getLayerConf().clearVariables();
                if (replaced.containsKey(entry.getKey())) {
                    vertex.getLayerConf().setLayer(replaced.get(entry.getKey()));
                }
            }
            length += entry.getValue().numParams(true);
        }
        ComputationGraph network = new ComputationGraph(conf);
        network.init(Nd4j.create(conf.getDataType(), 1, length), false);
        return network;
    }

    @Override
    void continueFrom(ComputationGraph before, ComputationGraph network) {
        network.getConfiguration().setIterationCount(before.getConfiguration().getIterationCount());
        network.getConfiguration().setEpochCount(before.getConfiguration().getEpochCount());
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
    String configuration(ComputationGraph network) {
        ComputationGraphConfiguration conf = network.getConfiguration().clone();
        conf.setIterationCount(0);
        conf.setEpochCount(0);
        return conf.toJson();
    }
}
