/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.characters;

import java.util.SplittableRandom;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.lora4j.integration.demonstration.FallingRate;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.ops.transforms.Transforms;

/** The network: two LSTM layers and a softmax over {@link Alphabet}, trained through time in stretches. */
final class CharacterLstm {

    /** Symbols after which DL4J ends the backward pass through time and updates. */
    static final int STRETCH = 50;

    private CharacterLstm() {}

    /** A fresh network of stock layers. The learning rate falls in stairs over the updates. */
    static MultiLayerNetwork create(int hidden, double rate, int updates, long seed) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(seed)
                .weightInit(WeightInit.XAVIER)
                .updater(new Adam(FallingRate.over(updates, rate)))
                .list()
                .layer(new LSTM.Builder()
                        .name("lstm1")
                        .nOut(hidden)
                        .activation(Activation.TANH)
                        .build())
                .layer(new LSTM.Builder()
                        .name("lstm2")
                        .nOut(hidden)
                        .activation(Activation.TANH)
                        .build())
                .layer(new RnnOutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .nOut(Alphabet.SIZE)
                        .activation(Activation.SOFTMAX)
                        .build())
                .setInputType(InputType.recurrent(Alphabet.SIZE))
                .backpropType(BackpropType.TruncatedBPTT)
                .tBPTTLength(STRETCH)
                .build());
        network.init();
        return network;
    }

    /** A network with the weights of another and updates of its own. */
    static MultiLayerNetwork continued(MultiLayerNetwork from, int hidden, double rate, int updates, long seed) {
        MultiLayerNetwork network = create(hidden, rate, updates, seed);
        network.setParams(from.params().dup());
        return network;
    }

    /** Mean loss of a symbol in nats. The network starts without memory at the beginning of each example. */
    static double loss(MultiLayerNetwork network, DataSet windows) {
        INDArray said = network.output(windows.getFeatures());
        INDArray ofTheRightOne = said.mul(windows.getLabels()).sum(1);
        return -Transforms.log(ofTheRightOne, false).meanNumber().doubleValue();
    }

    /** Goes on from a text, symbol by symbol, each drawn with the probability that the network gives it. */
    static String goOn(MultiLayerNetwork network, String from, int length, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        StringBuilder text = new StringBuilder(from);
        network.rnnClearPreviousState();
        for (int i = 0; i < from.length() + length - 1; i++) {
            INDArray input = Windows.oneHot(Alphabet.numbers(text.substring(i, i + 1))[0]);
            INDArray probabilities = network.rnnTimeStep(input);
            if (i >= from.length() - 1) {
                text.append(Alphabet.symbol(draw(probabilities, random.nextDouble())));
            }
        }
        network.rnnClearPreviousState();
        return text.toString();
    }

    private static int draw(INDArray probabilities, double upTo) {
        double sum = 0;
        for (int i = 0; i < Alphabet.SIZE - 1; i++) {
            sum += probabilities.getDouble(i);
            if (upTo < sum) {
                return i;
            }
        }
        return Alphabet.SIZE - 1;
    }
}
