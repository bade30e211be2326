/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Adapters beside DoRA, in every order, against PEFT's rule: each adapter adds to what the ones before it made, and DoRA multiplies
 * all of that, its own update included, by {@code m / |W + its own update|}. Biases on B are part of what was made, the layer's own
 * bias is not.
 */
class OrderOfDoraTest {

    private static final double ROUNDING = 1e-10;
    private static final double STEP = 1e-5;

    /** A layer whose weight has rows for outputs once {@code toRows} has seen it. */
    private record Kind(String name, Layer layer, InputType type, INDArray input) {

        MultiLayerNetwork network() {
            MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                    .seed(3)
                    .dataType(DataType.DOUBLE)
                    .biasInit(0.3)
                    .activation(Activation.TANH)
                    .list()
                    .layer(layer.clone())
                    .layer(new OutputLayer.Builder(LossFunction.MSE)
                            .nIn(type == null ? 5 : 0)
                            .nOut(2)
                            .build())
                    .setInputType(type)
                    .build());
            network.init();
            return network;
        }

        boolean isTable() {
            return layer instanceof EmbeddingLayer;
        }

        INDArray toRows(INDArray weight) {
            return layer instanceof ConvolutionLayer
                    ? weight.dup('c').reshape('c', weight.size(0), weight.length() / weight.size(0))
                    : weight.transpose().dup('c');
        }

