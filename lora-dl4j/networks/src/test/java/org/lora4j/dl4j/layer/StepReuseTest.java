/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThat;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.junit.jupiter.api.Test;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The backward pass uses what the forward pass of its step has computed, and nothing older. */
class StepReuseTest {

    private final LayerWorkspaceMgr mgr = LayerWorkspaceMgr.noWorkspaces();

    private static Layer layer() {
        LoraSettings settings = LoraSettings.of(
                LoraConfig.builder()
                        .rank(2)
                        .targetModules("any")
                        .initialization(Initialization.RANDOM)
                        .build(),
                3);
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(1)
                .dataType(DataType.DOUBLE)
                .activation(Activation.TANH)
                .list()
                .layer(new LoraDenseLayer.Builder(settings).nIn(3).nOut(4).build())
                .layer(new OutputLayer.Builder().nIn(4).nOut(2).build())
                .build());
        network.init();
        network.initGradientsView();
        return network.getLayer(0);
    }

    private static INDArray input() {
        return RandomStreams.normal(RandomStreams.of(4, "x"), 1, DataType.DOUBLE, 5, 3);
    }

    private double[] gradientOfB(Layer layer) {
        INDArray epsilon = Nd4j.ones(DataType.DOUBLE, 5, 4);
        return layer.backpropGradient(epsilon, mgr)
                .getFirst()
                .getGradientFor("WB0")
                .dup('c')
                .data()
                .asDouble();
    }

    @Test
    void backward_afterForward_doesNotMultiplyByTheWeightAgain() {
        Layer reference = layer();
        reference.activate(input(), true, mgr);
        double[] expected = gradientOfB(reference);
        Layer layer = layer();

        layer.activate(input(), true, mgr);
        layer.getParam("W").assign(7);

        assertThat(gradientOfB(layer)).isEqualTo(expected);
    }

    @Test
    void backward_afterANewInput_computesAnew() {
        Layer layer = layer();
        layer.activate(input(), true, mgr);
        layer.getParam("W").assign(7);

        layer.setInput(input(), mgr);

        Layer reference = layer();
        reference.getParam("W").assign(7);
        reference.activate(input(), true, mgr);
        assertThat(gradientOfB(layer)).isEqualTo(gradientOfB(reference));
    }

    @Test
    void backward_twice_computesAnew() {
        Layer layer = layer();
        layer.activate(input(), true, mgr);
        double[] first = gradientOfB(layer);

        assertThat(gradientOfB(layer)).isEqualTo(first);
    }
}
