/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
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
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Labels that do not fit the head are told at the first batch of {@code fit}, whether the head is adapted or frozen. */
class LabelsOfNetworksTest {

    private static final int ROWS = 6;
    private static final InputType FLAT = InputType.feedForward(4);

    private static Layer head(LossFunction loss) {
        return new OutputLayer.Builder(loss)
                .name("head")
                .nOut(2)
                .activation(Activation.SOFTMAX)
                .build();
    }

    private static MultiLayerNetwork adapted(String target, InputType input, Layer first, Layer head) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.FLOAT)
                .list(first, head)
                .setInputType(input)
                .build());
        network.init();
        return DefaultAdapter.fresh(AdaptedNetwork.of(network), config(target), 1)
                .network();
    }

    private static LoraConfig config(String target) {
        return LoraConfig.builder().rank(2).alpha(2).targetModules(target).build();
    }

    private static Layer dense() {
        return new DenseLayer.Builder().name("fc").nOut(5).build();
    }

    private static DataSet data(INDArray labels) {
        return new DataSet(Nd4j.rand(DataType.FLOAT, ROWS, 4), labels);
    }

    private static INDArray classes(int count) {
        INDArray labels = Nd4j.zeros(DataType.FLOAT, ROWS, count);
        for (int row = 0; row < ROWS; row++) {
            labels.putScalar(row, row % count, 1);
        }
        return labels;
    }

    private static INDArray numbers(int from) {
        return Nd4j.createFromArray(new float[][] {{from}, {from + 1}, {from}, {from}, {from + 1}, {from}});
    }

    static Stream<Arguments> heads() {
        return Stream.of("fc", "head")
                .flatMap(target -> Stream.of(
                        Arguments.of(target, head(LossFunction.MCXENT)),
                        Arguments.of(target, head(LossFunction.NEGATIVELOGLIKELIHOOD)),
                        Arguments.of(target, head(LossFunction.MSE)),
                        Arguments.of(
                                target,
                                new CenterLossOutputLayer.Builder(LossFunction.MCXENT)
                                        .name("head")
                                        .nOut(2)
                                        .activation(Activation.SOFTMAX)
                                        .build())));
    }

    @ParameterizedTest
    @MethodSource("heads")
    void fit_withFiveClassesOnAHeadOfTwo_givesShapesAndRange_andSaysWhatToDo(String target, Layer head) {
        MultiLayerNetwork network = adapted(target, FLAT, dense(), head);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> network.fit(data(classes(5))))
                .withMessageContaining("output layer \"head\": labels of shape [6, 5] with values from 0.0 to 1.0")
                .withMessageContaining("expected 2 columns, one for each output")
                .withMessageContaining("The data has 5 classes and the layer 2 outputs");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> network.fit(data(numbers(1))))
                .withMessageContaining("values from 1.0 to 2.0")
                .withMessageContaining("They look like class numbers")
                .withMessageContaining("classes count from 0");
        network.fit(data(classes(2)));
    }

    @ParameterizedTest
    @MethodSource("heads")
    void score_withFiveClassesOnAHeadOfTwo_saysSoToo(String target, Layer head) {
        MultiLayerNetwork network = adapted(target, FLAT, dense(), head);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> network.score(data(classes(5))))
                .withMessageContaining("labels of shape [6, 5]");
    }

    @Test
    void fit_withClassNumbersThatStartAt1_givesTheirRange() {
        MultiLayerNetwork network = adapted("head", FLAT, dense(), head(LossFunction.SPARSE_MCXENT));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> network.fit(data(numbers(1))))
                .withMessageContaining("labels of shape [6, 1] with values from 1.0 to 2.0; expected 0 to 1")
                .withMessageContaining("Classes count from 0: subtract 1 if yours start at 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> network.fit(data(classes(2))))
                .withMessageContaining("expected one column of class numbers");
        network.fit(data(numbers(0)));
    }

    @Test
    void fit_ofSeriesWithFiveClasses_givesTheShapeOfTheSeries() {
        MultiLayerNetwork network = adapted(
                "head",
                InputType.recurrent(4),
                new SimpleRnn.Builder().name("rnn").nOut(5).build(),
                new RnnOutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .nOut(2)
                        .activation(Activation.SOFTMAX)
                        .build());

        assertThatIllegalArgumentException()
                .isThrownBy(() -> network.fit(
                        new DataSet(Nd4j.rand(DataType.FLOAT, ROWS, 4, 3), Nd4j.ones(DataType.FLOAT, ROWS, 5, 3))))
                .withMessageContaining("labels of shape [6, 5, 3]")
                .withMessageContaining("The data has 5 classes and the layer 2 outputs");
    }

    @Test
    void fit_ofClassNumbersThatAMaskLeavesOut_goesOn() {
        MultiLayerNetwork network = adapted("head", FLAT, dense(), head(LossFunction.SPARSE_MCXENT));
        DataSet data = data(Nd4j.createFromArray(new float[][] {{0}, {1}, {7}, {1}, {0}, {1}}));
        data.setLabelsMaskArray(Nd4j.createFromArray(new float[][] {{1}, {1}, {0}, {1}, {1}, {1}}));

        network.fit(data);
    }

    @Test
    void fit_ofAGraph_namesTheOutput() {
        ComputationGraph network = new ComputationGraph(new NeuralNetConfiguration.Builder()
                .dataType(DataType.FLOAT)
                .graphBuilder()
                .addInputs("x")
                .setInputTypes(FLAT)
                .addLayer("fc", dense(), "x")
                .addLayer("topic", head(LossFunction.MCXENT), "fc")
                .setOutputs("topic")
                .build());
        network.init();
        ComputationGraph adapted = DefaultAdapter.fresh(AdaptedNetwork.of(network), config("fc"), 1)
                .network();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> adapted.fit(data(classes(5))))
                .withMessageContaining("output layer \"topic\": labels of shape [6, 5]");
    }
}