        INDArray fromRows(INDArray rows, INDArray like) {
            return layer instanceof ConvolutionLayer ? rows.dup('c').reshape('c', like.shape()) : rows.transpose();
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static List<Kind> kinds() {
        return List.of(
                new Kind(
                        "dense",
                        new DenseLayer.Builder().nOut(5).build(),
                        InputType.feedForward(4),
                        Networks.normal(3, 4)),
                new Kind(
                        "convolution",
                        new ConvolutionLayer.Builder(2, 2).nOut(5).build(),
                        InputType.convolutional(4, 4, 2),
                        Networks.normal(3, 2, 4, 4)),
                new Kind(
                        "embedding",
                        new EmbeddingLayer.Builder()
                                .nIn(6)
                                .nOut(5)
                                .hasBias(true)
                                .build(),
                        null,
                        Nd4j.createFromArray(new double[][] {{1}, {5}, {1}})));
    }

    static Stream<Arguments> orders() {
        return kinds().stream()
                .flatMap(kind -> Stream.of(
                                List.of("lora", "dora"),
                                List.of("dora", "lora"),
                                List.of("lora", "dora", "other"),
                                List.of("lora", "other", "dora"),
                                List.of("dora", "lora", "second"),
                                List.of("bias", "dora", "lora"),
                                List.of("lora", "dora", "bias", "second"))
                        .filter(order -> !kind.isTable() || !order.contains("bias"))
                        .map(order -> Arguments.of(kind, order)));
    }

    private static AdaptedNetwork<MultiLayerNetwork> model(Kind kind) {
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(kind.network());
        LoraConfig lora = LoraConfig.builder()
                .rank(2)
                .alpha(3)
                .targetModules("0")
                .initialization(Initialization.RANDOM)
                .build();
        LoraConfig dora = lora.toBuilder().dora(true).build();
        model.addAdapter("lora", lora, 1);
        model.addAdapter("other", lora.toBuilder().rank(1).build(), 2);
        model.addAdapter("dora", dora, 3);
        model.addAdapter("second", dora, 4);
        if (!kind.isTable()) {
            model.addAdapter("bias", lora.toBuilder().loraBias(true).build(), 5);
        }
        return model;
    }

    private static INDArray delta(Kind kind, Map<String, INDArray> factors, double scaling) {
        INDArray a = factors.get(kind.isTable() ? "lora_embedding_A" : "lora_A.weight");
        INDArray b = factors.get(kind.isTable() ? "lora_embedding_B" : "lora_B.weight");
        INDArray down = a.dup('c').reshape('c', a.size(0), a.length() / a.size(0));
        return b.dup('c').reshape('c', b.size(0), a.size(0)).mmul(down).mul(scaling);
    }

    /** The output of the plain network with the weight and the bias that the rule gives. */
    private static double[] expected(Kind kind, AdaptedNetwork<MultiLayerNetwork> model, List<String> order) {
        MultiLayerNetwork plain = kind.network();
        INDArray w = plain.getParam("0_W");
        INDArray base = kind.toRows(w);
        INDArray rows = base.dup();
        INDArray added = Nd4j.zeros(DataType.DOUBLE, rows.size(0));
        for (String name : order) {
            Adapter adapter = model.adapter(name);
            Map<String, INDArray> factors = adapter.modules().get("0");
            double scaling = adapter.config().scalingOf("0");
            INDArray delta = delta(kind, factors, scaling);
            rows.addi(delta);
            if (factors.containsKey("lora_B.bias")) {
                added.addi(factors.get("lora_B.bias").mul(scaling));
            }
            if (factors.containsKey("lora_magnitude_vector")) {
                INDArray lengths = base.add(delta).norm2(1);
                INDArray ratio = factors.get("lora_magnitude_vector")
                        .reshape(lengths.length())
                        .div(lengths);
                rows.muliColumnVector(ratio.reshape(ratio.length(), 1));
                added.muli(ratio);
            }
        }
        w.assign(kind.fromRows(rows, w));
        plain.getParam("0_b").addi(added.reshape(plain.getParam("0_b").shape()));
        return Networks.values(plain.output(kind.input()));
    }

    /** Magnitudes that are no lengths, so that the ratios are not 1. */
    private static AdaptedNetwork<MultiLayerNetwork> moved(Kind kind) {
        AdaptedNetwork<MultiLayerNetwork> model = model(kind);
        for (String name : List.of("dora", "second")) {
            model.activate(name);
            model.network().paramTable().forEach((key, value) -> {
                if (key.matches("0_WM.*")) {
                    value.muli(Nd4j.linspace(DataType.DOUBLE, 0.5, 0.3, value.length())
                            .reshape(value.shape()));
                }
            });
        }
        return model;
    }

    @ParameterizedTest
    @MethodSource("orders")
    void output_isThatOfPeftsRule(Kind kind, List<String> order) {
        AdaptedNetwork<MultiLayerNetwork> model = moved(kind);

        model.activate(order.toArray(String[]::new));

        assertThat(Networks.values(model.network().output(kind.input())))
                .containsExactly(expected(kind, model, order), offset(ROUNDING));
    }

    @ParameterizedTest
    @MethodSource("orders")
    void gradients_ofWhatDoraScales_areThoseOfDifferences(Kind kind, List<String> order) {
        AdaptedNetwork<MultiLayerNetwork> model = moved(kind);
        model.activate(order.toArray(String[]::new));
        MultiLayerNetwork network = model.network();
        DataSet batch = new DataSet(kind.input(), Networks.normal(3, 2));
        network.setInput(batch.getFeatures());
        network.setLabels(batch.getLabels());
        network.computeGradientAndScore();
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        network.gradient().gradientForVariable().forEach((key, gradient) -> gradients.put(key, gradient.dup()));

        List<String> tried = new ArrayList<>();
        gradients.forEach((key, gradient) -> {
            // The lengths that DoRA holds are in the way of its own A and B.
            boolean held = key.matches("0_W[AB].*") && gradients.containsKey(key.replaceAll("W[AB]", "WM"));
            if (!held) {
                tried.add(key);
                INDArray value = network.getParam(key);
                for (long i = 0; i < value.length(); i += Math.max(1, value.length() / 3)) {
                    assertThat(gradient.dup('c').data().getDouble(i))
                            .as(key + " " + i)
                            .isCloseTo(difference(network, batch, value, i), offset(1e-6));
                }
            }
        });
        assertThat(tried).hasSizeGreaterThanOrEqualTo(3);
    }

    private static double difference(MultiLayerNetwork network, DataSet batch, INDArray value, long i) {
        INDArray flat = value.dup('c').reshape(value.length());
        double before = flat.getDouble(i);
        double[] losses = new double[2];
        for (int side = 0; side < 2; side++) {
            value.assign(
                    flat.dup().putScalar(i, before + (side == 0 ? STEP : -STEP)).reshape('c', value.shape()));
            losses[side] = network.score(batch, true) * batch.numExamples();
        }
        value.assign(flat.reshape('c', value.shape()));
        return (losses[0] - losses[1]) / (2 * STEP);
    }
}
