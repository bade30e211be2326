/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Attributions of networks of layers add up for the layers that differ in training and inference, too. */
class NetworkExplainerTest {

    private static final double COMPLETE = 1e-3;

    private static NeuralNetConfiguration.Builder builder() {
        return new NeuralNetConfiguration.Builder()
                .seed(5)
                .dataType(DataType.FLOAT)
                .updater(new Sgd(0.1))
                .activation(Activation.TANH);
    }

    private static OutputLayer output(int classes) {
        return new OutputLayer.Builder(LossFunction.MCXENT)
                .activation(Activation.SOFTMAX)
                .nOut(classes)
                .build();
    }

    private static INDArray random(long seed, long... shape) {
        Random random = new Random(seed);
        int length =
                (int) IntStream.range(0, shape.length).mapToLong(i -> shape[i]).reduce(1, (a, b) -> a * b);
        double[] values = random.doubles(length, -1.5, 1.5).toArray();
        return Nd4j.create(values, shape, 'c').castTo(DataType.FLOAT);
    }

    private static void assertAddsUp(FeatureExplainer explainer, INDArray input, INDArray output, INDArray ofZeros) {
        int classes = (int) output.length();
        for (int c = 0; c < classes; c++) {
            long[] element = output.rank() == 2 ? new long[] {c} : new long[] {c / output.size(2), c % output.size(2)};
            FeatureAttribution why = explainer.explain(input, element);

            double change = output.reshape(classes).getDouble(c)
                    - ofZeros.reshape(classes).getDouble(c);
            assertThat(why.value()).isCloseTo(output.reshape(classes).getDouble(c), within(1e-5));
            assertThat(why.sum()).isCloseTo(change, within(COMPLETE));
        }
    }

    private static void assertAddsUp(MultiLayerNetwork network, INDArray input) {
        assertAddsUp(
                IntegratedGradients.of(network),
                input,
                network.output(input, false).dup('c'),
                network.output(input.mul(0), false).dup('c'));
    }

    @Test
    void aNetworkWithDropoutAndFrozenLayers() {
        MultiLayerNetwork network = new MultiLayerNetwork(builder()
                .list()
                .layer(new FrozenLayer(
                        new DenseLayer.Builder().nIn(5).nOut(7).dropOut(0.5).build()))
                .layer(new DenseLayer.Builder()
                        .nOut(6)
                        .activation(Activation.RELU)
                        .dropOut(0.5)
                        .build())
                .layer(output(3))
                .setInputType(InputType.feedForward(5))
                .build());
        network.init();
        INDArray before = network.params().dup();

        assertAddsUp(network, random(1, 1, 5));
        assertThat(network.params()).isEqualTo(before);
    }

    @Test
    void aConvolutionalNetworkWithNormalization() {
        MultiLayerNetwork network = new MultiLayerNetwork(builder()
                .list()
                .layer(new ConvolutionLayer.Builder(3, 3).nOut(4).build())
                .layer(new BatchNormalization())
                .layer(new SubsamplingLayer.Builder()
                        .kernelSize(2, 2)
                        .stride(2, 2)
                        .build())
                .layer(new DenseLayer.Builder().nOut(6).build())
                .layer(new BatchNormalization())
                .layer(output(3))
                .setInputType(InputType.convolutional(8, 8, 2))
                .build());
        network.init();
        network.fit(new DataSet(
                random(7, 16, 2, 8, 8),
                Nd4j.eye(3)
                        .castTo(DataType.FLOAT)
                        .repeat(0, 6)
                        .get(org.nd4j.linalg.indexing.NDArrayIndex.interval(0, 16))));

        assertAddsUp(network, random(2, 1, 2, 8, 8));
    }

    @Test
    void aRecurrentNetworkWithAttention() {
        MultiLayerNetwork network = new MultiLayerNetwork(builder()
                .list()
                .layer(new LSTM.Builder().nIn(3).nOut(5).build())
                .layer(new SelfAttentionLayer.Builder()
                        .nOut(4)
                        .nHeads(1)
                        .projectInput(true)
                        .build())
                .layer(new RnnOutputLayer.Builder(LossFunction.MCXENT)
                        .activation(Activation.SOFTMAX)
                        .nOut(2)
                        .build())
                .setInputType(InputType.recurrent(3))
                .build());
        network.init();

        assertAddsUp(network, random(3, 1, 3, 4));
    }

