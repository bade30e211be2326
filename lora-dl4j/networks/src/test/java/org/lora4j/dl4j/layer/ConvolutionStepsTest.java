/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.dropout.IDropout;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.Initialization;
import org.lora4j.random.RandomStreams;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Training steps of layers from scratch with everything that the contract leaves out: dropout on the way to A, dropout on the
 * input, a bias on B, a bias of the layer that learns.
 */
class ConvolutionStepsTest {

    private static final double STEP = 1e-6;

    /** Central differences of a loss of order 1: rounding 1e-16 / 1e-6, curvature 1e-12. */
    private static final double TOLERANCE = 1e-7;

    private DataType typeBefore;

    @BeforeEach
    void computeInDouble() {
        typeBefore = Nd4j.dataType();
        Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
    }

    @AfterEach
    void restoreType() {
        Nd4j.setDefaultDataTypes(typeBefore, typeBefore);
    }

    /** Dropout without chance, so that differences can be taken. */
    public static final class Halving implements IDropout {

        private static final long serialVersionUID = 1;

        @Override
        public INDArray applyDropout(INDArray input, INDArray result, int iteration, int epoch, LayerWorkspaceMgr mgr) {
            return result.assign(input.mul(0.5));
        }

        @Override
        public INDArray backprop(INDArray ofOutput, INDArray ofInput, int iteration, int epoch) {
            return ofInput.assign(ofOutput.mul(0.5));
        }

        @Override
        public void clear() {}

        @Override
        public IDropout clone() {
            return new Halving();
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Halving;
        }

        @Override
        public int hashCode() {
            return 1;
        }
    }

    /** A layer between one below and a loss. */
    private record Case(String name, Layer below, Layer layer, Layer loss, InputType type, long[] features) {

        @Override
        public String toString() {
            return name;
        }

        MultiLayerNetwork network() {
            MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                    .seed(3)
                    .dataType(DataType.DOUBLE)
                    .updater(new NoOp())
                    .list()
                    .layer(below)
                    .layer(layer)
                    .layer(loss)
                    .setInputType(type)
                    .build());
            network.init();
            return network;
        }

