/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;
import static org.lora4j.dl4j.Networks.classes;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.CapsuleLayer;
import org.deeplearning4j.nn.conf.layers.CapsuleStrengthLayer;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.GravesBidirectionalLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocalResponseNormalization;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PReLULayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.PrimaryCapsules;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SpaceToDepthLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling1DLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling3DLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling1D;
import org.deeplearning4j.nn.conf.layers.Upsampling2D;
import org.deeplearning4j.nn.conf.layers.Upsampling3D;
import org.deeplearning4j.nn.conf.layers.ZeroPadding1DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPadding3DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping1D;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping3D;
import org.deeplearning4j.nn.conf.layers.misc.ElementWiseMultiplicationLayer;
import org.deeplearning4j.nn.conf.layers.misc.RepeatVector;
import org.deeplearning4j.nn.conf.layers.objdetect.Yolo2OutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.TimeDistributed;
import org.deeplearning4j.nn.conf.layers.util.MaskLayer;
import org.deeplearning4j.nn.conf.layers.variational.VariationalAutoencoder;
import org.deeplearning4j.nn.conf.ocnn.OCNNOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.LoraConfig;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Stock layers of kinds without adapters among adapted ones, in networks and graphs and in both memory modes: adapters on all
 * modules, on the lowest and on the highest train, act, merge and are saved, and nothing else moves. Kinds with adapters are in
 * {@link KindsInGraphsTest}.
 */
@Tag("thorough")
@SuppressWarnings("deprecation") // GravesBidirectionalLSTM is, and saved networks have it.
class StockLayersTest {

    private static final double ROUNDED = 1e-9;

    @TempDir
    private Path folder;

    /** Layers in a row and a batch for them. */
    private record Row(String name, InputType type, INDArray input, INDArray labels, List<Layer> layers) {

        private static NeuralNetConfiguration.Builder builder() {
            return new NeuralNetConfiguration.Builder()
                    .seed(3)
                    .dataType(DataType.DOUBLE)
                    .updater(new Adam(0.01))
                    .activation(Activation.TANH)
                    .l2(1e-3);
        }

        MultiLayerNetwork network() {
            NeuralNetConfiguration.ListBuilder list = builder().list();
            layers.forEach(layer -> list.layer(layer.clone()));
            MultiLayerNetwork network =
                    new MultiLayerNetwork(list.setInputType(type).build());
            network.init();
            return network;
        }

