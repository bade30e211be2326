/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.model.AdaptedModel;
import org.lora4j.model.AdaptedModelContract;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class AdaptedNetworkContractTest extends AdaptedModelContract {

    /** Another mode is another subclass. */
    MemoryMode mode() {
        return MemoryMode.IN_VIEW;
    }

    @Override
    protected AdaptedModel model() {
        return AdaptedNetwork.of(Networks.mlp(), mode());
    }

    /** Layers whose weights add to one bias. */
    @SuppressWarnings("deprecation") // GravesLSTM is, and saved networks have it.
    private static Map<String, Layer> recurrent() {
        return Map.of(
                "LSTM", new LSTM.Builder().nOut(3).biasInit(0.2).build(),
                "GravesLSTM", new GravesLSTM.Builder().nOut(3).biasInit(0.2).build(),
                "SimpleRnn", new SimpleRnn.Builder().nOut(3).biasInit(0.2).build(),
                "Bidirectional",
                        new Bidirectional(
                                new SimpleRnn.Builder().nOut(3).biasInit(0.2).build()),
                "LastTimeStep", new LastTimeStep(new LSTM.Builder().nOut(3).build()));
    }

    private static MultiLayerNetwork network(Layer kind) {
        boolean series = !(kind instanceof LastTimeStep);
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .list()
                .layer(kind.clone())
                .layer(
                        series
                                ? new RnnOutputLayer.Builder(LossFunction.MSE)
                                        .nOut(2)
                                        .build()
                                : new OutputLayer.Builder(LossFunction.MSE)
                                        .nOut(2)
                                        .build())
                .setInputType(InputType.recurrent(2, 4))
                .build());
        network.init();
        return network;
    }

    @Override
    protected List<Sharing> sharing() {
        LoraConfig bias = LoraConfig.builder()
                .rank(2)
                .alpha(3)
                .loraBias(true)
                .targetModules(ModuleSelector.regex("0\\..*"))
                .build();
        List<Sharing> sharing = new ArrayList<>();
        recurrent()
                .forEach((name, kind) -> sharing.add(new Sharing(
                        "a bias, " + name,
                        () -> AdaptedNetwork.of(network(kind), mode()),
                        bias,
                        adapted -> Networks.values(((MultiLayerNetwork) ((AdaptedNetwork<?>) adapted).network())
                                .output(Networks.normal(3, 2, 4))),
                        this::mergedAndUnloaded)));
        return sharing;
    }

    @Override
    protected LoraConfig config() {
        return LoraConfig.builder()
                .rank(2)
                .alpha(3)
                .targetModules(ModuleSelector.allLinear())
                .build();
    }

    @Override
    protected double[] output(AdaptedModel adapted) {
        MultiLayerNetwork network = (MultiLayerNetwork) ((AdaptedNetwork<?>) adapted).network();
        return Networks.values(network.output(Networks.normal(5, 4)));
    }

    @Override
    protected AdaptedModel mergedAndUnloaded(AdaptedModel adapted) {
        return AdaptedNetwork.of((MultiLayerNetwork) ((AdaptedNetwork<?>) adapted).mergeAndUnload(), mode());
    }
}
