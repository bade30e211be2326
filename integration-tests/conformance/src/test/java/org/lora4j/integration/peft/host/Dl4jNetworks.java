/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.SubsetVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.misc.ElementWiseMultiplicationLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The architectures in stock layers. */
final class Dl4jNetworks {

    private static final String INPUT = "input";

    private final GoldenCase golden;
    private final GraphBuilder builder = new NeuralNetConfiguration.Builder()
            .dataType(DataType.FLOAT)
            .graphBuilder()
            .addInputs(INPUT);

    private Dl4jNetworks(GoldenCase golden) {
        this.golden = golden;
    }

    static Dl4jNet mlp(GoldenCase golden) {
        Dl4jNetworks net = new Dl4jNetworks(golden);
        return net.chain(net.numbered("fc", 1, 1, ".weight"));
    }

    static Dl4jNet sequential(GoldenCase golden) {
        Dl4jNetworks net = new Dl4jNetworks(golden);
        return net.chain(net.numbered("", 0, 2, ".weight"));
    }

    /**
     * Stock layers normalize what they multiplied, without an epsilon: two further features, apart from each other as far as
     * makes up for it, go through with the centered ones. The module's gain and bias are those of the layer behind.
     */
    static Dl4jNet normalized(GoldenCase golden) {
        Dl4jNetworks net = new Dl4jNetworks(golden);
        long size = net.weight("fc1").size(0);
        net.dense("fc1", Activation.IDENTITY, INPUT);
        net.builder
                .addLayer(Dl4jNet.CENTER, square(size, size + 2).build(), "fc1")
                .addLayer(
                        Dl4jNet.NORMALIZE,
                        square(size + 2, size + 2)
                                .hasLayerNorm(true)
                                .hasBias(false)
                                .build(),
                        Dl4jNet.CENTER)
                .addVertex("features", new SubsetVertex(0, Math.toIntExact(size) - 1), Dl4jNet.NORMALIZE)
                .addLayer(
                        "ln",
                        new ElementWiseMultiplicationLayer.Builder()
                                .nIn(size)
                                .nOut(size)
                                .activation(Activation.RELU)
                                .build(),
                        "features");
        return net.finished(
                net.dense("fc2", Activation.IDENTITY, "ln"), golden.io().get("x"));
    }

    private static DenseLayer.Builder square(long inputs, long outputs) {
        return new DenseLayer.Builder().nIn(inputs).nOut(outputs).activation(Activation.IDENTITY);
    }

    static Dl4jNet embedding(GoldenCase golden) {
        Dl4jNetworks net = new Dl4jNetworks(golden);
        INDArray table = net.weight("embed");
        Layer embed = new EmbeddingSequenceLayer.Builder()
                .nIn(table.size(0))
                .nOut(table.size(1))
                .outputDataFormat(RNNFormat.NCW)
                .build();
        net.builder.addLayer("embed", embed, INPUT);
        return net.head("embed", golden.io().get("ids").castTo(DataType.FLOAT));
    }

    static Dl4jNet convolutions(GoldenCase golden) {
        Dl4jNetworks net = new Dl4jNetworks(golden);
        INDArray x = golden.io().get("x");
        JsonNode convolutions = golden.params().path("convs");
        String below = INPUT;
        for (int i = 0; i < convolutions.size(); i++) {
            String name = "conv" + (i + 1);
            net.builder.addLayer(name, net.convolution(name, convolutions.get(i)), below);
            below = name;
        }
        InputType type = switch (x.rank()) {
            case 3 -> InputType.recurrent(x.size(1), x.size(2), RNNFormat.NCW);
            case 4 -> InputType.convolutional(x.size(2), x.size(3), x.size(1));
            default ->
                InputType.convolutional3D(Convolution3D.DataFormat.NCDHW, x.size(2), x.size(3), x.size(4), x.size(1));
        };
        net.builder.setInputTypes(type);
        return net.head(below, x);
    }

    static Dl4jNet stack(GoldenCase golden) {
        return new Dl4jNetworks(golden).residual("layers.");
    }

    static Dl4jNet twoStacks(GoldenCase golden) {
        return new Dl4jNetworks(golden).residual("enc.layers.", "dec.h.");
    }

