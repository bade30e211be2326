/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.model.MalformedTwinsContract;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Malformed tensors on networks of Deeplearning4j. */
class MalformedTwinsInNetworksTest extends MalformedTwinsContract {

    @Override
    protected List<String> names() {
        return List.of("dense", "embedding", "convolution");
    }

    @Override
    protected Base base(String name) {
        NeuralNetConfiguration.ListBuilder list =
                new NeuralNetConfiguration.Builder().seed(3).list();
        OutputLayer output =
                new OutputLayer.Builder(LossFunction.MSE).name("out").nOut(8).build();
        INDArray input = switch (name) {
            case "dense" -> {
                list.layer(new DenseLayer.Builder()
                        .name("fc")
                        .nOut(4)
                        .hasLayerNorm(true)
                        .build());
                list.setInputType(InputType.feedForward(6));
                yield Networks.normal(3, 6);
            }
            case "embedding" -> {
                list.layer(new EmbeddingLayer.Builder()
                        .name("table")
                        .nIn(7)
                        .nOut(4)
                        .build());
                yield Nd4j.createFromArray(new float[][] {{1}, {5}, {3}});
            }
            default -> {
                list.layer(
                        new ConvolutionLayer.Builder(3, 2).name("conv").nOut(4).build());
                list.setInputType(InputType.convolutional(4, 3, 2));
                yield Networks.normal(3, 2, 4, 3);
            }
        };
        list.layer(name.equals("embedding") ? outputOf(4) : output);
        MultiLayerNetwork network = new MultiLayerNetwork(list.build());
        network.init();
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(network);
        return Base.of(model, () -> Networks.values(model.network().output(input)));
    }

    private static OutputLayer outputOf(int inputs) {
        return new OutputLayer.Builder(LossFunction.MSE)
                .name("out")
                .nIn(inputs)
                .nOut(8)
                .build();
    }

    /** Gains and biases as rows, as layers have them: files of earlier versions hold them so. */
    @Override
    protected boolean isTaken(long[] sound, long[] other) {
        return sound.length == 1 && other.length == 2 && other[0] == 1 && other[1] == sound[0];
    }
}
