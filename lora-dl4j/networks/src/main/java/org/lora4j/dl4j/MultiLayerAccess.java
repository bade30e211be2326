/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Trainable;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.lora4j.internal.dl4j.cache.CachingLayers;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Layers in a row. */
final class MultiLayerAccess extends NetworkAccess<MultiLayerNetwork> {

    private final Function<MultiLayerConfiguration, MultiLayerNetwork> constructor;

    MultiLayerAccess() {
        this(MultiLayerNetwork::new);
    }

    private MultiLayerAccess(Function<MultiLayerConfiguration, MultiLayerNetwork> constructor) {
        this.constructor = constructor;
    }

    @Override
    MultiLayerAccess caching() {
        return new MultiLayerAccess(CachingLayers::new);
    }

    @Override
    boolean isReady(MultiLayerNetwork network) {
        return network.isInitCalled();
    }

    @Override
    List<NetworkSite> sites(MultiLayerNetwork network) {
        List<NetworkSite> sites = new ArrayList<>();
        MultiLayerConfiguration conf = network.getLayerWiseConfigurations();
        for (int i = 0; i < network.getnLayers(); i++) {
            org.deeplearning4j.nn.conf.layers.Layer layer = conf.getConf(i).getLayer();
            String name = layer.getLayerName();
            // DL4J calls layers without a name after their index.
            boolean unnamed = name == null || name.isEmpty() || name.equals("layer" + i);
            sites.add(new LayerSite(String.valueOf(i), unnamed ? String.valueOf(i) : name, layer));
        }
        return sites;
    }

    @Override
    Map<String, INDArray> parameters(MultiLayerNetwork network, String key) {
        Map<String, INDArray> table = network.getLayer(Integer.parseInt(key)).paramTable(false);
        return table == null ? Map.of() : table;
    }

    @Override
    Map<String, OutsideValues.Part> parts(MultiLayerNetwork network) {
        Map<String, OutsideValues.Part> parts = new HashMap<>();
        long from = 0;
        for (int i = 0; i < network.getnLayers(); i++) {
            NeuralNetConfiguration conf = network.getLayerWiseConfigurations().getConf(i);
            long length = conf.getLayer().initializer().numParams(conf);
            parts.put(String.valueOf(i), new OutsideValues.Part(from, length));
            from += length;
        }
        return parts;
    }

    @Override
    Set<String> heads(MultiLayerNetwork network) {
        for (int i = network.getnLayers() - 1; i >= 0; i--) {
            if (network.getLayer(i).numParams() > 0) {
                return Set.of(String.valueOf(i));
            }
        }
        return Set.of();
    }

    @Override
    Reach reach(MultiLayerNetwork base, Collection<String> learning, Set<String> stock) {
        int lowest = learning.stream().mapToInt(Integer::parseInt).min().orElse(0);
        MultiLayerConfiguration conf = base.getLayerWiseConfigurations();
        // A preprocessor in between wants a gradient that it can reshape.
        boolean direct = conf.getInputPreProcess(lowest) == null;
        if (lowest == 0) {
            return new Reach(Set.of(), direct ? Set.of("0") : Set.of());
        }
        int below = lowest - 1;
        if (!isSteady(conf.getConf(below).getLayer(), base.getLayer(below))) {
            return new Reach(Set.of(), Set.of());
        }
        return new Reach(Set.of(String.valueOf(below)), direct ? Set.of(String.valueOf(lowest)) : Set.of());
    }

    @Override
    Set<String> unreached(MultiLayerNetwork base) {
        Set<String> unreached = new HashSet<>();
        boolean ended = false;
        for (int i = base.getnLayers() - 1; i >= 0; i--) {
            if (ended) {
                unreached.add(String.valueOf(i));
            }
            ended |= endsGradients(base.getLayerWiseConfigurations().getConf(i).getLayer());
        }
        return unreached;
    }

