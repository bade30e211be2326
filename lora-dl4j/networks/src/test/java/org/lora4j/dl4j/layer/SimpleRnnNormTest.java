/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.lora4j.config.Initialization;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;

/** Layer normalization, with which the stock layer cannot run. */
class SimpleRnnNormTest {

    private static MultiLayerNetwork stock() {
        SimpleRnn layer = new SimpleRnn.Builder()
                .nOut(2)
                .hasLayerNorm(true)
                .activation(Activation.IDENTITY)
                .build();
        return Adapting.stock(layer, DataType.DOUBLE, 1, new NoOp(), 0);
    }

    // Remove the stand-in of the contract's subclass when this fails.
    @Test
    void output_ofTheStockLayer_fails() {
        INDArray x = Nd4j.ones(DataType.DOUBLE, 1, 1, 2);

        assertThatThrownBy(() -> stock().output(x))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("Indices are out of range");
    }

    @Test
    void output_normalizesEachSumByItself() {
        MultiLayerNetwork network = Adapting.adapted(stock(), LoraSettings.frozen());
        network.getParam("0_W").assign(Nd4j.createFromArray(new double[][] {{3, 5}}));
        network.getParam("0_RW").assign(Nd4j.createFromArray(new double[][] {{1, 0}, {0, 2}}));
        network.getParam("0_b").assign(Nd4j.createFromArray(0.5, 0.25));
        network.getParam("0_g").assign(Nd4j.createFromArray(2.0, 3, 4, 5));

        INDArray states =
                network.feedForward(Nd4j.ones(DataType.DOUBLE, 1, 1, 2), false).get(1);

        // Two values that differ normalize to -1 and 1. Step 0: -2 + 0.5, 3 + 0.25. Step 1: RW gives -1.5 and 6.5,
        // which
        // normalize to -1 and 1 again, times 4 and 5.
        assertThat(Adapting.values(states)).containsExactly(new double[] {-1.5, -5.5, 3.25, 8.25}, offset(1e-4));
    }

    @Test
    void biasOfB_isRefused() {
        MultiLayerNetwork stock = stock();
        LoraSettings withBias = Adapting.updates(Initialization.RANDOM, true, "W");

        assertThatThrownBy(() -> Adapting.adapted(stock, withBias))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("layer normalization")
                .hasMessageContaining("set loraBias to false");
    }
}