        ComputationGraph graph() {
            ComputationGraphConfiguration.GraphBuilder builder =
                    builder().graphBuilder().addInputs("in");
            String below = "in";
            for (int i = 0; i < layers.size(); i++) {
                builder.addLayer("layer-" + i, layers.get(i).clone(), below);
                below = "layer-" + i;
            }
            ComputationGraph network = new ComputationGraph(
                    builder.setOutputs(below).setInputTypes(type).build());
            network.init();
            return network;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static Row row(InputType type, INDArray input, INDArray labels, Layer... layers) {
        String name = Stream.of(layers)
                .map(layer -> layer.getClass().getSimpleName())
                .toList()
                .toString();
        return new Row(name, type, input, labels, List.of(layers));
    }

    private static Layer dense(int outputs) {
        return new DenseLayer.Builder().nOut(outputs).build();
    }

    private static Layer head() {
        return new OutputLayer.Builder(LossFunction.MCXENT)
                .activation(Activation.SOFTMAX)
                .nOut(3)
                .build();
    }

    private static Layer lstm(int outputs) {
        return new LSTM.Builder().nOut(outputs).build();
    }

    private static Layer tagger() {
        return new RnnOutputLayer.Builder(LossFunction.MCXENT)
                .activation(Activation.SOFTMAX)
                .nOut(3)
                .build();
    }

    private static INDArray tags(int steps) {
        return classes(2 * steps, 3).reshape(2, steps, 3).permute(0, 2, 1).dup('c');
    }

    private static Row flat(Layer kind) {
        return row(InputType.feedForward(5), normal(4, 5), classes(4, 3), dense(4), kind, dense(4), head());
    }

    private static Row images(Layer... kinds) {
        List<Layer> layers = new ArrayList<>(List.of(kinds));
        layers.add(0, new ConvolutionLayer.Builder(2, 2).nOut(4).build());
        layers.add(dense(4));
        layers.add(head());
        return row(InputType.convolutional(7, 7, 2), normal(3, 2, 7, 7), classes(3, 3), layers.toArray(new Layer[0]));
    }

    private static Row volumes(Layer kind) {
        return row(
                InputType.convolutional3D(5, 5, 5, 1),
                normal(2, 1, 5, 5, 5),
                classes(2, 3),
                new Convolution3D.Builder(2, 2, 2).nOut(2).build(),
                kind,
                new GlobalPoolingLayer(PoolingType.MAX),
                dense(4),
                head());
    }

    private static Row series(Layer kind, int steps) {
        return row(InputType.recurrent(3, 6), normal(2, 3, 6), tags(steps), lstm(4), kind, tagger());
    }

    private static Row seriesToVector(Layer kind) {
        return row(InputType.recurrent(3, 6), normal(2, 3, 6), classes(2, 3), lstm(4), kind, head());
    }

    private static INDArray boxes() {
        INDArray labels = Nd4j.zeros(DataType.DOUBLE, 2, 6, 3, 3);
        double[] values = {0.6, 0.7, 1.8, 1.9, 1, 0};
        for (int i = 0; i < values.length; i++) {
            labels.putScalar(new int[] {0, i, 1, 1}, values[i]);
            labels.putScalar(new int[] {1, i, 1, 1}, values[i]);
        }
        return labels;
    }

    private static Stream<Row> rows() {
        InputType vectors = InputType.feedForward(5);
        InputType sequences = InputType.recurrent(3, 6);
        return Stream.of(
                flat(new ActivationLayer(Activation.RELU)),
                flat(new BatchNormalization()),
                flat(new BatchNormalization.Builder().lockGammaBeta(true).build()),
                flat(new ElementWiseMultiplicationLayer.Builder().nIn(4).nOut(4).build()),
                flat(new PReLULayer.Builder().inputShape(4).build()),
                flat(new AutoEncoder.Builder().nOut(4).build()),
                flat(new VariationalAutoencoder.Builder()
                        .nOut(4)
                        .encoderLayerSizes(5)
                        .decoderLayerSizes(5)
                        .build()),
                flat(new MaskLayer()),
                images(new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX)
                        .kernelSize(2, 2)
                        .stride(2, 2)
                        .build()),
                images(new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.AVG)
                        .kernelSize(2, 2)
                        .stride(2, 2)
                        .build()),
                images(new BatchNormalization.Builder().useLogStd(true).build()),
                images(new LocalResponseNormalization.Builder().build()),
                images(new ZeroPaddingLayer.Builder(1, 1).build()),
                images(new Cropping2D(1, 1)),
                images(new Upsampling2D.Builder(2).build()),
                images(new SpaceToDepthLayer.Builder<>(2, SpaceToDepthLayer.DataFormat.NCHW).build()),
                images(new GlobalPoolingLayer(PoolingType.AVG)),
                images(new PReLULayer.Builder().inputShape(4, 6, 6).build()),
                images(new PReLULayer.Builder()
                        .inputShape(4, 6, 6)
                        .sharedAxes(2, 3)
                        .build()),
                images(
                        new PrimaryCapsules.Builder(4, 2)
                                .kernelSize(2, 2)
                                .stride(2, 2)
                                .build(),
                        new CapsuleLayer.Builder(3, 4, 2).build(),
                        new CapsuleStrengthLayer.Builder().build()),
                volumes(new Subsampling3DLayer.Builder(2, 2, 2).build()),
                volumes(new Upsampling3D.Builder(2).build()),
                volumes(new ZeroPadding3DLayer.Builder(1, 1, 1).build()),
                volumes(new Cropping3D.Builder(1, 1, 1, 1, 1, 1).build()),
                volumes(new Deconvolution3D.Builder()
                        .kernelSize(2, 2, 2)
                        .stride(1, 1, 1)
                        .nOut(2)
                        .build()),
                series(new GravesBidirectionalLSTM.Builder().nOut(4).build(), 6),
                series(new TimeDistributed(new BatchNormalization()), 6),
                series(
                        new Convolution1DLayer.Builder(3)
                                .nOut(4)
                                .convolutionMode(ConvolutionMode.Same)
                                .build(),
                        6),
                series(
                        new Subsampling1DLayer.Builder(SubsamplingLayer.PoolingType.MAX)
                                .kernelSize(2)
                                .stride(2)
                                .build(),
                        3),
                series(new Upsampling1D.Builder(2).build(), 12),
                series(new ZeroPadding1DLayer.Builder(1).build(), 8),
                series(new Cropping1D(1), 4),
                seriesToVector(new LastTimeStep(
                        new GravesBidirectionalLSTM.Builder().nOut(4).build())),
                seriesToVector(new GlobalPoolingLayer(PoolingType.MAX)),
                row(vectors, normal(2, 5), tags(6), dense(4), new RepeatVector.Builder<>(6).build(), lstm(4), tagger()),
                row(
                        vectors,
                        normal(4, 5),
                        classes(4, 3),
                        dense(4),
                        dense(3),
                        new LossLayer.Builder(LossFunction.MSE)
                                .activation(Activation.IDENTITY)
                                .build()),
                row(
                        vectors,
                        normal(4, 5),
                        Nd4j.ones(DataType.DOUBLE, 4, 1),
                        dense(4),
                        new OCNNOutputLayer.Builder().nIn(4).hiddenLayerSize(3).build()),
                row(
                        sequences,
                        normal(2, 3, 6),
                        tags(6),
                        lstm(4),
                        lstm(3),
                        new RnnLossLayer.Builder(LossFunction.MSE)
                                .activation(Activation.IDENTITY)
                                .build()),
                row(
                        InputType.convolutional(4, 4, 2),
                        normal(2, 2, 4, 4),
                        normal(2, 3, 3, 3),
                        new ConvolutionLayer.Builder(2, 2).nOut(3).build(),
                        new CnnLossLayer.Builder(LossFunction.MSE).build()),
                row(
                        InputType.convolutional3D(4, 4, 4, 1),
                        normal(2, 1, 4, 4, 4),
                        normal(2, 2, 3, 3, 3),
                        new Convolution3D.Builder(2, 2, 2).nOut(2).build(),
                        new Cnn3DLossLayer.Builder(Convolution3D.DataFormat.NCDHW)
                                .lossFunction(LossFunction.MSE)
                                .build()),
                row(
                        InputType.convolutional(4, 4, 2),
                        normal(2, 2, 4, 4),
                        boxes(),
                        new ConvolutionLayer.Builder(2, 2).nOut(14).build(),
                        new Yolo2OutputLayer.Builder()
                                .boundingBoxPriors(Nd4j.createFromArray(new double[][] {{1, 1}, {2, 2}}))
                                .build()));
    }

