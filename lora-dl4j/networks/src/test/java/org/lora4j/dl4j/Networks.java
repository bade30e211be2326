/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.SplittableRandom;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Small networks in double precision, equal at each call, and batches for them. */
final class Networks {

    private Networks() {}

    private static NeuralNetConfiguration.Builder base() {
        return new NeuralNetConfiguration.Builder()
                .seed(11)
                .dataType(DataType.DOUBLE)
                .updater(new Adam(0.02))
                .activation(Activation.TANH);
    }

    /** Dense layers fc1, fc2 and the output layer "head". */
    static MultiLayerNetwork mlp() {
        MultiLayerNetwork network = new MultiLayerNetwork(base().list()
                .layer(new DenseLayer.Builder().name("fc1").nIn(4).nOut(6).build())
                .layer(new DenseLayer.Builder().name("fc2").nIn(6).nOut(5).build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .nIn(5)
                        .nOut(3)
                        .build())
                .build());
        network.init();
        return network;
    }

    /** A residual graph: fc1, fc2, their sum, and the output layer "head". */
    static ComputationGraph graph() {
        ComputationGraph network = new ComputationGraph(base().graphBuilder()
                .addInputs("in")
                .addLayer("enc.fc1", new DenseLayer.Builder().nIn(4).nOut(5).build(), "in")
                .addLayer("enc.fc2", new DenseLayer.Builder().nIn(5).nOut(5).build(), "enc.fc1")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "enc.fc1", "enc.fc2")
                .addLayer(
                        "head",
                        new OutputLayer.Builder(LossFunction.MCXENT)
                                .nIn(5)
                                .nOut(3)
                                .build(),
                        "sum")
                .setOutputs("head")
                .build());
        network.init();
        return network;
    }

    /** A graph of layers in a row: fc1, fc2, and the output layer "head". */
    static ComputationGraph chain(DataType type) {
        ComputationGraph network = new ComputationGraph(base().dataType(type)
                .graphBuilder()
                .addInputs("in")
                .addLayer("fc1", new DenseLayer.Builder().nIn(4).nOut(6).build(), "in")
                .addLayer("fc2", new DenseLayer.Builder().nIn(6).nOut(5).build(), "fc1")
                .addLayer(
                        "head",
                        new OutputLayer.Builder(LossFunction.MCXENT)
                                .nIn(5)
                                .nOut(3)
                                .build(),
                        "fc2")
                .setOutputs("head")
                .build());
        network.init();
        return network;
    }

    /** Layers without names: convolution, pooling, convolution, dense, output. */
    static MultiLayerNetwork cnn() {
        MultiLayerNetwork network = new MultiLayerNetwork(base().list()
                .layer(new ConvolutionLayer.Builder(3, 3).nOut(3).build())
                .layer(new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX)
                        .kernelSize(2, 2)
                        .stride(2, 2)
                        .build())
                .layer(new ConvolutionLayer.Builder(2, 2).nOut(4).build())
                .layer(new DenseLayer.Builder().nOut(6).build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT).nOut(3).build())
                .setInputType(InputType.convolutional(8, 8, 1))
                .build());
        network.init();
        return network;
    }

    /** Batch normalization between adaptable layers, after some steps of training. */
    static MultiLayerNetwork normalized() {
        MultiLayerNetwork network = new MultiLayerNetwork(base().list()
                .layer(new ConvolutionLayer.Builder(3, 3).name("conv").nOut(3).build())
                .layer(new BatchNormalization.Builder().name("bn2d").build())
                .layer(new DenseLayer.Builder().name("fc").nOut(6).build())
                .layer(new BatchNormalization.Builder().name("bn").build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .nOut(3)
                        .build())
                .setInputType(InputType.convolutional(5, 5, 2))
                .build());
        network.init();
        for (int i = 0; i < 5; i++) {
            network.fit(normal(6, 2, 5, 5), classes(6, 3));
        }
        return network;
    }

    /** A kind of layer that has no adapters. */
    static MultiLayerNetwork coder() {
        MultiLayerNetwork network = new MultiLayerNetwork(base().list()
                .layer(new AutoEncoder.Builder().name("coder").nIn(3).nOut(4).build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .nIn(4)
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
        network.init();
        return network;
    }

    /** An LSTM above a dense layer over time. */
    static MultiLayerNetwork recurrent() {
        return series(new LSTM.Builder().name("lstm").nOut(4).build());
    }

    /** The same with peepholes, which lie in the recurrent weight. */
    @SuppressWarnings("deprecation")
    static MultiLayerNetwork graves() {
        return series(new GravesLSTM.Builder().name("lstm").nOut(4).build());
    }

    private static MultiLayerNetwork series(Layer memory) {
        MultiLayerNetwork network = new MultiLayerNetwork(base().l2(0.01)
                .list()
                .layer(new DenseLayer.Builder().name("below").nOut(4).build())
                .layer(memory)
                .layer(new RnnOutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .nOut(3)
                        .build())
                .setInputType(InputType.recurrent(3, 5))
                .build());
        network.init();
        return network;
    }

    static INDArray normal(long... shape) {
        return RandomStreams.normal(RandomStreams.of(5, "x"), 1, DataType.DOUBLE, shape);
    }

    static INDArray classes(int rows, int classes) {
        INDArray labels = Nd4j.zeros(DataType.DOUBLE, rows, classes);
        SplittableRandom random = RandomStreams.of(5, "y");
        for (int i = 0; i < rows; i++) {
            labels.putScalar(i, random.nextInt(classes), 1);
        }
        return labels;
    }

    static double[] values(INDArray array) {
        return array.dup('c').data().asDouble();
    }
}
