/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.vehicles;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.lora4j.integration.datasets.SignScene;
import org.lora4j.integration.datasets.SignSet;
import org.lora4j.integration.demonstration.FallingRate;
import org.lora4j.train.ShuffledIndices;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * The network: two convolutions, each with maximum pooling, and two dense layers. All of it is stock Deeplearning4j, whose time goes into
 * laying out windows: so the first convolution has a stride of 2, and units are cut off at 0 behind the pooling, which gives the same
 * numbers from a quarter of them.
 */
final class SignNetwork {

    /** The layers with weights from the picture to the last hidden layer. */
    static final String[] LAYERS = {"conv1", "conv2", "fc"};

    /** What says which sign it is. */
    static final String HEAD = "out";

    /** Where the last hidden layer is among all activations, the picture included. */
    private static final int HIDDEN = 7;

    /** Convolution, pooling, and what cuts off at 0. */
    private static final int BLOCK = 3;

    private static final int[] CHANNELS = {24, 48};
    private static final int UNITS = 128;

    private SignNetwork() {}

    /** A fresh one, whose learning rate falls in stairs over the updates. */
    static MultiLayerNetwork create(int signs, double rate, int updates, long seed) {
        NeuralNetConfiguration.ListBuilder layers = new NeuralNetConfiguration.Builder()
                .seed(seed)
                .weightInit(WeightInit.RELU)
                .activation(Activation.RELU)
                .updater(new Adam(FallingRate.over(updates, rate)))
                .list();
        for (int i = 0; i < CHANNELS.length; i++) {
            layers.layer(new ConvolutionLayer.Builder(3, 3)
                            .name(LAYERS[i])
                            .nOut(CHANNELS[i])
                            .stride(i == 0 ? new int[] {2, 2} : new int[] {1, 1})
                            .convolutionMode(ConvolutionMode.Same)
                            .activation(Activation.IDENTITY)
                            .build())
                    .layer(new SubsamplingLayer.Builder(new int[] {2, 2}, new int[] {2, 2}).build())
                    .layer(new ActivationLayer(Activation.RELU));
        }
        layers.layer(new DenseLayer.Builder().name("fc").nOut(UNITS).build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .name(HEAD)
                        .nOut(signs)
                        .activation(Activation.SOFTMAX)
                        .build())
                .setInputType(InputType.convolutional(SignScene.SIDE, SignScene.SIDE, SignScene.CHANNELS));
        MultiLayerNetwork network = new MultiLayerNetwork(layers.build());
        network.init();
        return network;
    }

    /** An epoch of the network's own {@code fit}. */
    static void fit(MultiLayerNetwork network, SignSet set, long seed, int epoch) {
        for (int i : ShuffledIndices.of(set.batches().size(), seed, epoch)) {
            network.fit(set.batches().get(i));
        }
    }

    /** Probabilities of all signs for each picture. */
    static INDArray said(MultiLayerNetwork network, SignSet set) {
        return Nd4j.vstack(set.batches().stream()
                .map(batch -> network.output(batch.getFeatures()).dup())
                .toList());
    }

    /** For each picture 1 if a network tells it right, else 0. */
    static double[] hits(MultiLayerNetwork network, SignSet set) {
        return set.hits(said(network, set).argMax(1).toIntVector());
    }

    /** The share of pictures that a network tells right. */
    static double accuracy(MultiLayerNetwork network, SignSet set) {
        return Arrays.stream(hits(network, set)).average().orElseThrow();
    }

    /** What the last hidden layer makes of each picture, scaled so that a regularized head has numbers of about 1 in all. */
    static float[][] vectors(MultiLayerNetwork network, SignSet set) {
        return features(network, set, false).divi(Math.sqrt(UNITS)).toFloatMatrix();
    }

    /** What a router looks at: the vectors, and mean and deviation of each channel, which tell of light, blur and grain. */
    static INDArray looks(MultiLayerNetwork network, SignSet set) {
        return features(network, set, true);
    }

    private static INDArray features(MultiLayerNetwork network, SignSet set, boolean looks) {
        List<INDArray> rows = new ArrayList<>();
        for (DataSet batch : set.batches()) {
            List<INDArray> layers = network.feedForward(batch.getFeatures(), false);
            List<INDArray> parts = new ArrayList<>(List.of(layers.get(HIDDEN)));
            for (int i = 0; looks && i < HIDDEN; i += BLOCK) {
                parts.add(layers.get(i).mean(2, 3));
                parts.add(layers.get(i).std(2, 3));
            }
            rows.add(Nd4j.hstack(parts).dup());
        }
        return Nd4j.vstack(rows);
    }
}
