/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.dl4j;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.lora4j.config.LoraConfig;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** A network, a batch for it, and what is adapted. */
enum Model {
    /** 784-2048-2048-10. */
    MLP_256("MLP 784-2048-2048-10, batch 256", List.of("fc1", "fc2"), 3, () -> mlp(256)),
    MLP_32("MLP 784-2048-2048-10, batch 32", List.of("fc1", "fc2"), 8, () -> mlp(32)),
    /** Three convolutions over images as of CIFAR-10. */
    CONVOLUTION(
            "convolutions 3-32-64-64 of 3 x 3 over 32 x 32, batch 32",
            List.of("conv1", "conv2", "conv3"),
            2,
            Model::convolutions),
    /** Next characters, one of 64. */
    LSTM("LSTM 64-256, 50 steps, batch 32", List.of("lstm.W", "lstm.RW"), 2, Model::characters);

    static final int RANK = 8;
    static final int SEED = 1;

    private static final double RATE = 1e-4;

    private final String label;
    private final List<String> targets;
    private final int turns;
    private final Supplier<Task> task;

    Model(String label, List<String> targets, int turns, Supplier<Task> task) {
        this.label = label;
        this.targets = targets;
        this.turns = turns;
        this.task = task;
    }

    /**
     * A network and a batch.
     *
     * @param network a new network
     * @param batch features and labels
     */
    record Task(MultiLayerNetwork network, DataSet batch) {}

    String label() {
        return label;
    }

    /** So many turns in a round, more where they are short and the ratios that are asked for are close to 1. */
    int turnsOfARound() {
        return turns;
    }

    boolean isRecurrent() {
        return this == LSTM;
    }

    Task task() {
        return task.get();
    }

    LoraConfig config() {
        return LoraConfig.builder()
                .rank(RANK)
                .alpha(2 * RANK)
                .targetModules(targets.toArray(String[]::new))
                .build();
    }

    private static MultiLayerNetwork network(InputType input, Layer... layers) {
        NeuralNetConfiguration.ListBuilder list = new NeuralNetConfiguration.Builder()
                .seed(SEED)
                .dataType(DataType.FLOAT)
                .weightInit(WeightInit.RELU)
                .activation(Activation.RELU)
                .updater(new Adam(RATE))
                .list(layers);
        MultiLayerNetwork network =
                new MultiLayerNetwork(list.setInputType(input).build());
        network.init();
        return network;
    }

    private static Task mlp(int batch) {
        MultiLayerNetwork network = network(
                InputType.feedForward(784),
                new DenseLayer.Builder().name("fc1").nOut(2048).build(),
                new DenseLayer.Builder().name("fc2").nOut(2048).build(),
                head(10));
        return new Task(network, new DataSet(uniform(batch, 784), classes(batch, 10, 1)));
    }

    private static OutputLayer head(int classes) {
        return new OutputLayer.Builder(LossFunction.MCXENT)
                .name("head")
                .nOut(classes)
                .activation(Activation.SOFTMAX)
                .build();
    }

    private static Task convolutions() {
        MultiLayerNetwork network = network(
                InputType.convolutional(32, 32, 3),
                convolution("conv1", 32),
                pooling(),
                convolution("conv2", 64),
                pooling(),
                convolution("conv3", 64),
                head(10));
        return new Task(network, new DataSet(uniform(32, 3, 32, 32), classes(32, 10, 1)));
    }

    private static ConvolutionLayer convolution(String name, int channels) {
        return new ConvolutionLayer.Builder(3, 3)
                .name(name)
                .nOut(channels)
                .convolutionMode(ConvolutionMode.Same)
                .build();
    }

    private static SubsamplingLayer pooling() {
        return new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX)
                .kernelSize(2, 2)
                .stride(2, 2)
                .build();
    }

    private static Task characters() {
        int batch = 32;
        int alphabet = 64;
        int time = 50;
        MultiLayerNetwork network = network(
                InputType.recurrent(alphabet),
                new LSTM.Builder()
                        .name("lstm")
                        .nOut(256)
                        .activation(Activation.TANH)
                        .weightInit(WeightInit.XAVIER)
                        .build(),
                new RnnOutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .nOut(alphabet)
                        .activation(Activation.SOFTMAX)
                        .build());
        return new Task(network, new DataSet(classes(batch, alphabet, time), classes(batch, alphabet, time)));
    }

    private static INDArray uniform(long... shape) {
        SplittableRandom random = new SplittableRandom(SEED);
        float[] values = new float[Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact))];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return Nd4j.create(values, shape, 'c');
    }

    /** One of so many classes: [batch, classes], or [batch, classes, time] for several steps. */
    private static INDArray classes(int batch, int classes, int time) {
        SplittableRandom random = new SplittableRandom(SEED);
        INDArray array = Nd4j.zeros(DataType.FLOAT, batch, classes, time);
        for (int row = 0; row < batch; row++) {
            for (int step = 0; step < time; step++) {
                array.putScalar(row, random.nextInt(classes), step, 1);
            }
        }
        return time == 1 ? array.reshape(batch, classes).dup() : array;
    }
}
