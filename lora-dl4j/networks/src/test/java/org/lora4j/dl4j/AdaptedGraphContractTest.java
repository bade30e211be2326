/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.model.AdaptedModel;
import org.lora4j.model.AdaptedModelContract;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class AdaptedGraphContractTest extends AdaptedModelContract {

    /** Another mode is another subclass. */
    MemoryMode mode() {
        return MemoryMode.IN_VIEW;
    }

    @Override
    protected AdaptedModel model() {
        return AdaptedNetwork.of(Networks.graph(), mode());
    }

    private static ComputationGraph recurrent(Layer kind) {
        ComputationGraph network = new ComputationGraph(new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .graphBuilder()
                .addInputs("in")
                .addLayer("rnn", kind.clone(), "in")
                .addLayer(
                        "head",
                        new RnnOutputLayer.Builder(LossFunction.MSE).nOut(2).build(),
                        "rnn")
                .setOutputs("head")
                .setInputTypes(InputType.recurrent(2, 4))
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
                .targetModules(ModuleSelector.regex("rnn\\..*"))
                .build();
        return Stream.<Layer>of(
                        new LSTM.Builder().nOut(3).build(),
                        new SimpleRnn.Builder().nOut(3).biasInit(0.2).build())
                .map(kind -> new Sharing(
                        "a bias, " + kind.getClass().getSimpleName(),
                        () -> AdaptedNetwork.of(recurrent(kind), mode()),
                        bias,
                        adapted -> Networks.values(((ComputationGraph) ((AdaptedNetwork<?>) adapted).network())
                                .output(Networks.normal(3, 2, 4))[0]),
                        this::mergedAndUnloaded))
                .toList();
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
        ComputationGraph network = (ComputationGraph) ((AdaptedNetwork<?>) adapted).network();
        return Networks.values(network.output(Networks.normal(5, 4))[0]);
    }

    @Override
    protected AdaptedModel mergedAndUnloaded(AdaptedModel adapted) {
        return AdaptedNetwork.of((ComputationGraph) ((AdaptedNetwork<?>) adapted).mergeAndUnload(), mode());
    }
}
