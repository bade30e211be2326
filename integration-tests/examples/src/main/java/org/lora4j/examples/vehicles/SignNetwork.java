/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.vehicles;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.lora4j.integration.demonstration.FallingRate;
import org.lora4j.train.ShuffledIndices;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** The network: three convolutions, each with maximum pooling, and two dense layers. All its layers are stock ones. */
final class SignNetwork {

    /** The layers with weights, from the picture to the signs. */
    static final List<String> LAYERS = List.of("conv1", "conv2", "conv3", "fc", "out");

    /** Where the activations of the last hidden layer are in those of all layers, the input included. */
    private static final int HIDDEN = 7;

    private static final int[] CHANNELS = {16, 32, 64};
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
                    .name(LAYERS.get(i))
                    .nOut(CHANNELS[i])
                    .convolutionMode(ConvolutionMode.Same)
                    .build());
            layers.layer(new SubsamplingLayer.Builder(
                            SubsamplingLayer.PoolingType.MAX, new int[] {2, 2}, new int[] {2, 2})
                    .build());
        }
        MultiLayerNetwork network = new MultiLayerNetwork(
                layers.layer(new DenseLayer.Builder().name("fc").nOut(UNITS).build())
                        .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                                .name("out")
                                .nOut(signs)
                                .activation(Activation.SOFTMAX)
                                .build())
                        .setInputType(InputType.convolutional(Scene.SIDE, Scene.SIDE, Scene.CHANNELS))
                        .build());
        network.init();
        return network;
    }

    /** Trains with the network's own {@code fit}. */
    static MultiLayerNetwork fit(MultiLayerNetwork network, SignSet set, int epochs, long seed) {
        List<DataSet> batches = set.dataSets();
        for (int epoch = 1; epoch <= epochs; epoch++) {
            for (int i : ShuffledIndices.of(batches.size(), seed, epoch)) {
                network.fit(batches.get(i));
            }
        }
        return network;
    }

    /** How many updates that are. */
    static int updates(SignSet set, int epochs) {
        return epochs * set.dataSets().size();
    }

    /** What the last hidden layer makes of each picture. */
    static float[][] vectors(MultiLayerNetwork network, SignSet set) {
        return features(network, set, false).toFloatMatrix();
    }

    /**
     * What a router looks at: the vectors, and mean and deviation of every channel of the picture and of each pooling layer, which
     * tell of light, blur and grain.
     */
    static INDArray looks(MultiLayerNetwork network, SignSet set) {
        return features(network, set, true);
    }

    private static INDArray features(MultiLayerNetwork network, SignSet set, boolean looks) {
        List<INDArray> rows = new ArrayList<>();
        for (DataSet batch : set.dataSets()) {
            List<INDArray> layers = network.feedForward(batch.getFeatures(), false);
            List<INDArray> parts = new ArrayList<>(List.of(layers.get(HIDDEN)));
            for (int i = 0; looks && i < HIDDEN; i += 2) {
                parts.add(layers.get(i).mean(2, 3));
                parts.add(layers.get(i).std(2, 3));
            }
            rows.add(Nd4j.hstack(parts).dup());
        }
        return Nd4j.vstack(rows);
    }
}
