/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.datasets.iterator.IteratorMultiDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.graph.AttentionVertex;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.rnn.LastTimeStepVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.listeners.CollectScoresListener;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Networks in FLOAT that learn in their upper layers, and batches for them. */
final class PrefixNetworks {

    private static final int BATCHES = 3;
    private static final int ROWS = 6;
    private static final int STEPS = 5;

    private PrefixNetworks() {}

    /** A way to cut a network. */
    record Way<N extends Model>(
            String name,
            NetworkAccess<N> access,
            Supplier<N> base,
            LoraConfig config,
            List<MultiDataSet> batches,
            List<String> kept) {

        AdaptedNetwork<N> model(MemoryMode mode) {
            return adapted(base.get(), config, mode);
        }

        void fit(N network, List<MultiDataSet> sets, int epochs) {
            for (int epoch = 0; epoch < epochs; epoch++) {
                PrefixNetworks.fit(network, sets);
            }
        }

        @Override
        public String toString() {
            return name;
        }
    }

    @SuppressWarnings("unchecked") // The model is of the base's kind.
    private static <N extends Model> AdaptedNetwork<N> adapted(N base, LoraConfig config, MemoryMode mode) {
        return base instanceof MultiLayerNetwork layers
                ? (AdaptedNetwork<N>) DefaultAdapter.fresh(AdaptedNetwork.of(layers, mode), config, 42)
                : (AdaptedNetwork<N>)
                        DefaultAdapter.fresh(AdaptedNetwork.of((ComputationGraph) base, mode), config, 42);
    }

    private static void fit(Model network, List<MultiDataSet> sets) {
        if (network instanceof MultiLayerNetwork layers) {
            layers.fit(new ExistingDataSetIterator(
                    sets.stream().map(PrefixNetworks::single).toList()));
        } else {
            List<org.nd4j.linalg.dataset.api.MultiDataSet> all = new ArrayList<>(sets);
            ((ComputationGraph) network).fit(new IteratorMultiDataSetIterator(all.iterator(), ROWS));
        }
    }

    private static DataSet single(MultiDataSet set) {
        return new DataSet(
                set.getFeatures(0), set.getLabels(0), set.getFeaturesMaskArray(0), set.getLabelsMaskArray(0));
    }

    /** The examples of batches with one input, one by one. */
    static List<DataSet> examples(List<MultiDataSet> sets) {
        return sets.stream().flatMap(set -> single(set).asList().stream()).toList();
    }

    static CollectScoresListener scores(Model network) {
        return (CollectScoresListener)
                (network instanceof MultiLayerNetwork layers
                        ? layers.getListeners().iterator().next()
                        : ((ComputationGraph) network).getListeners().iterator().next());
    }

    static NeuralNetConfiguration.Builder conf() {
        return new NeuralNetConfiguration.Builder()
                .seed(11)
                .dataType(DataType.FLOAT)
                .updater(new Adam(0.02))
                .l2(0.01)
                .activation(Activation.TANH);
    }

    static LoraConfig targets(String... names) {
        return LoraConfig.builder().rank(2).targetModules(names).build();
    }

    private static DenseLayer.Builder dense(String name) {
        return new DenseLayer.Builder().name(name).nOut(7);
    }

    private static OutputLayer output() {
        return new OutputLayer.Builder(LossFunction.MCXENT)
                .name("head")
                .nOut(3)
                .activation(Activation.SOFTMAX)
                .build();
    }

    private static RnnOutputLayer seriesOutput() {
        return new RnnOutputLayer.Builder(LossFunction.MCXENT)
                .name("head")
                .nOut(3)
                .activation(Activation.SOFTMAX)
                .build();
    }

    private static LSTM lstm() {
        return new LSTM.Builder().nOut(5).build();
    }

    static MultiLayerNetwork layers(NeuralNetConfiguration.Builder conf, InputType type, Layer... all) {
        NeuralNetConfiguration.ListBuilder list = conf.list();
        Stream.of(all).forEach(list::layer);
        MultiLayerNetwork network =
                new MultiLayerNetwork(list.setInputType(type).build());
        network.init();
        return network;
    }

    static MultiLayerNetwork mlp(NeuralNetConfiguration.Builder conf, DenseLayer.Builder third) {
        return layers(
                conf,
                InputType.feedForward(4),
                dense("fc1").build(),
                dense("fc2").build(),
                third.build(),
                output());
    }

