/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.NetworkModule;
import org.lora4j.dl4j.NetworkModules;
import org.lora4j.tribuo.input.InputSpec;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Layers in a row. */
final class MultiLayerBody extends LayerBody<MultiLayerNetwork> {

    MultiLayerBody(MultiLayerNetwork network) {
        super(network);
        output();
    }

    @Override
    public BaseKind kind() {
        return BaseKind.MULTI_LAYER_NETWORK;
    }

    @Override
    public List<InputSpec> inputs() {
        MultiLayerConfiguration conf = network().getLayerWiseConfigurations();
        Layer first = conf.getConf(0).getLayer();
        return List.of(LayerInputs.of(AdaptedLayers.INPUT, first, conf.getInputPreProcess(0)));
    }

    @Override
    public List<String> modules() {
        return NetworkModules.find(plain()).modules().stream()
                .map(NetworkModule::path)
                .toList();
    }

    @Override
    public String contentHash() {
        MultiLayerConfiguration conf = network().getLayerWiseConfigurations().clone();
        conf.setIterationCount(0);
        conf.setEpochCount(0);
        String json = MultiLayerConfiguration.fromJson(conf.toJson()).toJson();
        return new ContentHash()
                .add(kind().name())
                .add(json)
                .add(network().params())
                .hex();
    }

    @Override
    OutputLayer output() {
        int last = network().getnLayers() - 1;
        Layer layer = network().getLayerWiseConfigurations().getConf(last).getLayer();
        return PlainLayers.output(layer, "number " + last);
    }

    @Override
    boolean endsWithOutput() {
        return true;
    }

    @Override
    String outputKey() {
        return String.valueOf(network().getnLayers() - 1);
    }

    @Override
    MultiLayerNetwork over(INDArray values) {
        MultiLayerNetwork same =
                new MultiLayerNetwork(network().getLayerWiseConfigurations().clone());
        same.init(values, false);
        return same;
    }

    @Override
    MultiLayerNetwork over(INDArray values, OutputLayer output) {
        MultiLayerConfiguration conf = network().getLayerWiseConfigurations().clone();
        conf.setIterationCount(0);
        conf.setEpochCount(0);
        conf.setTrainingWorkspaceMode(WorkspaceMode.NONE);
        int last = conf.getConfs().size() - 1;
        for (int i = 0; i <= last; i++) {
            NeuralNetConfiguration own = conf.getConf(i);
            own.clearVariables();
            own.setMiniBatch(true);
            own.setLayer(i == last ? output : PlainLayers.of(own.getLayer()));
        }
        MultiLayerNetwork other = new MultiLayerNetwork(conf);
        // With given parameters DL4J does not reseed its global generator to draw values that nobody needs.
        other.init(values, false);
        return other;
    }

    @Override
    AdaptedNetwork<MultiLayerNetwork> adapt(MultiLayerNetwork copy) {
        return FrozenWeights.adapted(copy);
    }

    @Override
    LayerAccess<MultiLayerNetwork> access() {
        return new Access();
    }

    private static final class Access implements LayerAccess<MultiLayerNetwork> {

        @Override
        public Map<String, Layer> layers(MultiLayerNetwork network) {
            Map<String, Layer> layers = new LinkedHashMap<>();
            for (int i = 0; i < network.getnLayers(); i++) {
                layers.put(
                        String.valueOf(i),
                        network.getLayerWiseConfigurations().getConf(i).getLayer());
            }
            return layers;
        }

        @Override
        public INDArray output(MultiLayerNetwork network, INDArray input) {
            return network.output(input, false);
        }
    }
}
