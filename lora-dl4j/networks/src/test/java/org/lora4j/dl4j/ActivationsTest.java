/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.dl4j.Networks.classes;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.util.HashSet;
import java.util.Set;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Every activation of ND4J in an adapted dense layer and an adapted convolution. */
class ActivationsTest {

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

    private static MultiLayerNetwork stock(Activation activation) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(5)
                .dataType(DataType.DOUBLE)
                .updater(new NoOp())
                .list()
                .layer(new ConvolutionLayer.Builder(2, 2)
                        .name("conv")
                        .nOut(2)
                        .activation(activation)
                        .build())
                .layer(new DenseLayer.Builder()
                        .name("fc")
                        .nOut(4)
                        .activation(activation)
                        .build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build())
                .setInputType(InputType.convolutional(3, 3, 2))
                .build());
        network.init();
        return network;
    }

    private static LoraConfig.Builder targets() {
        return LoraConfig.builder().rank(2).targetModules("conv", "fc");
    }

    @ParameterizedTest
    @EnumSource
    void freshAdapter_leavesTheOutputAsItIs(Activation activation) {
        MultiLayerNetwork stock = stock(activation);

        MultiLayerNetwork adapted = DefaultAdapter.fresh(
                        AdaptedNetwork.of(stock), targets().build(), 1)
                .network();

        assertThat(values(adapted.output(normal(3, 2, 3, 3)))).isEqualTo(values(stock.output(normal(3, 2, 3, 3))));
    }

    /** But RReLU, which draws its slope anew in training. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "RRELU")
    void gradients_areThoseOfDifferences(Activation activation) {
        MultiLayerNetwork adapted = DefaultAdapter.fresh(
                        AdaptedNetwork.of(stock(activation)),
                        targets().initialization(Initialization.RANDOM).build(),
                        1)
                .network();
        Set<String> frozen = new HashSet<>(adapted.paramTable().keySet());
        frozen.removeIf(name -> name.contains("A0") || name.contains("B0"));

        boolean holds = GradientCheckUtil.checkGradients(new GradientCheckUtil.MLNConfig()
                .net(adapted)
                .input(normal(3, 2, 3, 3).mul(0.3))
                .labels(classes(3, 3))
                .excludeParams(frozen)
                .epsilon(1e-6)
                .maxRelError(1e-5)
                .minAbsoluteError(1e-8)
                .print(GradientCheckUtil.PrintMode.FAILURES_ONLY));

        assertThat(holds).isTrue();
    }

    @ParameterizedTest
    @EnumSource(names = "RRELU")
    void activationThatDraws_trains(Activation activation) {
        MultiLayerNetwork adapted = DefaultAdapter.fresh(
                        AdaptedNetwork.of(stock(activation)), targets().build(), 1)
                .network();
        double[] before = values(adapted.getParam("1_WB0"));

        adapted.fit(normal(3, 2, 3, 3), classes(3, 3));

        assertThat(values(adapted.getParam("1_WB0"))).isNotEqualTo(before);
    }
}
