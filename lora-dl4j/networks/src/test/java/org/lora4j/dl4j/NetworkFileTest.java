/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.dl4j.Networks.classes;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.constraint.UnitNormConstraint;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.conf.distribution.UniformDistribution;
import org.deeplearning4j.nn.conf.dropout.GaussianDropout;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.graph.rnn.DuplicateToTimeSeriesVertex;
import org.deeplearning4j.nn.conf.graph.rnn.LastTimeStepVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.variational.GaussianReconstructionDistribution;
import org.deeplearning4j.nn.conf.layers.variational.VariationalAutoencoder;
import org.deeplearning4j.nn.conf.weightnoise.WeightNoise;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.BaseActivationFunction;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerStandardize;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.linalg.schedule.StepSchedule;

/** Good files: {@link NetworkFile} gives what {@code ModelSerializer} gives, in every bit. */
class NetworkFileTest {

    @TempDir
    private Path folder;

    private Path zip() {
        return folder.resolve("network.zip");
    }

    private static LoraConfig targets(String... names) {
        return LoraConfig.builder().rank(2).targetModules(names).build();
    }

    static List<Named<MultiLayerNetwork>> networks() {
        return List.of(
                Named.of("dense", Networks.mlp()),
                Named.of("convolution", Networks.cnn()),
                Named.of("recurrent", Networks.recurrent()),
                Named.of("normalization", Networks.normalized()),
                Named.of(
                        "adapted",
                        DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), targets("fc2"), 1)
                                .network()),
                Named.of(
                        "adapted, with frozen layers of other kinds",
                        DefaultAdapter.fresh(AdaptedNetwork.of(Networks.normalized()), targets("fc"), 1)
                                .network()));
    }

    private static DataSet batch(MultiLayerNetwork network) {
        return switch (network.getLayer(0).conf().getLayer().getClass().getSimpleName()) {
            case "ConvolutionLayer", "LoraConvolution2D" -> {
                boolean small = network.getLayer(1)
                        .conf()
                        .getLayer()
                        .getClass()
                        .getSimpleName()
                        .startsWith("Sub");
                yield new DataSet(small ? normal(5, 1, 8, 8) : normal(5, 2, 5, 5), classes(5, 3));
            }
            case "FrozenBaseLayer", "FrozenLayer" ->
                network.getLayer(1).conf().getLayer() instanceof DenseLayer
                        ? new DataSet(normal(5, 4), classes(5, 3))
                        : new DataSet(normal(5, 2, 5, 5), classes(5, 3));
            default ->
                network.getLayer(1).type() == org.deeplearning4j.nn.api.Layer.Type.RECURRENT
                        ? new DataSet(
                                normal(2, 3, 5), classes(10, 3).reshape(2, 5, 3).permute(0, 2, 1))
                        : new DataSet(normal(5, 4), classes(5, 3));
        };
    }

    @ParameterizedTest
    @MethodSource("networks")
    void network_isThatOfTheStockReader_andLearnsOnAlike(MultiLayerNetwork network) throws IOException {
        DataSet batch = batch(network);
        network.fit(batch);
        network.fit(batch);
        ModelSerializer.writeModel(network, zip().toFile(), true);
        MultiLayerNetwork stock = ModelSerializer.restoreMultiLayerNetwork(zip().toFile());

        MultiLayerNetwork read = NetworkFile.readMultiLayerNetwork(zip());

        assertThat(read.getLayerWiseConfigurations().toJson())
                .isEqualTo(stock.getLayerWiseConfigurations().toJson());
        assertThat(read.getIterationCount()).isEqualTo(network.getIterationCount());
        assertThat(read.params().shape()).isEqualTo(stock.params().shape());
        assertThat(values(read.params())).isEqualTo(values(network.params()));
        assertThat(values(read.getUpdater().getStateViewArray()))
                .isEqualTo(values(network.getUpdater().getStateViewArray()));
        network.fit(batch);
        read.fit(batch);
        assertThat(values(read.params())).isEqualTo(values(network.params()));
        assertThat(values(read.output(batch.getFeatures()))).isEqualTo(values(network.output(batch.getFeatures())));
    }

    /** An activation whose factor its JSON does not have. */
    public static final class Forgetful extends BaseActivationFunction {

        private static final long serialVersionUID = 1L;

        private final transient double factor;

        /** As it is read. */
        public Forgetful() {
            this(1);
        }

        Forgetful(double factor) {
            this.factor = factor;
        }

        @Override
        public INDArray getActivation(INDArray in, boolean training) {
            return in.muli(factor);
        }

        @Override
        public Pair<INDArray, INDArray> backprop(INDArray in, INDArray epsilon) {
            return new Pair<>(epsilon.muli(factor), null);
        }
    }

    @ParameterizedTest
    @MethodSource("networks")
    void write_isReadBackBeforeItIsVisible(MultiLayerNetwork network) throws IOException {
        NetworkFile.write(network, zip());

        assertThat(values(NetworkFile.readMultiLayerNetwork(zip()).params())).isEqualTo(values(network.params()));
    }

    @Test
    void write_whereWhatIsReadIsAnotherNetwork_leavesWhatWasThere() throws IOException {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(1)
                .list()
                .layer(new DenseLayer.Builder()
                        .nIn(4)
                        .nOut(3)
                        .activation(new Forgetful(2))
                        .build())
                .layer(new OutputLayer.Builder().nIn(3).nOut(2).build())
                .build());
        network.init();
        Files.writeString(zip(), "before");

        assertThatThrownBy(() -> NetworkFile.write(network, zip()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("answers otherwise than the network in memory")
                .hasMessageContaining("what was there before is unchanged");
        assertThat(zip()).hasContent("before");
    }

    @Test
    void graph_isThatOfTheStockReader_andLearnsOnAlike() throws IOException {
        ComputationGraph graph = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.graph()), targets("enc.fc2"), 1)
                .network();
        DataSet batch = new DataSet(normal(5, 4), classes(5, 3));
        graph.fit(batch);
        ModelSerializer.writeModel(graph, zip().toFile(), true);
        ComputationGraph stock = ModelSerializer.restoreComputationGraph(zip().toFile());

        ComputationGraph read = NetworkFile.readComputationGraph(zip());

        assertThat(read.getConfiguration().toJson())
                .isEqualTo(stock.getConfiguration().toJson());
        assertThat(values(read.params())).isEqualTo(values(graph.params()));
        assertThat(values(read.getUpdater().getStateViewArray()))
                .isEqualTo(values(graph.getUpdater().getStateViewArray()));
        graph.fit(batch);
        read.fit(batch);
        assertThat(values(read.params())).isEqualTo(values(graph.params()));
    }

    @ParameterizedTest
    @EnumSource(names = {"DOUBLE", "FLOAT", "HALF"})
    void elements_ofEveryType_areReadBitByBit(DataType type) throws IOException {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(type)
                .list()
                .layer(new DenseLayer.Builder().nIn(300).nOut(200).build())
                .layer(new OutputLayer.Builder(LossFunction.MSE)
                        .nIn(200)
                        .nOut(2)
                        .activation(Activation.IDENTITY)
                        .build())
                .build());
        network.init();
        ModelSerializer.writeModel(network, zip().toFile(), true);

        MultiLayerNetwork read = NetworkFile.readMultiLayerNetwork(zip());

        assertThat(read.params().dataType()).isEqualTo(type);
        assertThat(values(read.params())).isEqualTo(values(network.params()));
    }

    /** Activations, losses, schedules, noise, distributions, constraints, dropouts, preprocessors, layers of several bases. */
    @Test
    void classesOfEveryFamily_areThoseOfNetworks() throws IOException {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(3)
                .updater(new Nesterovs(new StepSchedule(ScheduleType.EPOCH, 0.1, 0.5, 2), 0.9))
                .weightInit(new NormalDistribution(0, 0.1))
                .dropOut(new GaussianDropout(0.1))
                .weightNoise(new WeightNoise(new UniformDistribution(-0.1, 0.1)))
                .constrainWeights(new MaxNormConstraint(2, 1), new UnitNormConstraint(1))
                .l1(0.01)
                .weightDecay(0.01)
                .list()
                .layer(new ConvolutionLayer.Builder(2, 2)
                        .nOut(2)
                        .activation(Activation.LEAKYRELU)
                        .build())
                .layer(new GlobalPoolingLayer.Builder(PoolingType.MAX).build())
                .layer(new VariationalAutoencoder.Builder()
                        .nOut(3)
                        .encoderLayerSizes(4)
                        .decoderLayerSizes(4)
                        .reconstructionDistribution(new GaussianReconstructionDistribution(Activation.TANH))
                        .build())
                .layer(new OutputLayer.Builder(new LossMCXENT(Nd4j.create(new float[] {1, 2, 3})))
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build())
                .setInputType(InputType.convolutional(4, 4, 1))
                .build());
        network.init();
        ModelSerializer.writeModel(network, zip().toFile(), true);

        MultiLayerNetwork read = NetworkFile.readMultiLayerNetwork(zip());

        assertThat(read.getLayerWiseConfigurations().toJson())
                .isEqualTo(ModelSerializer.restoreMultiLayerNetwork(zip().toFile())
                        .getLayerWiseConfigurations()
                        .toJson())
                .contains("NormalDistribution", "UniformDistribution", "GaussianDropout", "UnitNormConstraint");
        assertThat(values(read.params())).isEqualTo(values(network.params()));
    }

    @Test
    void verticesOfEveryFamily_areThoseOfNetworks() throws IOException {
        ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder()
                .seed(3)
                .graphBuilder()
                .addInputs("in")
                .setInputTypes(InputType.recurrent(3, 4))
                .addLayer("both", new Bidirectional(new LSTM.Builder().nOut(2).build()), "in")
                .addVertex("last", new LastTimeStepVertex("in"), "both")
                .addVertex("again", new DuplicateToTimeSeriesVertex("in"), "last")
                .addVertex("merged", new MergeVertex(), "both", "again")
                .addLayer(
                        "attention",
                        new SelfAttentionLayer.Builder()
                                .nOut(4)
                                .nHeads(2)
                                .projectInput(true)
                                .build(),
                        "merged")
                .addVertex("scaled", new ScaleVertex(0.5), "attention")
                .addLayer(
                        "out",
                        new RnnOutputLayer.Builder(LossFunction.MSE)
                                .nOut(2)
                                .activation(Activation.IDENTITY)
                                .build(),
                        "scaled")
                .setOutputs("out")
                .build());
        graph.init();
        ModelSerializer.writeModel(graph, zip().toFile(), true);

        ComputationGraph read = NetworkFile.readComputationGraph(zip());

        INDArray input = normal(2, 3, 4).castTo(DataType.FLOAT);
        assertThat(values(read.params())).isEqualTo(values(graph.params()));
        assertThat(values(read.outputSingle(input))).isEqualTo(values(graph.outputSingle(input)));
    }

    @Test
    void withoutUpdater_leavesItsMemoryOut() throws IOException {
        MultiLayerNetwork network = Networks.mlp();
        network.fit(normal(5, 4), classes(5, 3));
        ModelSerializer.writeModel(network, zip().toFile(), true);

        INDArray memory = NetworkFile.of(zip())
                .withoutUpdater()
                .multiLayerNetwork()
                .getUpdater()
                .getStateViewArray();

        assertThat(values(memory)).containsOnly(0);
        assertThat(values(network.getUpdater().getStateViewArray())).isNotEqualTo(values(memory));
    }

    @Test
    void networkWithoutParameters_isRead() throws IOException {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .list()
                .layer(new ActivationLayer(Activation.TANH))
                .layer(new LossLayer.Builder(LossFunction.MSE)
                        .activation(Activation.IDENTITY)
                        .build())
                .build());
        network.init();
        ModelSerializer.writeModel(network, zip().toFile(), false);

        MultiLayerNetwork read = NetworkFile.readMultiLayerNetwork(zip());

        INDArray input = normal(2, 3).castTo(DataType.FLOAT);
        // The first layer writes to its input.
        assertThat(values(read.output(input.dup()))).isEqualTo(values(network.output(input.dup())));
    }

    @Test
    void network_givesEitherKind() throws IOException {
        File graph = folder.resolve("graph.zip").toFile();
        ModelSerializer.writeModel(Networks.graph(), graph, true);
        ModelSerializer.writeModel(Networks.mlp(), zip().toFile(), true);

        assertThat(NetworkFile.of(zip()).network()).isInstanceOf(MultiLayerNetwork.class);
        assertThat(NetworkFile.of(graph.toPath()).network()).isInstanceOf(ComputationGraph.class);
    }

    @Test
    void otherKind_isRefused_withTheCallThatReadsIt() throws IOException {
        Path graph = folder.resolve("graph.zip");
        ModelSerializer.writeModel(Networks.graph(), graph.toFile(), true);
        ModelSerializer.writeModel(Networks.mlp(), zip().toFile(), true);

        assertThatThrownBy(() -> NetworkFile.readMultiLayerNetwork(graph))
                .hasMessage(graph + ": holds a ComputationGraph; expected a MultiLayerNetwork."
                        + " Read it with NetworkFile.of(file).computationGraph().");
        assertThatThrownBy(() -> NetworkFile.readComputationGraph(zip()))
                .hasMessage(zip() + ": holds a MultiLayerNetwork; expected a ComputationGraph."
                        + " Read it with NetworkFile.of(file).multiLayerNetwork().");
    }

    @Test
    void normalizerInTheFile_isLeftThere() throws IOException {
        MultiLayerNetwork network = Networks.mlp();
        NormalizerStandardize normalizer = new NormalizerStandardize();
        normalizer.fit(new DataSet(normal(5, 4), classes(5, 3)));
        ModelSerializer.writeModel(network, zip().toFile(), true);
        ModelSerializer.addNormalizerToModel(zip().toFile(), normalizer);

        MultiLayerNetwork read = NetworkFile.readMultiLayerNetwork(zip());

        assertThat(values(read.params())).isEqualTo(values(network.params()));
    }

    @Test
    void missingFile_isNamed() {
        Path nowhere = folder.resolve("nowhere.zip");

        assertThatThrownBy(() -> NetworkFile.readMultiLayerNetwork(nowhere))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining(nowhere.toString());
    }

    @Test
    void unpackingToNothing_isRefused() {
        NetworkFile file = NetworkFile.of(zip());

        assertThatThrownBy(() -> file.unpackingTo(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("bytes = 0");
    }
}
