/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.ElementWiseMultiplicationLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.layers.recurrent.TimeDistributed;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.Scaling;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.RowNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Networks of the kinds of layers that are served. All have a module "head", 5 to 3. */
enum ServedNetwork implements ServedHost {
    /** Dense layers, one of them without a bias. */
    LAYERS(Map.of("fc1", new long[] {4, 6}, "fc2", new long[] {6, 5}, "head", new long[] {5, 3})) {
        @Override
        MultiLayerNetwork network() {
            return layers(
                    InputType.feedForward(4),
                    dense("fc1", 6),
                    new DenseLayer.Builder()
                            .name("fc2")
                            .nOut(5)
                            .hasBias(false)
                            .activation(Activation.RELU)
                            .build(),
                    head());
        }

        @Override
        public Map<String, INDArray> inputs(SplittableRandom random, int rows) {
            return Map.of(RowNetwork.INPUT, ServedGraph.values(random, 1, rows, 4));
        }
    },

    /** Two inputs and two outputs. */
    GRAPH(Map.of(
            "a.fc", new long[] {4, 5}, "b.fc", new long[] {3, 5}, "mid", new long[] {5, 5}, "head", new long[] {5, 3
            })) {
        @Override
        ComputationGraph network() {
            ComputationGraph network = new ComputationGraph(settings()
                    .graphBuilder()
                    .addInputs("a", "b")
                    .setInputTypes(InputType.feedForward(4), InputType.feedForward(3))
                    .addLayer("a.fc", dense("a.fc", 5), "a")
                    .addLayer("b.fc", dense("b.fc", 5), "b")
                    .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "a.fc", "b.fc")
                    .addLayer("mid", dense("mid", 5), "sum")
                    .addLayer("head", head(), "mid")
                    .addLayer(
                            "second",
                            new OutputLayer.Builder(LossFunction.MSE)
                                    .nOut(2)
                                    .activation(Activation.IDENTITY)
                                    .build(),
                            "sum")
                    .setOutputs("head", "second")
                    .build());
            network.init();
            return network;
        }

