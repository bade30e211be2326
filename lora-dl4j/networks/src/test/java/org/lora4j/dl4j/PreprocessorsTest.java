/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.dl4j.Networks.classes;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.CnnToRnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToRnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToCnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** DL4J's input preprocessors around adapted layers: reshaping between them, gradients through them, the lowest one too. */
class PreprocessorsTest {

    private DataType typeBefore;

    @BeforeEach
    void computeInDouble() {
        // GradientCheckUtil looks at the default type.
        typeBefore = Nd4j.dataType();
        Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
    }

    @AfterEach
    void restoreType() {
        Nd4j.setDefaultDataTypes(typeBefore, typeBefore);
    }

    /** A network with preprocessors, one of them before its first layer in some. */
    record Case(String name, MultiLayerNetwork network, INDArray input, INDArray labels, Class<?>... preprocessors) {

        @Override
        public String toString() {
            return name;
        }
    }

    private static MultiLayerNetwork network(InputType type, Layer... layers) {
        NeuralNetConfiguration.ListBuilder list = new NeuralNetConfiguration.Builder()
                .seed(5)
                .dataType(DataType.DOUBLE)
                .updater(new NoOp())
                .activation(Activation.TANH)
                .list();
        for (Layer layer : layers) {
            list.layer(layer);
        }
        MultiLayerNetwork network =
                new MultiLayerNetwork(list.setInputType(type).build());
        network.init();
        return network;
    }

    private static Layer conv() {
        return new ConvolutionLayer.Builder(2, 2).nOut(2).build();
    }

    private static Layer dense(int size) {
        return new DenseLayer.Builder().nOut(size).build();
    }

    private static Layer lstm() {
        return new LSTM.Builder().nOut(4).build();
    }

    private static Layer out() {
        return new OutputLayer.Builder(LossFunction.MCXENT)
                .nOut(3)
                .activation(Activation.SOFTMAX)
                .build();
    }

    private static Layer outOverTime() {
        return new RnnOutputLayer.Builder(LossFunction.MCXENT)
                .nOut(3)
                .activation(Activation.SOFTMAX)
                .build();
    }

    private static INDArray classesOverTime(int examples, int steps) {
        return classes(examples * steps, 3)
                .reshape(examples, steps, 3)
                .permute(0, 2, 1)
                .dup('c');
    }

    static List<Case> cases() {
        return List.of(
                new Case(
                        "images to rows",
                        network(InputType.convolutional(3, 3, 2), conv(), dense(4), out()),
                        normal(3, 2, 3, 3),
                        classes(3, 3),
                        CnnToFeedForwardPreProcessor.class),
                new Case(
                        "rows to images to rows",
                        network(InputType.convolutionalFlat(3, 3, 2), conv(), dense(4), out()),
                        normal(3, 18),
                        classes(3, 3),
                        FeedForwardToCnnPreProcessor.class,
                        CnnToFeedForwardPreProcessor.class),
                new Case(
                        "series to rows to series",
                        network(InputType.recurrent(3, 4), dense(5), lstm(), dense(4), outOverTime()),
                        normal(2, 3, 4),
                        classesOverTime(2, 4),
                        RnnToFeedForwardPreProcessor.class,
                        FeedForwardToRnnPreProcessor.class,
                        RnnToFeedForwardPreProcessor.class,
                        FeedForwardToRnnPreProcessor.class),
                new Case(
                        "series to images to series",
                        overImages(),
                        normal(2, 18, 4),
                        classesOverTime(2, 4),
                        RnnToCnnPreProcessor.class,
                        CnnToRnnPreProcessor.class));
    }

    private static MultiLayerNetwork overImages() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(5)
                .dataType(DataType.DOUBLE)
                .updater(new NoOp())
                .activation(Activation.TANH)
                .list()
                .layer(new ConvolutionLayer.Builder(2, 2).nIn(2).nOut(2).build())
                .layer(new LSTM.Builder().nIn(8).nOut(4).build())
                .layer(new RnnOutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(4)
                        .nOut(3)
                        .dataFormat(org.deeplearning4j.nn.conf.RNNFormat.NCW)
                        .activation(Activation.SOFTMAX)
                        .build())
                .inputPreProcessor(0, new RnnToCnnPreProcessor(3, 3, 2))
                .inputPreProcessor(1, new CnnToRnnPreProcessor(2, 2, 2))
                .build());
        network.init();
        return network;
    }

    private static LoraConfig everything(MultiLayerNetwork network, Initialization start) {
        return LoraConfig.builder()
                .rank(2)
                .initialization(start)
                .targetModules(NetworkModules.find(network).modules().stream()
                        .map(NetworkModule::path)
                        .toArray(String[]::new))
                .build();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void freshAdapters_leaveTheOutputAsItIs(Case of) {
        MultiLayerNetwork adapted = DefaultAdapter.fresh(
                        AdaptedNetwork.of(of.network()), everything(of.network(), Initialization.KAIMING_UNIFORM), 1)
                .network();

        assertThat(adapted.getLayerWiseConfigurations().getInputPreProcessors().values())
                .extracting(Object::getClass)
                .containsExactlyInAnyOrderElementsOf(Arrays.asList(of.preprocessors()));
        assertThat(values(adapted.output(of.input())))
                .isEqualTo(values(of.network().output(of.input())));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void gradients_areThoseOfDifferences(Case of) {
        MultiLayerNetwork adapted = DefaultAdapter.fresh(
                        AdaptedNetwork.of(of.network()), everything(of.network(), Initialization.RANDOM), 1)
                .network();
        Set<String> frozen = new HashSet<>(adapted.paramTable().keySet());
        frozen.removeIf(name -> name.contains("A0") || name.contains("B0"));

        boolean holds = GradientCheckUtil.checkGradients(new GradientCheckUtil.MLNConfig()
                .net(adapted)
                .input(of.input())
                .labels(of.labels())
                .excludeParams(frozen)
                .epsilon(1e-6)
                .maxRelError(1e-5)
                .minAbsoluteError(1e-8)
                .print(GradientCheckUtil.PrintMode.FAILURES_ONLY));

        assertThat(holds).isTrue();
    }
}
