/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.lora4j.config.Initialization;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;

class ConvolutionRefusalsTest {

    private static LoraSettings slot(String weight, boolean bias) {
        return new LoraSettings(
                List.of(new LoraSlot(0, weight, 2, 1, 0, true, bias, Initialization.KAIMING_UNIFORM, 0)),
                List.of(),
                false);
    }

    private static MultiLayerNetwork network(Layer layer) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .updater(new NoOp())
                .list()
                .layer(layer)
                .layer(new CnnLossLayer.Builder().build())
                .setInputType(InputType.convolutional(4, 5, 3))
                .build());
        network.init();
        return network;
    }

    private static LoraLocallyConnected2D.Builder local(LoraSettings settings) {
        return (LoraLocallyConnected2D.Builder) new LoraLocallyConnected2D.Builder(settings)
                .kernelSize(2, 2)
                .convolutionMode(ConvolutionMode.Truncate)
                .nOut(2);
    }

    @Test
    void output_ofALocallyConnectedLayerForAnotherSize_namesBothShapes() {
        MultiLayerNetwork network = network(local(slot("W", false)).build());

        assertThatThrownBy(() -> network.output(Nd4j.zeros(DataType.FLOAT, 1, 3, 5, 5)))
                .isInstanceOf(DL4JInvalidInputException.class)
                .hasMessageContaining("shape [1, 3, 5, 5]; expected [1, 3, 4, 5]")
                .hasMessageContaining("Check the data, and the input type or preprocessor.");
    }

    @Test
    void init_ofALocallyConnectedLayerWithABiasOnB_saysWhatToDo() {
        assertThatThrownBy(() -> network(local(slot("W", true)).build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("loraBias is set; expected a module with a bias")
                .hasMessageContaining("set loraBias to false");
    }

    @Test
    void init_ofASeparableLayerWithASlotForAnotherWeight_namesBothWeights() {
        Layer layer = new LoraSeparableConvolution2D.Builder(slot("W1", false))
                .kernelSize(2, 2)
                .nOut(2)
                .build();

        assertThatThrownBy(() -> network(layer))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("it has no adaptable weight \"W1\"; expected one of [W, pW]");
    }
}