    private static List<List<String>> choices(NetworkModules modules) {
        List<NetworkModule> all = modules.modules();
        List<List<String>> choices = new ArrayList<>();
        choices.add(all.stream().map(NetworkModule::path).toList());
        for (NetworkModule end : List.of(all.get(0), all.get(all.size() - 1))) {
            choices.add(all.stream()
                    .filter(module -> module.layer().equals(end.layer()))
                    .map(NetworkModule::path)
                    .toList());
        }
        return choices;
    }

    private static LoraConfig config(List<String> targets) {
        return LoraConfig.builder()
                .rank(2)
                .targetModules(targets.toArray(new String[0]))
                .build();
    }

    @ParameterizedTest
    @MethodSource("rows")
    void networkTrainsMergesAndIsSaved_aroundTheLayer(Row row) throws IOException {
        MultiLayerNetwork base = row.network();
        double[] before = values(base.output(row.input()));
        double[] parameters = values(base.params());
        for (List<String> targets : choices(NetworkModules.find(base))) {
            Map<MemoryMode, double[]> outputs = new LinkedHashMap<>();
            for (MemoryMode mode : MemoryMode.values()) {
                AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(base, mode);
                model.addAdapter("default", config(targets), 7);
                model.activate("default");
                assertThat(values(model.network().output(row.input()))).containsExactly(before, offset(1e-12));
                for (int i = 0; i < 3; i++) {
                    model.network().fit(row.input(), row.labels());
                    model.network().setEpochCount(i + 1);
                }

                double[] trained = values(model.network().output(row.input()));
                outputs.put(mode, trained);
                assertThat(trained).isNotEqualTo(before);
                assertThat(values(base.params())).isEqualTo(parameters);
                for (NetworkParameter parameter : model.networkModules().parameters()) {
                    assertThat(values(model.network().getParam(parameter.layer() + "_" + parameter.name())))
                            .as(parameter.path())
                            .isEqualTo(values(parameter.value()));
                }
                Path zip = folder.resolve("model.zip");
                model.save(zip);
                MultiLayerNetwork again =
                        NetworkFile.of(zip).in(mode).adaptedMultiLayerNetwork().network();
                assertThat(values(again.output(row.input()))).isEqualTo(trained);
                assertThat(values(model.mergeAndUnload().output(row.input())))
                        .containsExactly(trained, offset(ROUNDED));
            }
            assertThat(outputs.get(MemoryMode.LOW_MEMORY)).isEqualTo(outputs.get(MemoryMode.IN_VIEW));
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void graphTrainsMergesAndIsSaved_aroundTheLayer(Row row) throws IOException {
        ComputationGraph base = row.graph();
        double[] before = values(base.outputSingle(row.input()));
        double[] parameters = values(base.params());
        for (List<String> targets : choices(NetworkModules.find(base))) {
            Map<MemoryMode, double[]> outputs = new LinkedHashMap<>();
            for (MemoryMode mode : MemoryMode.values()) {
                AdaptedNetwork<ComputationGraph> model = AdaptedNetwork.of(base, mode);
                model.addAdapter("default", config(targets), 7);
                model.activate("default");
                assertThat(values(model.network().outputSingle(row.input()))).containsExactly(before, offset(1e-12));
                for (int i = 0; i < 3; i++) {
                    model.network().fit(new INDArray[] {row.input()}, new INDArray[] {row.labels()});
                }

                double[] trained = values(model.network().outputSingle(row.input()));
                outputs.put(mode, trained);
                assertThat(trained).isNotEqualTo(before);
                assertThat(values(base.params())).isEqualTo(parameters);
                Path zip = folder.resolve("model.zip");
                model.save(zip);
                ComputationGraph again =
                        NetworkFile.of(zip).in(mode).adaptedComputationGraph().network();
                assertThat(values(again.outputSingle(row.input()))).isEqualTo(trained);
                assertThat(values(model.mergeAndUnload().outputSingle(row.input())))
                        .containsExactly(trained, offset(ROUNDED));
            }
            assertThat(outputs.get(MemoryMode.LOW_MEMORY)).isEqualTo(outputs.get(MemoryMode.IN_VIEW));
        }
    }

    /** Stock M2.1 cannot run it at all; here it runs also where only layers above learn. */
}