    private static ComputationGraph graph() {
        ComputationGraphConfiguration conf = builder()
                .graphBuilder()
                .addInputs("left", "right")
                .addLayer("one", new DenseLayer.Builder().nIn(4).nOut(5).build(), "left")
                .addLayer("two", new DenseLayer.Builder().nIn(4).nOut(3).build(), "left")
                .addLayer("three", new DenseLayer.Builder().nIn(2).nOut(3).build(), "right")
                .addVertex("all", new MergeVertex(), "one", "two", "three")
                .addLayer(
                        "norm",
                        new BatchNormalization.Builder().nIn(11).nOut(11).build(),
                        "all")
                .addLayer(
                        "out",
                        new OutputLayer.Builder(LossFunction.MSE)
                                .activation(Activation.IDENTITY)
                                .nIn(11)
                                .nOut(2)
                                .build(),
                        "norm")
                .setOutputs("out")
                .build();
        ComputationGraph graph = new ComputationGraph(conf);
        graph.init();
        return graph;
    }

    @Test
    void aGraphWithTwoInputs_isExplainedByTheFirst_theOtherHeldAsItIs() {
        ComputationGraph graph = graph();
        INDArray left = random(4, 1, 4);
        INDArray right = random(5, 1, 2);
        INDArray given = graph.outputSingle(left, right);
        INDArray without = graph.outputSingle(left.mul(0), right);
        FeatureExplainer explainer = IntegratedGradients.of(graph);

        for (long c = 0; c < 2; c++) {
            FeatureAttribution why = explainer.explain(Map.of("left", left, "right", right), c);

            assertThat(why.sum()).isCloseTo(given.getDouble(0, c) - without.getDouble(0, c), within(COMPLETE));
        }
        assertThatThrownBy(() -> explainer.explain(left)).hasMessageContaining("no array for the input \"right\"");
    }

    @Test
    void anAdaptedNetwork_isExplainedAsItIs_andNotChanged() {
        MultiLayerNetwork base = new MultiLayerNetwork(builder()
                .list()
                .layer(new DenseLayer.Builder().nIn(5).nOut(7).name("first").build())
                .layer(new DenseLayer.Builder().nOut(6).name("second").build())
                .layer(output(3))
                .setInputType(InputType.feedForward(5))
                .build());
        base.init();
        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(
                AdaptedNetwork.of(base),
                LoraConfig.builder().rank(2).targetModules("second").build(),
                3);
        model.network()
                .fit(
                        random(6, 8, 5),
                        Nd4j.eye(3)
                                .castTo(DataType.FLOAT)
                                .repeat(0, 3)
                                .get(org.nd4j.linalg.indexing.NDArrayIndex.interval(0, 8)));
        INDArray input = random(7, 1, 5);
        INDArray before = model.network().output(input, false).dup();
        INDArray values = model.network().params().dup();

        assertAddsUp(
                IntegratedGradients.of(model),
                input,
                before,
                model.network().output(input.mul(0), false).dup());
        assertThat(model.network().output(input, false)).isEqualTo(before);
        assertThat(model.network().params()).isEqualTo(values);
        assertThatThrownBy(() -> IntegratedGradients.of(model.network())).hasMessageContaining("is adapted already");
    }

    @Test
    void layersWithoutAGradientOfTheirInput_areToldTogether() {
        MultiLayerNetwork network = new MultiLayerNetwork(builder()
                .list()
                .layer(new EmbeddingLayer.Builder().nIn(5).nOut(7).name("ids").build())
                .layer(new DenseLayer.Builder().nIn(7).nOut(2).name("last").build())
                .build());
        network.init();

        assertThatThrownBy(() -> IntegratedGradients.of(network))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 problems")
                .hasMessageContaining("layer \"ids\" looks rows up by ids")
                .hasMessageContaining("layer \"last\" of kind DenseLayer gives the output");
        assertThat(List.of(network.getnLayers())).containsExactly(2);
    }
}
