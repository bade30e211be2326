/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.digits;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.lora4j.integration.demonstration.FallingRate;
import org.lora4j.pretrained.OnnxInitializers;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * The architecture: two convolutions, each with maximum pooling, and two dense layers. With a side of 28, kernels of 5, 10
 * and 20 channels and 50 hidden units it is the CNN of Tribuo's tutorial on external models, value for value. That one
 * rectifies after pooling, which gives the same numbers as before it, and rectifies the ten scores before the softmax. Do not
 * train from scratch with rectified scores: where the score of a class is 0 for every digit, no gradient wakes it again.
 *
 * @param side rows and columns of an image
 * @param kernel rows and columns of a kernel
 * @param first channels of the first convolution
 * @param second channels of the second
 * @param hidden units of the first dense layer
 * @param scores activation of the ten scores before the softmax
 */
record DigitCnn(int side, int kernel, int first, int second, int hidden, Activation scores) {

    static final String CONV_1 = "conv1";
    static final String CONV_2 = "conv2";
    static final String DENSE_1 = "fc1";
    static final String DENSE_2 = "fc2";

    /** That of the tutorial. */
    static final DigitCnn TUTORIAL = new DigitCnn(28, 5, 10, 20, 50, Activation.RELU);

    /** The same with scores of both signs, to be trained from scratch. */
    static final DigitCnn FULL = new DigitCnn(28, 5, 10, 20, 50, Activation.IDENTITY);

    /** For images of half the size: a fraction of the work. */
    static final DigitCnn HALF = new DigitCnn(14, 3, 10, 20, 50, Activation.IDENTITY);

    /** A fresh network of stock layers. The learning rate falls in stairs over the updates. */
    MultiLayerNetwork create(double rate, int updates, long seed) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(seed)
                .weightInit(WeightInit.RELU)
                .activation(Activation.RELU)
                .updater(new Adam(FallingRate.over(updates, rate)))
                .list()
                .layer(new ConvolutionLayer.Builder(kernel, kernel)
                        .name(CONV_1)
                        .nOut(first)
                        .build())
                .layer(pool())
                .layer(new ConvolutionLayer.Builder(kernel, kernel)
                        .name(CONV_2)
                        .nOut(second)
                        .build())
                .layer(pool())
                .layer(new DenseLayer.Builder().name(DENSE_1).nOut(hidden).build())
                .layer(new DenseLayer.Builder()
                        .name(DENSE_2)
                        .nOut(DigitSheet.CLASSES)
                        .activation(scores)
                        .build())
                .layer(new LossLayer.Builder(LossFunction.MCXENT)
                        .activation(Activation.SOFTMAX)
                        .build())
                .setInputType(InputType.convolutional(side, side, 1))
                .build());
        network.init();
        return network;
    }

    private static SubsamplingLayer pool() {
        return new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX, new int[] {2, 2}, new int[] {2, 2})
                .build();
    }

    /** A network with the weights of another and updates of its own. */
    MultiLayerNetwork continued(MultiLayerNetwork from, double rate, int updates, long seed) {
        MultiLayerNetwork network = create(rate, updates, seed);
        network.setParams(from.params().dup());
        return network;
    }

    /**
     * The network of an ONNX file that PyTorch wrote. Convolutions and biases are stored as in DL4J; dense weights the other
     * way round, [out, in]. Both flatten channel after channel.
     */
    MultiLayerNetwork read(Path onnx) throws IOException {
        int beforeDense = second * pooled(pooled(side)) * pooled(pooled(side));
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put(CONV_1, new long[] {first, 1, kernel, kernel});
        shapes.put(CONV_2, new long[] {second, first, kernel, kernel});
        shapes.put(DENSE_1, new long[] {hidden, beforeDense});
        shapes.put(DENSE_2, new long[] {DigitSheet.CLASSES, hidden});

        Map<String, long[]> tensors = new LinkedHashMap<>();
        shapes.forEach((layer, shape) -> {
            tensors.put(layer + ".weight", shape);
            tensors.put(layer + ".bias", new long[] {shape[0]});
        });
        Map<String, INDArray> values = OnnxInitializers.read(onnx).require(tensors);
        MultiLayerNetwork network = create(0, 1, 0);
        shapes.forEach((layer, shape) -> {
            INDArray weight = values.get(layer + ".weight");
            network.getLayer(layer).getParam("W").assign(shape.length == 2 ? weight.transpose() : weight);
            network.getLayer(layer).getParam("b").assign(values.get(layer + ".bias"));
        });
        return network;
    }

    private int pooled(int size) {
        return (size - kernel + 1) / 2;
    }
}