        @Override
        public Map<String, INDArray> inputs(SplittableRandom random, int rows) {
            return Map.of("a", ServedGraph.values(random, 1, rows, 4), "b", ServedGraph.values(random, 1, rows, 3));
        }
    },

    /** A dense layer between preprocessors that flatten time series, and an output layer over time. */
    TIMES(Map.of("fc", new long[] {4, 5}, "head", new long[] {5, 3})) {
        @Override
        MultiLayerNetwork network() {
            return layers(
                    InputType.recurrent(3),
                    new LSTM.Builder().name("lstm").nOut(4).build(),
                    dense("fc", 5),
                    rnnHead(RNNFormat.NCW));
        }

        @Override
        public Map<String, INDArray> inputs(SplittableRandom random, int rows) {
            return Map.of(RowNetwork.INPUT, ServedGraph.values(random, 1, rows, 3, 4));
        }
    },

    /** A wrapped dense layer, with time before features. */
    DISTRIBUTED(Map.of("fc", new long[] {3, 5}, "head", new long[] {5, 3})) {
        @Override
        MultiLayerNetwork network() {
            return layers(
                    InputType.recurrent(3, RNNFormat.NWC),
                    named("fc", new TimeDistributed(dense("fc", 5), RNNFormat.NWC)),
                    rnnHead(RNNFormat.NWC));
        }

        @Override
        public Map<String, INDArray> inputs(SplittableRandom random, int rows) {
            return Map.of(RowNetwork.INPUT, ServedGraph.values(random, 1, rows, 4, 3));
        }
    },

    /** A recurrent layer that is only run. */
    RECURRENT(Map.of("fc", new long[] {4, 5}, "head", new long[] {5, 3})) {
        @Override
        MultiLayerNetwork network() {
            return layers(
                    InputType.recurrent(3),
                    new SimpleRnn.Builder().name("rnn").nOut(4).build(),
                    dense("fc", 5),
                    rnnHead(RNNFormat.NCW));
        }

        @Override
        public Map<String, INDArray> inputs(SplittableRandom random, int rows) {
            return TIMES.inputs(random, rows);
        }
    },

    /** A table with a bias, a product of each element and a normalization, which are only run. */
    TABLE(Map.of("fc", new long[] {4, 5}, "head", new long[] {5, 3})) {
        @Override
        MultiLayerNetwork network() {
            return layers(
                    null,
                    new EmbeddingLayer.Builder()
                            .name("table")
                            .nIn(TOKENS)
                            .nOut(4)
                            .hasBias(true)
                            .biasInit(0.5)
                            .build(),
                    new ElementWiseMultiplicationLayer.Builder()
                            .name("product")
                            .nIn(4)
                            .nOut(4)
                            .build(),
                    new BatchNormalization.Builder().name("norm").nOut(4).build(),
                    new DenseLayer.Builder().name("fc").nIn(4).nOut(5).build(),
                    new OutputLayer.Builder(LossFunction.MCXENT)
                            .name("head")
                            .nIn(5)
                            .nOut(3)
                            .activation(Activation.SOFTMAX)
                            .build());
        }

        @Override
        public Map<String, INDArray> inputs(SplittableRandom random, int rows) {
            float[] ids = new float[rows];
            for (int row = 0; row < rows; row++) {
                ids[row] = random.nextInt(TOKENS);
            }
            return Map.of(RowNetwork.INPUT, Nd4j.createFromArray(ids).reshape(rows, 1));
        }
    };

    private static final int TOKENS = 7;

    private final Map<String, long[]> modules;

    ServedNetwork(Map<String, long[]> modules) {
        this.modules = new LinkedHashMap<>();
        modules.keySet().stream().sorted().forEach(name -> this.modules.put(name, modules.get(name)));
    }

    abstract org.deeplearning4j.nn.api.Model network();

    @Override
    public NetworkServerBuilder server() {
        return server(network()).example(inputs(new SplittableRandom(7), 3));
    }

    static NetworkServerBuilder server(org.deeplearning4j.nn.api.Model network) {
        return network instanceof ComputationGraph graph
                ? AdapterServer.builder(graph)
                : AdapterServer.builder((MultiLayerNetwork) network);
    }

    @Override
    public Map<String, INDArray> expected(Adapter adapter, Map<String, INDArray> inputs) {
        if (network() instanceof ComputationGraph graph) {
            AdaptedNetwork<ComputationGraph> model = AdaptedNetwork.of(graph);
            activate(model, adapter);
            INDArray[] found = model.network()
                    .output(graph.getConfiguration().getNetworkInputs().stream()
                            .map(inputs::get)
                            .toArray(INDArray[]::new));
            return Map.of("head", found[0], "second", found[1]);
        }
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of((MultiLayerNetwork) network());
        activate(model, adapter);
        return Map.of(RowNetwork.OUTPUT, model.network().output(inputs.get(RowNetwork.INPUT)));
    }

    private static void activate(AdaptedNetwork<?> model, Adapter adapter) {
        if (adapter != null) {
            model.addAdapter("a", adapter);
            model.activate("a");
        }
    }

    @Override
    public Adapter random(SplittableRandom random) {
        List<String> targets = new ArrayList<>();
        for (String module : modules.keySet()) {
            if (!module.equals("head") && random.nextBoolean()) {
                targets.add(module);
            }
        }
        boolean savesHead = random.nextBoolean();
        if (targets.isEmpty() || !savesHead && random.nextBoolean()) {
            savesHead = false;
            targets.add("head");
        }
        int rank = 1 + random.nextInt(4);
        LoraConfig.Builder config = LoraConfig.builder()
                .rank(rank)
                .alpha(1 + random.nextInt(8))
                .scalingRule(random.nextBoolean() ? Scaling.RANK_STABILIZED : Scaling.STANDARD)
                .loraBias(random.nextInt(4) == 0)
                .targetModules(targets.toArray(new String[0]));
        if (savesHead) {
            config.modulesToSave("head");
        }
        Map<String, Map<String, INDArray>> factors = new LinkedHashMap<>();
        LoraConfig built = config.build();
        for (String target : targets) {
            factors.put(target, factors(random, modules.get(target), rank, built.loraBias()));
        }
        Map<String, INDArray> saved = savesHead
                ? Map.of(
                        "head.weight", ServedGraph.values(random, 0.5, 3, 5),
                        "head.bias", ServedGraph.values(random, 0.5, 3))
                : Map.of();
        return Adapter.of(built, factors, saved);
    }

    static Map<String, INDArray> factors(SplittableRandom random, long[] sizes, int rank, boolean bias) {
        Map<String, INDArray> own = new LinkedHashMap<>();
        own.put("lora_A.weight", ServedGraph.values(random, 0.5, rank, sizes[0]));
        own.put("lora_B.weight", ServedGraph.values(random, 0.5, sizes[1], rank));
        if (bias) {
            own.put("lora_B.bias", ServedGraph.values(random, 0.5, sizes[1]));
        }
        return own;
    }

    static NeuralNetConfiguration.Builder settings() {
        return new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.FLOAT)
                .activation(Activation.TANH);
    }

    static MultiLayerNetwork layers(InputType input, Layer... layers) {
        NeuralNetConfiguration.ListBuilder list = settings().list();
        for (Layer layer : layers) {
            list.layer(layer);
        }
        MultiLayerNetwork network =
                new MultiLayerNetwork(list.setInputType(input).build());
        network.init();
        return network;
    }

    static DenseLayer dense(String name, int outputs) {
        return new DenseLayer.Builder().name(name).nOut(outputs).build();
    }

    private static OutputLayer head() {
        return new OutputLayer.Builder(LossFunction.MCXENT)
                .name("head")
                .nOut(3)
                .activation(Activation.SOFTMAX)
                .build();
    }

    private static RnnOutputLayer rnnHead(RNNFormat format) {
        return new RnnOutputLayer.Builder(LossFunction.MCXENT)
                .name("head")
                .nOut(3)
                .activation(Activation.SOFTMAX)
                .dataFormat(format)
                .build();
    }

    private static Layer named(String name, Layer layer) {
        layer.setLayerName(name);
        return layer;
    }
}