    private INDArray weight(String module) {
        INDArray weight = golden.base().get(module + ".weight");
        if (weight == null) {
            throw new IllegalArgumentException("case \"" + golden.name() + "\": base.safetensors has no \"" + module
                    + ".weight\", which the model \"" + golden.model() + "\" needs");
        }
        return weight;
    }

    private List<String> numbered(String stem, int first, int step, String weight) {
        List<String> found = new ArrayList<>();
        for (int i = first; golden.base().containsKey(stem + i + weight); i += step) {
            found.add(stem + i);
        }
        return found;
    }

    private String dense(String module, Activation activation, String below) {
        INDArray weight = weight(module);
        Layer layer = new DenseLayer.Builder()
                .nIn(weight.size(1))
                .nOut(weight.size(0))
                .hasBias(golden.base().containsKey(module + ".bias"))
                .activation(activation)
                .build();
        builder.addLayer(module, layer, below);
        return module;
    }

    private Dl4jNet chain(List<String> modules) {
        String below = INPUT;
        for (int i = 0; i < modules.size(); i++) {
            boolean last = i == modules.size() - 1;
            below = dense(modules.get(i), last ? Activation.IDENTITY : Activation.RELU, below);
        }
        return finished(below, golden.io().get("x"));
    }

    private Layer convolution(String module, JsonNode params) {
        INDArray weight = weight(module);
        int axes = weight.rank() - 2;
        int[] kernel = IntStream.range(0, axes)
                .map(axis -> (int) weight.size(axis + 2))
                .toArray();
        int[] stride = perAxis(params.path("stride"), 1, axes);
        int[] padding = perAxis(params.path("padding"), 0, axes);
        int[] dilation = perAxis(params.path("dilation"), 1, axes);
        boolean bias = golden.base().containsKey(module + ".bias");
        return switch (axes) {
            case 1 ->
                new Convolution1DLayer.Builder(kernel[0], stride[0], padding[0])
                        .dilation(dilation[0])
                        .nIn(weight.size(1))
                        .nOut(weight.size(0))
                        .hasBias(bias)
                        .convolutionMode(ConvolutionMode.Truncate)
                        .activation(Activation.RELU)
                        .build();
            case 2 ->
                new ConvolutionLayer.Builder(kernel, stride, padding)
                        .dilation(dilation)
                        .nIn(weight.size(1))
                        .nOut(weight.size(0))
                        .hasBias(bias)
                        .convolutionMode(ConvolutionMode.Truncate)
                        .activation(Activation.RELU)
                        .build();
            default ->
                new Convolution3D.Builder(kernel, stride, padding, dilation)
                        .nIn(weight.size(1))
                        .nOut(weight.size(0))
                        .hasBias(bias)
                        .convolutionMode(ConvolutionMode.Truncate)
                        .activation(Activation.RELU)
                        .build();
        };
    }

    private static int[] perAxis(JsonNode value, int absent, int axes) {
        return IntStream.range(0, axes)
                .map(axis -> value.isArray() ? value.get(axis).asInt() : value.asInt(absent))
                .toArray();
    }

    private Dl4jNet residual(String... stems) {
        String below = dense("inp", Activation.IDENTITY, INPUT);
        for (String stem : stems) {
            for (String block : numbered(stem, 0, 1, ".q_proj.weight")) {
                String gate = dense(block + ".q_proj", Activation.TANH, below);
                String value = dense(block + ".v_proj", Activation.IDENTITY, below);
                builder.addVertex(block + ".gated", new ElementWiseVertex(ElementWiseVertex.Op.Product), gate, value);
                String down = dense(block + ".down", Activation.IDENTITY, block + ".gated");
                builder.addVertex(block + ".sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), below, down);
                below = block + ".sum";
            }
        }
        return finished(dense("head", Activation.IDENTITY, below), golden.io().get("x"));
    }

    /** The mean over space or time, and a linear map. */
    private Dl4jNet head(String below, INDArray input) {
        builder.addLayer("mean", new GlobalPoolingLayer.Builder(PoolingType.AVG).build(), below);
        return finished(dense("fc", Activation.IDENTITY, "mean"), input);
    }

    private Dl4jNet finished(String output, INDArray input) {
        return Dl4jNet.of(
                golden, new ComputationGraph(builder.setOutputs(output).build()), input);
    }
}
