/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
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
}
