/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import java.util.List;
import java.util.SplittableRandom;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.random.RandomStreams;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Small networks to adapt. */
public final class Bases {

    /** Names of the features in the order of the inputs of {@link #mlp}. */
    public static final List<String> FEATURES = List.of("A", "B", "C", "D");

    private Bases() {}

    /** Two hidden layers, with everything of its own training that a base may have. */
    public static MultiLayerNetwork mlp(int inputs, int outputs, long seed) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(seed)
                .updater(new Adam(1e-3))
                .activation(Activation.TANH)
                .list()
                .layer(new DenseLayer.Builder().name("fc1").nIn(inputs).nOut(16).build())
                .layer(new DenseLayer.Builder()
                        .name("fc2")
                        .nIn(16)
                        .nOut(12)
                        .dropOut(0.5)
                        .l2(0.1)
                        .build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .name("out")
                        .activation(Activation.SOFTMAX)
                        .nIn(12)
                        .nOut(outputs)
                        .build())
                .build());
        network.init();
        return network;
    }

    /** A convolution over pictures of 4 x 4. */
    public static MultiLayerNetwork convolution(int outputs, long seed) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(seed)
                .activation(Activation.TANH)
                .list()
                .layer(new ConvolutionLayer.Builder(3, 3)
                        .name("conv")
                        .nIn(1)
                        .nOut(5)
                        .build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .name("out")
                        .activation(Activation.SOFTMAX)
                        .nOut(outputs)
                        .build())
                .setInputType(InputType.convolutional(4, 4, 1))
                .build());
        network.init();
        return network;
    }

    /** The mean of token vectors, without a mask. */
    public static MultiLayerNetwork bagOfTokens(int vocabulary, int outputs, long seed) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(seed)
                .list()
                .layer(new EmbeddingSequenceLayer.Builder()
                        .name("tokens")
                        .nIn(vocabulary)
                        .nOut(6)
                        .build())
                .layer(new GlobalPoolingLayer(PoolingType.AVG))
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .name("out")
                        .activation(Activation.SOFTMAX)
                        .nIn(6)
                        .nOut(outputs)
                        .build())
                .build());
        network.init();
        return network;
    }

    /** Layers in a graph, with a skip connection. */
    public static ComputationGraph graph(int inputs, int outputs, long seed) {
        ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder()
                .seed(seed)
                .updater(new Adam(1e-3))
                .activation(Activation.TANH)
                .graphBuilder()
                .addInputs("in")
                .addLayer("fc1", new DenseLayer.Builder().nIn(inputs).nOut(8).build(), "in")
                .addLayer("fc2", new DenseLayer.Builder().nIn(8).nOut(8).build(), "fc1")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "fc1", "fc2")
                .addLayer(
                        "out",
                        new OutputLayer.Builder(LossFunction.MCXENT)
                                .activation(Activation.SOFTMAX)
                                .nIn(8)
                                .nOut(outputs)
                                .build(),
                        "sum")
                .setOutputs("out")
                .build());
        graph.init();
        return graph;
    }

    /** Layers in a graph, some of which lead nowhere and come after the output. */
    public static ComputationGraph graphWithDanglingLayer(int inputs, int outputs, long seed) {
        ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder()
                .seed(seed)
                .activation(Activation.TANH)
                .graphBuilder()
                .allowDisconnected(true)
                .addInputs("in")
                .addLayer("fc1", new DenseLayer.Builder().nIn(inputs).nOut(8).build(), "in")
                .addLayer(
                        "out",
                        new OutputLayer.Builder(LossFunction.MCXENT)
                                .activation(Activation.SOFTMAX)
                                .nIn(8)
                                .nOut(outputs)
                                .build(),
                        "fc1")
                .addLayer("aside1", new DenseLayer.Builder().nIn(8).nOut(8).build(), "fc1")
                .addLayer("aside2", new DenseLayer.Builder().nIn(8).nOut(8).build(), "aside1")
                .setOutputs("out")
                .build());
        graph.init();
        return graph;
    }

    /** Two linear modules with tanh in between; {@code "features"} is [batch, 6]. */
    public static SameDiff sameDiff(int inputs, long seed) {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, inputs);
        SDVariable hidden = sd.math().tanh(linear(sd, x, "fc1", inputs, 8, seed));
        sd.math().tanh("features", linear(sd, hidden, "fc2", 8, 6, seed + 1));
        return sd;
    }

    private static SDVariable linear(SameDiff sd, SDVariable x, String name, int in, int out, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        SDVariable weight = sd.constant(
                name + ".weight", RandomStreams.uniform(random, 1 / Math.sqrt(in), DataType.FLOAT, in, out));
        SDVariable bias = sd.constant(name + ".bias", RandomStreams.uniform(random, 0.1, DataType.FLOAT, out));
        return x.mmul(weight).add(bias);
    }
}
