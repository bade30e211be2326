/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;
import static org.lora4j.dl4j.Networks.classes;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.constraint.NonNegativeConstraint;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.LocallyConnected2D;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RecurrentAttentionLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Every kind of layer within graphs: two of a kind on one frozen source, their sum, both joined, a frozen head; or two heads on
 * two inputs.
 */
@SuppressWarnings("deprecation") // GravesLSTM is, and saved networks have it.
class KindsInGraphsTest {

    MemoryMode mode() {
        return MemoryMode.IN_VIEW;
    }

    private AdaptedNetwork<ComputationGraph> inject(ComputationGraph base, LoraConfig config, long seed) {
        return DefaultAdapter.fresh(AdaptedNetwork.of(base, mode()), config, seed);
    }

    private AdaptedNetwork<ComputationGraph> adapted(ComputationGraph base) {
        return AdaptedNetwork.of(base, mode());
    }

    private static final double BY_HAND = 1e-12;

    /** Their builders make layers of another class. */
    private static final Set<String> NOT_HERE = Set.of("Convolution1D", "Convolution2D");

    /** A graph with its data; the kind under test is in the layers "one" and "two". */
    record Case(String kind, Supplier<ComputationGraph> graph, INDArray[] inputs, INDArray[] labels) {

        @Override
        public String toString() {
            return kind;
        }
    }

    private static ComputationGraphConfiguration.GraphBuilder builder() {
        return new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(new Adam(0.03))
                .activation(Activation.TANH)
                .l1(1e-3)
                .weightDecay(0.01)
                .weightDecayBias(0.01)
                .constrainWeights(new MaxNormConstraint(0.4, 1))
                .constrainBias(new NonNegativeConstraint())
                .graphBuilder();
    }