    @Override
    FrozenPart frozenPart(MultiLayerNetwork base, Set<String> learning) {
        int lowest = learning.stream().mapToInt(Integer::parseInt).min().orElse(0);
        List<String> kept = lowest == 0 ? List.of() : List.of(String.valueOf(lowest - 1));
        return new FrozenPart(sites(base).subList(0, lowest), kept, base.getnLayers() - lowest);
    }

    @Override
    boolean isTruncated(MultiLayerNetwork network) {
        return network.getLayerWiseConfigurations().getBackpropType() == BackpropType.TruncatedBPTT;
    }

    @Override
    MultiLayerNetwork build(MultiLayerNetwork base, Map<String, NetworkSite> replaced, INDArray parameters) {
        MultiLayerConfiguration conf = base.getLayerWiseConfigurations().clone();
        long length = 0;
        for (int i = 0; i < conf.getConfs().size(); i++) {
            NeuralNetConfiguration own = conf.getConf(i);
            own.clearVariables();
            if (replaced.get(String.valueOf(i)) instanceof LayerSite site) {
                own.setLayer(site.conf());
            }
            length += own.getLayer().initializer().numParams(own);
        }
        MultiLayerNetwork network = constructor.apply(conf);
        // With given parameters DL4J does not reseed its global generator to draw values that nobody needs.
        network.init(parameters != null ? parameters : Nd4j.create(conf.getDataType(), 1, length), false);
        return network;
    }

    @Override
    List<String> inputs(MultiLayerNetwork network) {
        return List.of(RowNetwork.INPUT);
    }

    @Override
    List<String> outputs(MultiLayerNetwork network) {
        return List.of(RowNetwork.OUTPUT);
    }

    @Override
    Map<String, List<LayerSite>> readers(MultiLayerNetwork network) {
        boolean direct = network.getLayerWiseConfigurations().getInputPreProcess(0) == null;
        return direct && sites(network).get(0) instanceof LayerSite first
                ? Map.of(RowNetwork.INPUT, List.of(first))
                : Map.of();
    }

    @Override
    List<INDArray> output(MultiLayerNetwork network, List<INDArray> inputs) {
        return List.of(network.output(inputs.get(0), false));
    }

    @Override
    void pass(MultiLayerNetwork network, PassArrays arrays) {
        network.setInput(arrays.features().get(0));
        network.setLabels(arrays.labels().get(0));
        boolean masked =
                !arrays.featureMasks().isEmpty() || !arrays.labelMasks().isEmpty();
        if (masked) {
            network.setLayerMaskArrays(first(arrays.featureMasks()), first(arrays.labelMasks()));
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

    private static INDArray first(List<INDArray> arrays) {
        return arrays.isEmpty() ? null : arrays.get(0);
    }

    @Override
    void continueFrom(MultiLayerNetwork before, MultiLayerNetwork network) {
        setCounts(network, before.getIterationCount(), before.getEpochCount());
        listen(network, before.getListeners());
    }

    @Override
    void listen(MultiLayerNetwork network, Collection<TrainingListener> listeners) {
        network.setListeners(listeners);
    }

    @Override
    BaseMultiLayerUpdater<?> updater(MultiLayerNetwork network, boolean create) {
        return (BaseMultiLayerUpdater<?>) network.getUpdater(create);
    }

    @Override
    String key(Trainable trainable) {
        return String.valueOf(((Layer) trainable).getIndex());
    }

    @Override
    String json(MultiLayerNetwork network) {
        return network.getLayerWiseConfigurations().toJson();
    }

    @Override
    int iterations(MultiLayerNetwork network) {
        return network.getIterationCount();
    }

    @Override
    int epochs(MultiLayerNetwork network) {
        return network.getEpochCount();
    }

    @Override
    void setCounts(MultiLayerNetwork network, int iterations, int epochs) {
        network.setIterationCount(iterations);
        network.setEpochCount(epochs);
    }

    @Override
    String configuration(MultiLayerNetwork network) {
        MultiLayerConfiguration conf = network.getLayerWiseConfigurations().clone();
        conf.setIterationCount(0);
        conf.setEpochCount(0);
        return conf.toJson();
    }
}
