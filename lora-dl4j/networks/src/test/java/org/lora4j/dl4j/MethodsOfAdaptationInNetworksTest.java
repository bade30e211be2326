/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.model.AdaptedModel;
import org.lora4j.model.AdapterMethodContract;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Every method in layers that differ most; {@link MethodsInAllLayersTest} has the others that are not for LoRA alone. */
class MethodsOfAdaptationInNetworksTest extends AdapterMethodContract {

    private static final int ROWS = 3;

    /** A layer below one that learns too, so that gradients of inputs count. */
    private record Case(InputType type, INDArray input, INDArray labels, Layer... layers) {}

    private static final Layer OUTPUT =
            new OutputLayer.Builder(LossFunction.MSE).name("out").nOut(3).build();

    private static final Map<String, Case> CASES = new LinkedHashMap<>();

    static {
        INDArray labels = Networks.normal(ROWS, 3);
        CASES.put(
                "dense",
                new Case(
                        InputType.feedForward(4),
                        Networks.normal(ROWS, 4),
                        labels,
                        new DenseLayer.Builder().name("low").nOut(5).build(),
                        new DenseLayer.Builder().name("fc").nOut(4).build(),
                        OUTPUT));
        CASES.put(
                "dense with layer normalization",
                new Case(
                        InputType.feedForward(4),
                        Networks.normal(ROWS, 4),
                        labels,
                        new DenseLayer.Builder()
                                .name("fc")
                                .nOut(5)
                                .hasLayerNorm(true)
                                .build(),
                        OUTPUT));
        CASES.put(
                "convolution 2D",
                new Case(
                        InputType.convolutional(5, 5, 2),
                        Networks.normal(ROWS, 2, 5, 5),
                        labels,
                        new ConvolutionLayer.Builder(2, 2).name("conv").nOut(3).build(),
                        new ConvolutionLayer.Builder(1, 1).name("point").nOut(3).build(),
                        OUTPUT));
        CASES.put(
                "convolution 3D",
                new Case(
                        InputType.convolutional3D(Convolution3D.DataFormat.NCDHW, 3, 3, 3, 2),
                        Networks.normal(ROWS, 2, 3, 3, 3),
                        Networks.normal(ROWS, 3, 2, 2, 2),
                        new Convolution3D.Builder(2, 2, 2)
                                .name("conv")
                                .dataFormat(Convolution3D.DataFormat.NCDHW)
                                .nOut(3)
                                .build(),
                        new Cnn3DLossLayer.Builder(Convolution3D.DataFormat.NCDHW)
                                .lossFunction(LossFunction.MSE)
                                .build()));
        CASES.put(
                "series",
                new Case(
                        InputType.recurrent(2, 6),
                        Networks.normal(ROWS, 2, 6),
                        Networks.normal(ROWS, 3, 4),
                        new Convolution1DLayer.Builder(3).name("conv").nOut(3).build(),
                        new RnnOutputLayer.Builder(LossFunction.MSE)
                                .name("out")
                                .nOut(3)
                                .build()));
        CASES.put(
                "embedding",
                new Case(
                        InputType.feedForward(6),
                        Nd4j.createFromArray(new double[][] {{1}, {5}, {1}}),
                        labels,
                        new EmbeddingLayer.Builder()
                                .name("table")
                                .nIn(6)
                                .nOut(4)
                                .build(),
                        OUTPUT));
    }

    /** Every network there is. */
    static List<String> all() {
        return List.copyOf(CASES.keySet());
    }

    @Override
    protected List<String> networks() {
        return List.of("dense", "convolution 2D");
    }

    @Override
    protected AdaptedModel model(String name) {
        Case one = CASES.get(name);
        NeuralNetConfiguration.ListBuilder list = new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(0.1))
                .activation(Activation.TANH)
                .biasInit(0.1)
                .list();
        for (Layer layer : one.layers()) {
            list.layer(layer.clone());
        }
        MultiLayerNetwork network =
                new MultiLayerNetwork(list.setInputType(one.type()).build());
        network.init();
        return AdaptedNetwork.of(network);
    }

    private static MultiLayerNetwork network(AdaptedModel adapted) {
        return (MultiLayerNetwork) ((AdaptedNetwork<?>) adapted).network();
    }

    @Override
    protected double[] output(AdaptedModel adapted, String name) {
        return Networks.values(network(adapted).output(CASES.get(name).input()));
    }

    @Override
    protected double loss(AdaptedModel adapted, String name) {
        DataSet batch = new DataSet(CASES.get(name).input(), CASES.get(name).labels());
        // The score is a mean; gradients are sums until the updater divides them.
        return network(adapted).score(batch, true) * ROWS;
    }

    @Override
    protected Map<String, ParameterAndGradient> gradients(AdaptedModel adapted, String name) {
        MultiLayerNetwork network = network(adapted);
        network.setInput(CASES.get(name).input());
        network.setLabels(CASES.get(name).labels());
        network.computeGradientAndScore();
        Map<String, ParameterAndGradient> gradients = new LinkedHashMap<>();
        network.gradient()
                .gradientForVariable()
                .forEach((key, gradient) ->
                        gradients.put(key, new ParameterAndGradient(network.getParam(key), gradient.dup())));
        return gradients;
    }
}