    private static ComputationGraph branches(
            Layer below, Supplier<? extends Layer> kind, Layer head, InputType type, String source) {
        ComputationGraphConfiguration.GraphBuilder builder = builder().addInputs("in");
        if (below != null) {
            builder.addLayer("below", below, "in");
        }
        builder.addLayer("one", kind.get(), source)
                .addLayer("two", kind.get(), source)
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "one", "two")
                .addVertex("joined", join(type), "one", "sum")
                .addLayer("head", head, "joined")
                .setOutputs("head");
        if (type != null) {
            builder.setInputTypes(type);
        }
        return new ComputationGraph(builder.build());
    }

    /** Merging forgets the order of the axes of volumes in M2.1. */
    private static GraphVertex join(InputType type) {
        return type instanceof InputType.InputTypeConvolutional3D
                ? new ElementWiseVertex(ElementWiseVertex.Op.Average)
                : new MergeVertex();
    }

    private static Case over(InputType type, Layer below, Layer head, INDArray input, INDArray labels, Layer kind) {
        return new Case(
                kind.getClass().getSimpleName(),
                () -> branches(below.clone(), kind::clone, head.clone(), type, "below"),
                new INDArray[] {input},
                new INDArray[] {labels});
    }

    private static OutputLayer classifier() {
        return new OutputLayer.Builder(LossFunction.MCXENT).nOut(3).build();
    }

    private static RnnOutputLayer tagger() {
        return new RnnOutputLayer.Builder(LossFunction.MCXENT).nOut(3).build();
    }

    private static INDArray tags(int batch, int steps) {
        return classes(batch * steps, 3)
                .reshape(batch, steps, 3)
                .permute(0, 2, 1)
                .dup('c');
    }

    private static Case flat(Layer kind) {
        return over(
                InputType.feedForward(3),
                new DenseLayer.Builder().nOut(4).build(),
                classifier(),
                normal(4, 3),
                classes(4, 3),
                kind);
    }

    private static Case series(Layer kind) {
        return over(
                InputType.recurrent(2, 5),
                new SimpleRnn.Builder().nOut(4).build(),
                tagger(),
                normal(2, 2, 5),
                tags(2, 5),
                kind);
    }

    private static Case images(Layer kind) {
        return over(
                InputType.convolutional(5, 5, 2),
                new ConvolutionLayer.Builder(2, 2).nOut(3).build(),
                classifier(),
                normal(3, 2, 5, 5),
                classes(3, 3),
                kind);
    }

    private static Case volumes(Layer kind) {
        return over(
                InputType.convolutional3D(4, 4, 4, 1),
                new Convolution3D.Builder(2, 2, 2).nOut(2).build(),
                classifier(),
                normal(2, 1, 4, 4, 4),
                classes(2, 3),
                kind);
    }

    private static Case indices(Layer kind, Layer head, INDArray input, INDArray labels) {
        return new Case(
                kind.getClass().getSimpleName(),
                () -> branches(null, kind::clone, head.clone(), null, "in"),
                new INDArray[] {input},
                new INDArray[] {labels});
    }

    /** Two heads, one on a layer of the first input, the other on that and one of the second input. */
    private static Case heads(
            Supplier<? extends Layer> below, Supplier<? extends Layer> kind, InputType type, INDArray x, INDArray y) {
        return new Case(
                kind.get().getClass().getSimpleName(),
                () -> new ComputationGraph(builder()
                        .addInputs("in", "other")
                        .addLayer("left", below.get(), "in")
                        .addLayer("right", below.get(), "other")
                        .addVertex("joined", new MergeVertex(), "left", "right")
                        .addLayer("one", kind.get(), "left")
                        .addLayer("two", kind.get(), "joined")
                        .setOutputs("one", "two")
                        .setInputTypes(type, type)
                        .build()),
                new INDArray[] {x, x.mul(0.5)},
                new INDArray[] {y, y});
    }

    static Stream<Case> cases() {
        Supplier<Layer> dense = () -> new DenseLayer.Builder().nOut(4).build();
        return Stream.of(
                flat(new DenseLayer.Builder().nOut(4).build()),
                heads(dense, KindsInGraphsTest::classifier, InputType.feedForward(3), normal(4, 3), classes(4, 3)),
                heads(
                        () -> new LSTM.Builder().nOut(4).build(),
                        KindsInGraphsTest::tagger,
                        InputType.recurrent(2, 5),
                        normal(2, 2, 5),
                        tags(2, 5)),
                heads(
                        dense,
                        () -> new CenterLossOutputLayer.Builder(LossFunction.MCXENT)
                                .nOut(3)
                                .activation(Activation.SOFTMAX)
                                .build(),
                        InputType.feedForward(3),
                        normal(4, 3),
                        classes(4, 3)),
                indices(
                        new EmbeddingLayer.Builder().nIn(6).nOut(4).build(),
                        new OutputLayer.Builder(LossFunction.MCXENT)
                                .nIn(8)
                                .nOut(3)
                                .build(),
                        Nd4j.createFromArray(0.0, 5, 2, 2).reshape(4, 1),
                        classes(4, 3)),
                indices(
                        new EmbeddingSequenceLayer.Builder()
                                .nIn(6)
                                .nOut(4)
                                .inputLength(3)
                                .build(),
                        new RnnOutputLayer.Builder(LossFunction.MCXENT)
                                .nIn(8)
                                .nOut(3)
                                .dataFormat(org.deeplearning4j.nn.conf.RNNFormat.NCW)
                                .build(),
                        Nd4j.createFromArray(0.0, 5, 2, 2, 1, 3).reshape(2, 3),
                        tags(2, 3)),
                images(new ConvolutionLayer.Builder(2, 2).nOut(3).build()),
                images(new Deconvolution2D.Builder(2, 2).nOut(3).build()),
                images(new DepthwiseConvolution2D.Builder(2, 2)
                        .depthMultiplier(2)
                        .nOut(6)
                        .build()),
                images(new SeparableConvolution2D.Builder(2, 2)
                        .depthMultiplier(2)
                        .nOut(4)
                        .build()),
                images(localImages()),
                volumes(new Convolution3D.Builder(2, 2, 2).nOut(2).build()),
                series(new Convolution1DLayer.Builder(3)
                        .nOut(4)
                        .convolutionMode(ConvolutionMode.Same)
                        .build()),
                series(localSeries()),
                series(new SelfAttentionLayer.Builder()
                        .nIn(4)
                        .nOut(4)
                        .nHeads(2)
                        .projectInput(true)
                        .build()),
                series(new RecurrentAttentionLayer.Builder()
                        .nIn(4)
                        .nOut(4)
                        .nHeads(2)
                        .projectInput(true)
                        .build()),
                series(new LSTM.Builder().nOut(4).build()),
                series(new GravesLSTM.Builder().nOut(4).build()),
                series(new SimpleRnn.Builder().nOut(4).build()),
                series(new Bidirectional(new LSTM.Builder().nOut(4).build())));
    }

    // Global constraints ask for the parameters before the input type is known.
    private static LocallyConnected2D localImages() {
        LocallyConnected2D layer = new LocallyConnected2D.Builder()
                .kernelSize(2, 2)
                .stride(1, 1)
                .padding(0, 0)
                .convolutionMode(ConvolutionMode.Truncate)
                .setInputSize(4, 4)
                .nIn(3)
                .nOut(2)
                .build();
        layer.computeOutputSize();
        return layer;
    }

    private static LocallyConnected1D localSeries() {
        LocallyConnected1D layer = new LocallyConnected1D.Builder()
                .kernelSize(3)
                .stride(1)
                .padding(1)
                .convolutionMode(ConvolutionMode.Truncate)
                .nIn(4)
                .nOut(3)
                .setInputSize(5)
                .build();
        layer.computeOutputSize();
        return layer;
    }

    private static double[] output(ComputationGraph network, Case of) {
        INDArray[] outputs = network.output(of.inputs());
        return values(outputs[outputs.length - 1]);
    }

    private static Map<String, double[]> parameters(ComputationGraph network) {
        Map<String, double[]> copies = new LinkedHashMap<>();
        network.paramTable().forEach((name, value) -> copies.put(name, values(value)));
        return copies;
    }

    private static ComputationGraph withOutput(ComputationGraph network, String vertex) {
        ComputationGraphConfiguration conf = network.getConfiguration().clone();
        conf.setNetworkOutputs(List.of(vertex));
        ComputationGraph other = new ComputationGraph(conf);
        other.init(network.params().dup(), false);
        return other;
    }

    // Arrays that a step of training keeps have no place in a mere forward pass.
    @ParameterizedTest
    @MethodSource("cases")
    void kind_runsForward_asInTraining_andAtTheEndOfAGraph(Case of) {
        ComputationGraph base = of.graph().get();
        base.init();
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .initialization(Initialization.RANDOM)
                .targetModules(ModuleSelector.regex("(one|two)\\b.*"))
                .build();
        ComputationGraph network = inject(base, config, 5).network();
        double[] inside = values(network.feedForward(of.inputs(), false).get("one"));

        assertThat(values(network.feedForward(of.inputs(), true).get("one"))).isEqualTo(inside);
        // The stock lookup of sequences cannot stand at the end.
        if (!of.kind().equals("EmbeddingSequenceLayer")) {
            ComputationGraph ending = withOutput(network, "one");
            assertThat(values(ending.output(false, of.inputs())[0])).isEqualTo(inside);
            assertThat(values(ending.output(true, of.inputs())[0])).isEqualTo(inside);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void kind_adaptsLearnsMergesAndUnloads(Case of) {
        ComputationGraph base = of.graph().get();
        base.init();
        double[] before = output(base, of);
        double[] weights = values(base.params());
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .targetModules(ModuleSelector.regex("(one|two)\\b.*"))
                .build();

        AdaptedNetwork<ComputationGraph> model = inject(base, config, 5);

        ComputationGraph network = model.network();
        assertThat(output(network, of)).containsExactly(before, offset(BY_HAND));
        Map<String, double[]> frozen = parameters(network);
        MultiDataSet data = new MultiDataSet(of.inputs(), of.labels());
        double first = network.score(data);
        for (int i = 0; i < 5; i++) {
            network.fit(of.inputs(), of.labels());
        }
        assertThat(network.score(data)).isLessThan(first);
        parameters(network).forEach((name, value) -> {
            if (name.matches(".*[AB]0")) {
                assertThat(value).as(name).isNotEqualTo(frozen.get(name));
            } else {
                assertThat(value).as(name).isEqualTo(frozen.get(name));
            }
        });
        double[] adapted = output(network, of);
        Adapter adapter = model.adapter("default");
        AdaptedNetwork<ComputationGraph> again = adapted(base);
        again.addAdapter("copy", adapter);
        again.activate("copy");
        assertThat(output(again.network(), of)).isEqualTo(adapted);
        assertThat(output(model.mergeAndUnload(), of)).containsExactly(adapted, offset(1e-6));
        assertThat(values(base.params())).isEqualTo(weights);
        assertThat(output(model.unload(), of)).isEqualTo(before);
    }

    @Test
    void locallyConnectedLayer_savedAndLoaded_givesTheOutput(@TempDir Path directory) throws IOException {
        Case of = series(localSeries());
        ComputationGraph base = of.graph().get();
        base.init();
        LoraConfig config = LoraConfig.builder().rank(2).targetModules("one").build();
        AdaptedNetwork<ComputationGraph> model = inject(base, config, 5);
        model.network().fit(of.inputs(), of.labels());

        model.adapter("default").save(directory);

        assertThat(output(
                        DefaultAdapter.saved(AdaptedNetwork.of(base), directory).network(), of))
                .isEqualTo(output(model.network(), of));
    }

    @Test
    void everyKindIsHere() {
        List<String> here = cases().map(Case::kind).toList();

        assertThat(LayerKinds.names())
                .filteredOn(name -> !NOT_HERE.contains(name))
                .isSubsetOf(here);
    }
}
