/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;
import static org.lora4j.dl4j.Networks.classes;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.samediff.SDLayerParams;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffOutputLayer;
import org.deeplearning4j.nn.conf.ocnn.OCNNOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Networks that end in layers with parameters of kinds without adapters. */
class FrozenOutputLayersTest {

    private static final int ROWS = 6;

    private static final LoraConfig BELOW =
            LoraConfig.builder().rank(2).targetModules("below").build();

    /** A stock output layer under another name. */
    public static final class OwnHead extends OutputLayer {

        private static final long serialVersionUID = 1;

        /** For JSON. */
        public OwnHead() {}

        OwnHead(OutputLayer.Builder builder) {
            super(builder);
        }

        @Override
        public org.deeplearning4j.nn.api.Layer instantiate(
                NeuralNetConfiguration conf,
                Collection<TrainingListener> listeners,
                int index,
                INDArray view,
                boolean initialize,
                DataType type) {
            return super.instantiate(conf, listeners, index, view, initialize, type);
        }
    }

    /** The squared distance of a product from the labels. */
    public static final class SquaredDistance extends SameDiffOutputLayer {

        private static final long serialVersionUID = 1;

        @Override
        public SDVariable defineLayer(
                SameDiff graph, SDVariable input, SDVariable labels, Map<String, SDVariable> parameters) {
            SDVariable out = input.mmul("distances", parameters.get("W"));
            return graph.math().square(out.sub(labels)).mean("loss");
        }

        @Override
        public String activationsVertexName() {
            return "distances";
        }

        @Override
        public void defineParameters(SDLayerParams parameters) {
            parameters.clear();
            parameters.addWeightParam("W", 4, 3);
        }

        @Override
        public void initializeParameters(Map<String, INDArray> parameters) {
            parameters.get("W").assign(normal(4, 3));
        }

        @Override
        public InputType getOutputType(int index, InputType input) {
            return InputType.feedForward(3);
        }
    }

    private static Layer ocnn() {
        return new OCNNOutputLayer.Builder()
                .nIn(4)
                .hiddenLayerSize(3)
                .windowSize(100)
                .build();
    }

    static Stream<Arguments> headsAndModes() {
        return Stream.of(
                        Named.<Layer>of(
                                "own subclass",
                                new OwnHead(new OutputLayer.Builder(LossFunction.MCXENT)
                                        .nIn(4)
                                        .nOut(3)
                                        .activation(Activation.SOFTMAX))),
                        Named.<Layer>of("over SameDiff", new SquaredDistance()),
                        Named.of("one class", ocnn()))
                .flatMap(head -> Stream.of(MemoryMode.values()).map(mode -> Arguments.of(head, mode)));
    }

    private static NeuralNetConfiguration.Builder builder() {
        return new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(new Adam(0.02));
    }

    private static Layer below() {
        return new DenseLayer.Builder()
                .name("below")
                .nIn(4)
                .nOut(4)
                .activation(Activation.TANH)
                .build();
    }

    private static MultiLayerNetwork network(Layer head) {
        Layer named = head.clone();
        named.setLayerName("head");
        MultiLayerNetwork network = new MultiLayerNetwork(
                builder().list().layer(below()).layer(named).build());
        network.init();
        return network;
    }

    private static ComputationGraph graph(Layer head) {
        ComputationGraph network = new ComputationGraph(builder()
                .graphBuilder()
                .addInputs("in")
                .addLayer("below", below(), "in")
                .addLayer("head", head.clone(), "below")
                .setOutputs("head")
                .build());
        network.init();
        return network;
    }

    private static DataSet data(Layer head) {
        INDArray labels = head instanceof OCNNOutputLayer ? Nd4j.ones(DataType.DOUBLE, ROWS, 1) : classes(ROWS, 3);
        return new DataSet(normal(ROWS, 4), labels);
    }

    private static DataSetIterator epoch(Layer head) {
        return new ListDataSetIterator<>(List.of(data(head), data(head)), ROWS);
    }

    @ParameterizedTest
    @MethodSource("headsAndModes")
    void network_trainsTheLayersBelow(Layer head, MemoryMode mode) {
        MultiLayerNetwork base = network(head);
        double[] before = values(base.params());
        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(AdaptedNetwork.of(base, mode), BELOW, 3);
        INDArray inputs = data(head).getFeatures();
        assertThat(values(model.network().output(inputs))).isEqualTo(values(base.output(inputs)));
        double first = model.network().score(data(head));

        model.network().fit(epoch(head), 10);

        assertThat(model.network().score(data(head))).isLessThan(first);
        assertThat(values(base.params())).isEqualTo(before);
        base.getLayer(1)
                .paramTable()
                .forEach((name, value) -> assertThat(
                                values(model.network().getLayer(1).getParam(name)))
                        .as(name)
                        .isEqualTo(values(value)));
        double[] adapted = values(model.network().output(inputs));
        assertThat(values(model.mergeAndUnload().output(inputs))).containsExactly(adapted, offset(1e-9));
    }

