/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.config.Initialization;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/** Networks of one recurrent layer below an output layer, and adapted ones over their values. */
final class Adapting {

    private Adapting() {}

    static MultiLayerNetwork stock(Layer layer, DataType type, int nIn, IUpdater updater, int truncation) {
        NeuralNetConfiguration.ListBuilder list = new NeuralNetConfiguration.Builder()
                .seed(3)
                .updater(updater)
                .dataType(type)
                .weightInit(new NormalDistribution(0, 0.6))
                .list()
                .layer(layer)
                .layer(new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                        .nOut(3)
                        .build());
        if (truncation > 0) {
            list.backpropType(BackpropType.TruncatedBPTT).tBPTTLength(truncation);
        }
        MultiLayerNetwork network = new MultiLayerNetwork(
                list.setInputType(InputType.recurrent(nIn)).build());
        network.init();
        return network;
    }

    static MultiLayerNetwork adapted(MultiLayerNetwork stock, LoraSettings settings) {
        MultiLayerConfiguration conf = stock.getLayerWiseConfigurations().clone();
        NeuralNetConfiguration own = conf.getConf(0);
        own.clearVariables();
        own.setLayer(LayerKinds.adapt(own.getLayer(), settings));
        MultiLayerNetwork network = new MultiLayerNetwork(conf);
        network.init();
        stock.paramTable().forEach((name, value) -> network.getParam(name).assign(value));
        return network;
    }

    static LoraSettings updates(Initialization start, boolean bias, String... weights) {
        List<LoraSlot> slots = new ArrayList<>();
        for (String weight : weights) {
            slots.add(new LoraSlot(0, weight, 2, 0.7, 0, true, bias, start, 5));
        }
        return new LoraSettings(slots, List.of(), false);
    }

    static INDArray normal(DataType type, long... shape) {
        return RandomStreams.normal(RandomStreams.of(7, "features"), 1, type, shape);
    }

    static double[] values(INDArray array) {
        return array.dup('c').data().asDouble();
    }
}