    private static MultiLayerNetwork cnn() {
        return layers(
                conf().activation(Activation.RELU),
                InputType.convolutional(8, 8, 2),
                new ConvolutionLayer.Builder(3, 3).name("conv1").nOut(3).build(),
                new BatchNormalization.Builder().name("norm").build(),
                new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX)
                        .name("pool")
                        .kernelSize(2, 2)
                        .stride(2, 2)
                        .build(),
                new ConvolutionLayer.Builder(2, 2).name("conv2").nOut(4).build(),
                dense("fc").build(),
                output());
    }

    private static MultiLayerNetwork series(Layer last, Layer head) {
        return layers(
                conf(),
                InputType.recurrent(3, STEPS),
                dense("fc").build(),
                new LSTM.Builder().name("lstm").nOut(5).build(),
                last,
                head);
    }

    /** Two inputs, one of them a series with a mask; "side" learns on an input of its own, beside the frozen part. */
    private static ComputationGraph graphOfTwoInputs() {
        ComputationGraph graph = new ComputationGraph(conf().graphBuilder()
                .addInputs("flat", "series")
                .addLayer("fc1", dense("fc1").build(), "flat")
                .addLayer("lstm", lstm(), "series")
                .addVertex("last", new LastTimeStepVertex("series"), "lstm")
                .addVertex("merged", new MergeVertex(), "fc1", "last")
                .addLayer("fc2", dense("fc2").build(), "merged")
                .addLayer("side", dense("side").build(), "flat")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "fc2", "side")
                .addLayer("fc3", dense("fc3").build(), "sum")
                .addVertex("residual", new ElementWiseVertex(ElementWiseVertex.Op.Add), "fc3", "fc2")
                .addLayer("head", output(), "residual")
                .setOutputs("head")
                .setInputTypes(InputType.feedForward(4), InputType.recurrent(3, STEPS))
                .build());
        graph.init();
        return graph;
    }

    /** A series through a frozen recurrent layer and frozen attention, both of which would let gradients pass. */
    private static ComputationGraph attention() {
        AttentionVertex attention = new AttentionVertex.Builder()
                .nInQueries(5)
                .nInKeys(5)
                .nInValues(5)
                .nHeads(2)
                .headSize(2)
                .nOut(4)
                .projectInput(true)
                .build();
        ComputationGraph graph = new ComputationGraph(conf().graphBuilder()
                .addInputs("in")
                .addLayer("lstm", lstm(), "in")
                .addVertex("attention", attention, "lstm", "lstm", "lstm")
                .addLayer("top", new LSTM.Builder().nOut(4).build(), "attention")
                .addVertex("residual", new ElementWiseVertex(ElementWiseVertex.Op.Add), "top", "attention")
                .addLayer("head", seriesOutput(), "residual")
                .setOutputs("head")
                .setInputTypes(InputType.recurrent(3, STEPS))
                .build());
        graph.init();
        return graph;
    }

    private static Layer lastOfBoth() {
        LastTimeStep last = new LastTimeStep(new Bidirectional(Bidirectional.Mode.CONCAT, lstm()));
        last.setLayerName("last");
        return last;
    }

    /** The same examples in other batches. */
    static List<MultiDataSet> moved(List<MultiDataSet> sets, long seed) {
        List<Integer> rows =
                new ArrayList<>(IntStream.range(0, sets.size() * ROWS).boxed().toList());
        Collections.shuffle(rows, new Random(seed));
        return IntStream.range(0, sets.size())
                .mapToObj(i -> examples(sets, rows.subList(i * ROWS, (i + 1) * ROWS)))
                .toList();
    }

    private static MultiDataSet examples(List<MultiDataSet> sets, List<Integer> rows) {
        return new MultiDataSet(
                rows(sets, rows, MultiDataSet::getFeatures),
                rows(sets, rows, MultiDataSet::getLabels),
                rows(sets, rows, MultiDataSet::getFeaturesMaskArrays),
                rows(sets, rows, MultiDataSet::getLabelsMaskArrays));
    }

    private static INDArray[] rows(
            List<MultiDataSet> sets, List<Integer> rows, Function<MultiDataSet, INDArray[]> arrays) {
        INDArray[] first = arrays.apply(sets.get(0));
        return first == null
                ? null
                : IntStream.range(0, first.length)
                        .mapToObj(i -> first[i] == null ? null : rows(sets, rows, i, arrays))
                        .toArray(INDArray[]::new);
    }

    private static INDArray rows(
            List<MultiDataSet> sets, List<Integer> rows, int i, Function<MultiDataSet, INDArray[]> arrays) {
        return Nd4j.concat(
                0,
                rows.stream()
                        .map(row -> {
                            INDArray all = arrays.apply(sets.get(row / ROWS))[i];
                            INDArrayIndex[] index = new INDArrayIndex[all.rank()];
                            Arrays.fill(index, NDArrayIndex.all());
                            index[0] = NDArrayIndex.interval(row % ROWS, row % ROWS + 1);
                            return all.get(index).dup('c');
                        })
                        .toArray(INDArray[]::new));
    }

    private static INDArray normal(String name, int batch, long... shape) {
        return RandomStreams.normal(RandomStreams.of(batch, name), 1, DataType.FLOAT, shape);
    }

    private static INDArray classes(int batch, int rows) {
        INDArray labels = Nd4j.zeros(DataType.FLOAT, rows, 3);
        SplittableRandom random = RandomStreams.of(batch, "labels");
        for (int i = 0; i < rows; i++) {
            labels.putScalar(i, random.nextInt(3), 1);
        }
        return labels;
    }

    /** The first 2 to {@link #STEPS} steps of each row are there. */
    private static INDArray mask(int batch) {
        INDArray mask = Nd4j.zeros(DataType.FLOAT, ROWS, STEPS);
        for (int row = 0; row < ROWS; row++) {
            mask.get(NDArrayIndex.point(row), NDArrayIndex.interval(0, 2 + (row + batch) % (STEPS - 1)))
                    .assign(1);
        }
        return mask;
    }

    private static List<MultiDataSet> batches(IntFunction<MultiDataSet> batch) {
        return IntStream.range(0, BATCHES).mapToObj(batch).toList();
    }

    static List<MultiDataSet> flat() {
        return batches(i -> new MultiDataSet(normal("flat", i, ROWS, 4), classes(i, ROWS)));
    }

    static List<MultiDataSet> images() {
        return batches(i -> new MultiDataSet(normal("images", i, ROWS, 2, 8, 8), classes(i, ROWS)));
    }

    private static List<MultiDataSet> series() {
        return batches(i -> new MultiDataSet(
                new INDArray[] {normal("series", i, ROWS, 3, STEPS)},
                new INDArray[] {
                    classes(i, ROWS * STEPS)
                            .reshape(ROWS, STEPS, 3)
                            .permute(0, 2, 1)
                            .dup('c')
                },
                new INDArray[] {mask(i)},
                new INDArray[] {mask(i)}));
    }

    private static List<MultiDataSet> seriesWithOneLabel() {
        return batches(i -> new MultiDataSet(
                new INDArray[] {normal("series", i, ROWS, 3, STEPS)},
                new INDArray[] {classes(i, ROWS)},
                new INDArray[] {mask(i)},
                null));
    }

    private static List<MultiDataSet> both() {
        return batches(i -> new MultiDataSet(
                new INDArray[] {normal("flat", i, ROWS, 4), normal("series", i, ROWS, 3, STEPS)},
                new INDArray[] {classes(i, ROWS)},
                new INDArray[] {null, mask(i)},
                null));
    }

    private static Way<MultiLayerNetwork> way(
            String name, Supplier<MultiLayerNetwork> base, List<MultiDataSet> batches, String kept, LoraConfig config) {
        return new Way<>(name, new MultiLayerAccess(), base, config, batches, List.of(kept));
    }

    private static Way<ComputationGraph> graph(
            String name,
            Supplier<ComputationGraph> base,
            List<MultiDataSet> batches,
            List<String> kept,
            LoraConfig config) {
        return new Way<>(name, new GraphAccess(), base, config, batches, kept);
    }

    static Way<MultiLayerNetwork> dense() {
        return way("dense layer", () -> mlp(conf(), dense("fc3")), flat(), "fc2", targets("fc3", "head"));
    }

    static Way<MultiLayerNetwork> masked() {
        return way(
                "series with masks",
                () -> series(dense("fc2").build(), seriesOutput()),
                series(),
                "lstm",
                targets("fc2"));
    }

    static Way<ComputationGraph> twoInputs() {
        return graph(
                "graph of two inputs",
                PrefixNetworks::graphOfTwoInputs,
                both(),
                List.of("fc2"),
                targets("fc3", "side"));
    }

    private static Way<MultiLayerNetwork> convolution() {
        return way("convolution over pooling", PrefixNetworks::cnn, images(), "pool", targets("conv2", "fc"));
    }

    static Way<ComputationGraph> overAttention() {
        return graph("attention", PrefixNetworks::attention, series(), List.of("attention"), targets("top.W", "head"));
    }

    /** One for each form of activations: rows, channels of images, series, several inputs, vertices without layers. */
    static Stream<Way<?>> forms() {
        return Stream.of(dense(), convolution(), masked(), twoInputs(), overAttention());
    }

    static Stream<Way<?>> ways() {
        return Stream.concat(forms(), others());
    }

    private static Stream<Way<?>> others() {
        LoraConfig head = targets("head");
        return Stream.of(
                way("head alone", () -> mlp(conf(), dense("fc3")), flat(), "fc3", head),
                way(
                        "head as a whole",
                        () -> mlp(conf(), dense("fc3")),
                        flat(),
                        "fc2",
                        targets("fc3").toBuilder().modulesToSave("head").build()),
                way(
                        "dropout on the input of what learns",
                        () -> mlp(conf(), dense("fc3").dropOut(0.7)),
                        flat(),
                        "fc2",
                        targets("fc3").toBuilder().dropout(0.3).build()),
                way(
                        "without workspaces",
                        () -> mlp(conf().trainingWorkspaceMode(WorkspaceMode.NONE), dense("fc3")),
                        flat(),
                        "fc2",
                        targets("fc3")),
                way(
                        "a layer without adapters",
                        () -> layers(
                                conf(),
                                InputType.feedForward(4),
                                new AutoEncoder.Builder().name("coder").nOut(6).build(),
                                output()),
                        flat(),
                        "coder",
                        head),
                way("dense layer over a convolution", PrefixNetworks::cnn, images(), "conv2", targets("fc")),
                way(
                        "last step of two directions",
                        () -> series(lastOfBoth(), output()),
                        seriesWithOneLabel(),
                        "last",
                        head),
                graph("head alone of a graph", PrefixNetworks::graphOfTwoInputs, both(), List.of("residual"), head));
    }
}