    @ParameterizedTest
    @MethodSource("headsAndModes")
    void graph_trainsTheLayersBelow(Layer head, MemoryMode mode) {
        ComputationGraph base = graph(head);
        double[] before = values(base.params());
        AdaptedNetwork<ComputationGraph> model = DefaultAdapter.fresh(AdaptedNetwork.of(base, mode), BELOW, 3);
        double first = model.network().score(data(head));

        model.network().fit(epoch(head), 10);

        assertThat(model.network().score(data(head))).isLessThan(first);
        assertThat(values(base.params())).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource(MemoryMode.class)
    void headThatIsTrainedInFull_isStock(MemoryMode mode) {
        Layer head = headsAndModes()
                .map(arguments -> ((Named<?>) arguments.get()[0]).getPayload())
                .filter(layer -> layer instanceof BaseOutputLayer && !(layer instanceof OCNNOutputLayer))
                .map(Layer.class::cast)
                .findFirst()
                .orElseThrow();
        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(
                AdaptedNetwork.of(network(head), mode),
                BELOW.toBuilder().modulesToSave("head").build(),
                3);
        double[] before = values(model.network().getParam("1_W"));

        model.network().fit(epoch(head));

        assertThat(values(model.network().getParam("1_W"))).isNotEqualTo(before);
        assertThat(model.network().getLayer(1).conf().getLayer()).isInstanceOf(OwnHead.class);
    }

    /** Deeplearning4j sets r anew whenever it makes such a layer of a configuration, until r was set once by an epoch. */
    @ParameterizedTest
    @EnumSource(MemoryMode.class)
    void oneClassLayer_keepsWhatItLearned_whateverIsMadeOfTheBase(MemoryMode mode, @TempDir Path folder)
            throws IOException {
        MultiLayerNetwork base = network(ocnn());
        base.fit(data(ocnn()));
        double[] learned = values(base.params());
        assertThat(base.getParam("1_r").getDouble(0)).isNotEqualTo(0.1);

        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(AdaptedNetwork.of(base, mode), BELOW, 3);
        model.network().fit(data(ocnn()));
        model.merge();
        model.unmerge();
        MultiLayerNetwork adapted = model.network();

        assertThat(values(base.params())).isEqualTo(learned);
        assertThat(values(model.mergeAndUnload().getParam("1_r"))).isEqualTo(values(base.getParam("1_r")));
        assertThat(values(adapted.getLayer(1).getParam("r"))).isEqualTo(values(base.getParam("1_r")));
        double score = adapted.score(data(ocnn()));
        assertThat(adapted.clone().score(data(ocnn()))).isEqualTo(score);
        model.adapter("default").save(folder.resolve("adapter"));
        assertThat(DefaultAdapter.saved(AdaptedNetwork.of(base, mode), folder.resolve("adapter"))
                        .network()
                        .score(data(ocnn())))
                .isEqualTo(score);
        Path zip = folder.resolve("model.zip");
        model.save(zip);
        AdaptedNetwork<MultiLayerNetwork> again = NetworkFile.of(zip).in(mode).adaptedMultiLayerNetwork();
        assertThat(values(again.base().params())).isEqualTo(learned);
        assertThat(again.network().score(data(ocnn()))).isEqualTo(score);
        if (mode == MemoryMode.IN_VIEW) {
            Path stock = folder.resolve("stock.zip");
            ModelSerializer.writeModel(adapted, stock.toFile(), true);
            assertThat(values(ModelSerializer.restoreMultiLayerNetwork(stock.toFile())
                            .params()))
                    .isEqualTo(values(adapted.params()));
        }
    }

    /** The loss of the layer is the mean over rows; DL4J divides the score that it tells by their number once more. */
    @Test
    void oneClassLayer_givesTheLayersBelowTheGradientOfItsLoss() {
        Layer head = ocnn();
        MultiLayerNetwork base = network(head);
        base.getParam("1_r").assign(2); // Every row counts.
        LoraConfig config =
                BELOW.toBuilder().initialization(Initialization.RANDOM).build();
        MultiLayerNetwork network =
                DefaultAdapter.fresh(AdaptedNetwork.of(base), config, 3).network();
        network.setInput(data(head).getFeatures());
        network.setLabels(data(head).getLabels());
        network.computeGradientAndScore();
        double[] gradient = values(network.gradient().gradientForVariable().get("0_WA0"));
        INDArray factor = network.getParam("0_WA0");
        double h = 1e-5;

        for (int i = 0; i < gradient.length; i++) {
            double at = factor.getDouble(i);
            factor.putScalar(i, at + h);
            double above = loss(network, head);
            factor.putScalar(i, at - h);
            double slope = (above - loss(network, head)) / (2 * h);
            factor.putScalar(i, at);
            assertThat(gradient[i] / ROWS).as("element " + i).isCloseTo(slope, offset(1e-7));
        }
    }

    private static double loss(MultiLayerNetwork network, Layer head) {
        return network.score(data(head)) * ROWS;
    }

    @ParameterizedTest
    @EnumSource(MemoryMode.class)
    void oneClassLayerThatHasSeenEpochs_leavesItsRadiusAlone(MemoryMode mode) {
        MultiLayerNetwork base = network(ocnn());
        base.fit(epoch(ocnn()), 3);
        double[] radius = values(base.getParam("1_r"));
        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(AdaptedNetwork.of(base, mode), BELOW, 3);

        model.network().fit(epoch(ocnn()), 3);

        assertThat(values(model.network().getParam("1_r"))).isEqualTo(radius);
        assertThat(values(base.getParam("1_r"))).isEqualTo(radius);
    }
}