        INDArray input() {
            return RandomStreams.normal(RandomStreams.of(7, "features"), 1, DataType.DOUBLE, features);
        }
    }

    private static LoraSettings settings(boolean bias, boolean lowest, String... weights) {
        List<LoraSlot> slots = new ArrayList<>();
        for (String weight : weights) {
            slots.add(new LoraSlot(0, weight, 2, 0.7, 0.4, true, bias, Initialization.RANDOM, 5));
            slots.add(new LoraSlot(1, weight, 1, 0.4, 0, true, bias, Initialization.RANDOM, 6));
            slots.add(new LoraSlot(2, weight, 1, 0.3, 0.5, false, bias, Initialization.RANDOM, 8));
        }
        return new LoraSettings(slots, List.of("b"), lowest);
    }

    static Stream<Case> cases() {
        return cases(false);
    }

    private static Stream<Case> cases(boolean lowest) {
        LoraSettings settings = settings(true, lowest, "W");
        LoraSettings local = settings(false, lowest, "W");
        return Stream.of(
                series(
                        "Convolution1D",
                        new LoraConvolution1D.Builder(settings)
                                .kernelSize(2)
                                .stride(2)
                                .convolutionMode(ConvolutionMode.Causal)
                                .nOut(2)
                                .activation(Activation.TANH)
                                .dropOut(new Halving())
                                .build()),
                volume(
                        "Convolution3D",
                        new LoraConvolution3D.Builder(settings)
                                .kernelSize(2, 2, 1)
                                .stride(1, 1, 2)
                                .convolutionMode(ConvolutionMode.Truncate)
                                .nOut(2)
                                .activation(Activation.SOFTSIGN)
                                .dropOut(new Halving())
                                .build()),
                image(
                        "Deconvolution2D",
                        new LoraDeconvolution2D.Builder(settings)
                                .kernelSize(2, 3)
                                .stride(2, 1)
                                .nOut(2)
                                .activation(Activation.SIGMOID)
                                .dropOut(new Halving())
                                .build()),
                image(
                        "DepthwiseConvolution2D",
                        new LoraDepthwiseConvolution2D.Builder(settings)
                                .kernelSize(2, 2)
                                .depthMultiplier(2)
                                .activation(Activation.TANH)
                                .dropOut(new Halving())
                                .build()),
                image(
                        "SeparableConvolution2D",
                        new LoraSeparableConvolution2D.Builder(settings(true, lowest, "W", "pW"))
                                .kernelSize(2, 2)
                                .depthMultiplier(2)
                                .nOut(2)
                                .activation(Activation.TANH)
                                .dropOut(new Halving())
                                .build()),
                series(
                        "LocallyConnected1D",
                        new LoraLocallyConnected1D.Builder(local)
                                .kernelSize(2)
                                .convolutionMode(ConvolutionMode.Truncate)
                                .dilation(2)
                                .nOut(2)
                                .activation(Activation.TANH)
                                .build()),
                image(
                        "LocallyConnected2D",
                        new LoraLocallyConnected2D.Builder(local)
                                .kernelSize(2, 2)
                                .convolutionMode(ConvolutionMode.Truncate)
                                .dilation(1, 2)
                                .nOut(2)
                                .activation(Activation.TANH)
                                .build()));
    }

    private static Case series(String name, Layer layer) {
        return new Case(
                name,
                new Convolution1DLayer.Builder(1)
                        .nOut(2)
                        .activation(Activation.TANH)
                        .build(),
                layer,
                new RnnLossLayer.Builder(LossFunction.MSE)
                        .activation(Activation.IDENTITY)
                        .build(),
                InputType.recurrent(2, 5),
                new long[] {3, 2, 5});
    }

    private static Case image(String name, Layer layer) {
        return new Case(
                name,
                new ConvolutionLayer.Builder(1, 1)
                        .nOut(2)
                        .activation(Activation.TANH)
                        .build(),
                layer,
                new CnnLossLayer.Builder(LossFunction.MSE)
                        .activation(Activation.IDENTITY)
                        .build(),
                InputType.convolutional(3, 4, 2),
                new long[] {2, 2, 3, 4});
    }

    private static Case volume(String name, Layer layer) {
        return new Case(
                name,
                new Convolution3D.Builder(1, 1, 1)
                        .nOut(2)
                        .activation(Activation.TANH)
                        .build(),
                layer,
                new Cnn3DLossLayer.Builder(Convolution3D.DataFormat.NCDHW)
                        .lossFunction(LossFunction.MSE)
                        .activation(Activation.IDENTITY)
                        .build(),
                InputType.convolutional3D(Convolution3D.DataFormat.NCDHW, 2, 3, 3, 2),
                new long[] {2, 2, 2, 3, 3});
    }

    private static MultiLayerNetwork ready(Case layer) {
        MultiLayerNetwork network = layer.network();
        INDArray input = layer.input();
        INDArray output = network.output(input);
        network.setInput(input);
        network.setLabels(RandomStreams.normal(RandomStreams.of(7, "labels"), 1, DataType.DOUBLE, output.shape()));
        return network;
    }

    /** Gradients of the mean loss, by parameter. */
    private static Map<String, double[]> gradients(MultiLayerNetwork network) {
        network.computeGradientAndScore();
        Map<String, double[]> gradients = new TreeMap<>();
        network.gradient()
                .gradientForVariable()
                .forEach((name, array) -> gradients.put(
                        name,
                        array.div(network.getInput().size(0)).dup('c').data().asDouble()));
        return gradients;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void gradients_withDropoutAndBiases_areThoseOfDifferences(Case layer) {
        MultiLayerNetwork network = ready(layer);
        DataSet batch = new DataSet(network.getInput(), network.getLabels());

        gradients(network).forEach((name, analytic) -> {
            INDArray parameter = network.getParam(name);
            INDArray before = parameter.dup('c');
            double[] numeric = new double[analytic.length];
            for (int i = 0; i < numeric.length; i++) {
                INDArray moved = before.dup('c');
                moved.data().put(i, before.data().getDouble(i) + STEP);
                parameter.assign(moved);
                double above = network.score(batch, true);
                moved.data().put(i, before.data().getDouble(i) - STEP);
                parameter.assign(moved);
                numeric[i] = (above - network.score(batch, true)) / (2 * STEP);
            }
            parameter.assign(before);
            assertThat(analytic).as(name).containsExactly(numeric, within(TOLERANCE));
        });
    }

    @ParameterizedTest
    @MethodSource("cases")
    void gradients_areOfWhatLearnsOnly(Case layer) {
        MultiLayerNetwork network = ready(layer);

        assertThat(gradients(network).keySet())
                .filteredOn(name -> name.startsWith("1_"))
                .contains("1_WA0", "1_WB0", "1_WA1", "1_WB1", "1_b")
                .doesNotContain("1_W", "1_pW", "1_WA2", "1_WB2", "1_WC2");
    }

    @ParameterizedTest
    @MethodSource("names")
    void gradients_ofTheLowestLayer_areTheSameAndNothingGoesBelow(String name) {
        Pair<Gradient, INDArray> whole = step(named(name, false));

        Pair<Gradient, INDArray> lowest = step(named(name, true));

        assertThat(whole.getSecond()).isNotNull();
        assertThat(lowest.getSecond()).isNull();
        assertThat(values(lowest.getFirst())).usingRecursiveComparison().isEqualTo(values(whole.getFirst()));
    }

    static Stream<String> names() {
        return cases(false).map(Case::name);
    }

    private static Case named(String name, boolean lowest) {
        return cases(lowest)
                .filter(layer -> layer.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static Map<String, double[]> values(Gradient gradient) {
        Map<String, double[]> values = new TreeMap<>();
        gradient.gradientForVariable()
                .forEach((name, array) -> values.put(name, array.dup('c').data().asDouble()));
        return values;
    }

    /** One pass forward and back through the layer alone. */
    private static Pair<Gradient, INDArray> step(Case of) {
        MultiLayerNetwork network = of.network();
        network.initGradientsView();
        LayerWorkspaceMgr none = LayerWorkspaceMgr.noWorkspaces();
        org.deeplearning4j.nn.api.Layer layer = network.getLayer(1);
        layer.setInput(of.input(), none);
        INDArray output = layer.activate(true, none);
        return layer.backpropGradient(
                RandomStreams.normal(RandomStreams.of(7, "above"), 1, DataType.DOUBLE, output.shape()), none);
    }
}
