/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.Stream;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Ids beyond the table of Deeplearning4j's embedding layers: the stock layers look, and ours call them first. */
class EmbeddingIndexTest {

    private static final int ROWS = 5;

    static Stream<Arguments> networks() {
        return Stream.of(false, true)
                .flatMap(sequence -> Stream.of("embedding", "dense")
                        .flatMap(target ->
                                Stream.of(MemoryMode.values()).map(mode -> Arguments.of(sequence, target, mode))));
    }

    private static MultiLayerNetwork network(boolean sequence) {
        NeuralNetConfiguration.ListBuilder layers = new NeuralNetConfiguration.Builder()
                .seed(1)
                .dataType(DataType.FLOAT)
                .updater(new Sgd(0.1))
                .list();
        if (sequence) {
            layers.layer(new EmbeddingSequenceLayer.Builder()
                            .name("embedding")
                            .nIn(ROWS)
                            .nOut(3)
                            .build())
                    .layer(new GlobalPoolingLayer())
                    .setInputType(InputType.recurrent(ROWS, 2));
        } else {
            layers.layer(new EmbeddingLayer.Builder()
                    .name("embedding")
                    .nIn(ROWS)
                    .nOut(3)
                    .build());
        }
        layers.layer(new DenseLayer.Builder().name("dense").nIn(3).nOut(4).build())
                .layer(new OutputLayer.Builder(LossFunction.MSE)
                        .activation(Activation.IDENTITY)
                        .nIn(4)
                        .nOut(1)
                        .build());
        MultiLayerNetwork network = new MultiLayerNetwork(layers.build());
        network.init();
        return network;
    }

    private static INDArray ids(boolean sequence, float last) {
        return sequence
                ? Nd4j.createFromArray(new float[][] {{0, last}})
                : Nd4j.createFromArray(new float[][] {{0}, {last}});
    }

    @ParameterizedTest(name = "sequence {0}, {1} adapted, {2}")
    @MethodSource("networks")
    void idBeyondTheTable_isRefusedByOutputAndFit(boolean sequence, String target, MemoryMode mode) {
        LoraConfig config = LoraConfig.builder().rank(2).targetModules(target).build();
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(network(sequence), mode), config, 1);
        MultiLayerNetwork network = model.network();
        INDArray labels = Nd4j.ones(DataType.FLOAT, sequence ? 1 : 2, 1);
        INDArray before = network.output(ids(sequence, ROWS - 1)).dup();

        for (float wrong : new float[] {ROWS, 1e9f, -1}) {
            INDArray ids = ids(sequence, wrong);
            assertThatThrownBy(() -> network.output(ids))
                    .isInstanceOf(DL4JInvalidInputException.class)
                    .hasMessageContaining("Invalid index for embedding layer");
            assertThatThrownBy(() -> network.fit(new DataSet(ids, labels)))
                    .isInstanceOf(DL4JInvalidInputException.class);
        }
        assertThat(network.output(ids(sequence, ROWS - 1))).isEqualTo(before);
    }
}
