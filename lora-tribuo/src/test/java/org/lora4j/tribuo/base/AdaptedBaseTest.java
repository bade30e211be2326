/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.random.RandomStreams;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainableParameter;
import org.lora4j.tribuo.Bases;
import org.lora4j.tribuo.output.Loss;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.Shape;

/** Loss and gradients of each kind of base with each loss, against the definition of the loss. */
class AdaptedBaseTest {

    private static final int OUTPUTS = 3;
    private static final double[] WEIGHTS = {1, 0.25, 3, 0};
    /** Networks compute in single precision: a difference quotient over 2e-2 is good to about 1e-3. */
    private static final double STEP = 1e-2;

    private static final double TOLERANCE = 4e-3;

    private static Stream<BaseNetwork> bases() {
        return Stream.of(
                BaseNetwork.of(Bases.mlp(4, 2, 1)),
                BaseNetwork.of(Bases.graph(4, 2, 2)),
                BaseNetwork.of(Bases.sameDiff(4, 3), "features"));
    }

    static Stream<Arguments> cases() {
        return bases().flatMap(base -> Stream.of(Loss.values()).map(loss -> Arguments.of(base, loss)));
    }

    private static AdaptedBase adapted(BaseNetwork base, Loss loss) {
        AdaptedBase host = base.withHead(new HeadShape(OUTPUTS, loss));
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .alpha(4)
                .targetModules(ModuleSelector.allLinear())
                .modulesToSave(host.head())
                .build();
        host.model().addAdapter("a", config, 5);
        host.model().activate("a");
        SplittableRandom random = new SplittableRandom(6);
        for (TrainableParameter parameter : host.trainable().trainableParameters()) {
            INDArray value = parameter.value();
            value.assign(RandomStreams.uniform(random, 0.5, value.dataType(), value.shape()));
        }
        return host;
    }

    private static Map<String, INDArray> inputs(BaseNetwork base) {
        INDArray x = RandomStreams.uniform(new SplittableRandom(7), 1, DataType.FLOAT, WEIGHTS.length, 4);
        return Map.of(base.inputs().get(0).name(), x);
    }

    private static double[][] targets(Loss loss) {
        return loss == Loss.SQUARED_ERROR
                ? new double[][] {{1, -2, 0.5}, {0, 0.25, 3}, {-1, 1, 0}, {2, 2, 2}}
                : new double[][] {{1, 0, 0}, {0, 0, 1}, {0, 1, 0}, {1, 0, 0}};
    }

    private static double expectedLoss(AdaptedBase host, Map<String, INDArray> inputs, Loss loss) {
        double[][] outputs = host.outputs(inputs);
        double sum = 0;
        for (int i = 0; i < WEIGHTS.length; i++) {
            sum += WEIGHTS[i] * loss.of(outputs[i], targets(loss)[i]);
        }
        return sum / WEIGHTS.length;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void gradients_ofEveryParameter_areThoseOfTheWeightedMeanLoss(BaseNetwork base, Loss loss) {
        AdaptedBase host = adapted(base, loss);
        Map<String, INDArray> inputs = inputs(base);
        Trainable trainable = host.trainable();

        LossAndGradients pass = trainable.executor().gradients(host.step(inputs, targets(loss), WEIGHTS), 8);

        assertThat(pass.loss()).isCloseTo(expectedLoss(host, inputs, loss), within(1e-5));
        assertThat(trainable.trainableParameters()).hasSize(2 * 2 + 2);
        for (TrainableParameter parameter : trainable.trainableParameters()) {
            INDArray value = parameter.value();
            INDArray gradient = pass.gradients().get(parameter.name());
            assertThat(gradient.shape()).isEqualTo(value.shape());
            for (long i = 0; i < Math.min(6, value.length()); i++) {
                long[] at = Shape.ind2subC(value.shape(), i);
                double before = value.getDouble(at);
                value.putScalar(at, before + STEP);
                double up = expectedLoss(host, inputs, loss);
                value.putScalar(at, before - STEP);
                double down = expectedLoss(host, inputs, loss);
                value.putScalar(at, before);
                assertThat(gradient.getDouble(at))
                        .as("%s[%d]", parameter.name(), i)
                        .isCloseTo((up - down) / (2 * STEP), within(TOLERANCE));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("bases")
    void dropout_withEqualSeeds_givesEqualSteps(BaseNetwork base) {
        AdaptedBase host = base.withHead(new HeadShape(OUTPUTS, Loss.SOFTMAX_CROSS_ENTROPY));
        LoraConfig config = LoraConfig.builder()
                .targetModules(ModuleSelector.allLinear())
                .dropout(0.5)
                .modulesToSave(host.head())
                .build();
        host.model().addAdapter("a", config, 5);
        host.model().activate("a");
        Trainable trainable = host.trainable();
        SplittableRandom random = new SplittableRandom(6);
        trainable
                .trainableParameters()
                .forEach(p -> p.value()
                        .assign(RandomStreams.uniform(
                                random, 0.5, p.value().dataType(), p.value().shape())));
        double[][] targets = targets(Loss.SOFTMAX_CROSS_ENTROPY);

        double first = loss(host, trainable, base, targets, 1);
        double other = loss(host, trainable, base, targets, 2);
        double again = loss(host, trainable, base, targets, 1);

        assertThat(again).isEqualTo(first).isNotEqualTo(other);
    }

    private static double loss(AdaptedBase host, Trainable trainable, BaseNetwork base, double[][] targets, long seed) {
        return trainable
                .executor()
                .gradients(host.step(inputs(base), targets, WEIGHTS), seed)
                .loss();
    }

    @Test
    void withOwnHead_ofAnotherShape_saysBoth() {
        BaseNetwork base = BaseNetwork.of(Bases.mlp(4, 2, 1));

        assertThatThrownBy(() -> base.withOwnHead(new HeadShape(3, Loss.SQUARED_ERROR)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 outputs, expected 3")
                .hasMessageContaining("softmax, expected identity");
    }

    @Test
    void withOwnHead_givesWhatTheNetworkGave() {
        var network = Bases.mlp(4, 2, 1);
        BaseNetwork base = BaseNetwork.of(network);
        Map<String, INDArray> inputs = inputs(base);

        double[][] outputs =
                base.withOwnHead(new HeadShape(2, Loss.SOFTMAX_CROSS_ENTROPY)).outputs(inputs);

        assertThat(outputs)
                .isDeepEqualTo(network.output(inputs.values().iterator().next(), false)
                        .castTo(DataType.DOUBLE)
                        .toDoubleMatrix());
    }

    private static long address(AdaptedBase host) {
        Model base = (Model) ((AdaptedNetwork<?>) host.model()).base();
        return base.params().data().address();
    }

    private static Stream<Model> networksOfLayers() {
        return Stream.of(Bases.mlp(4, 3, 1), Bases.graph(4, 3, 2));
    }

    private static BaseNetwork baseOf(Model network) {
        return network instanceof MultiLayerNetwork layers
                ? BaseNetwork.of(layers)
                : BaseNetwork.of((ComputationGraph) network);
    }

    @ParameterizedTest
    @MethodSource("networksOfLayers")
    void withHead_ofAnySizeUpToTheOwnOne_readsTheNetworksOwnArray(Model network) {
        BaseNetwork base = baseOf(network);
        long own = network.params().data().address();

        assertThat(Stream.of(1, 2, 3).map(n -> address(base.withHead(new HeadShape(n, Loss.SQUARED_ERROR)))))
                .containsOnly(own);
        assertThat(address(base.withOwnHead(new HeadShape(3, Loss.SOFTMAX_CROSS_ENTROPY))))
                .isEqualTo(own);
    }

    @ParameterizedTest
    @MethodSource("networksOfLayers")
    void withHead_thatIsLarger_movesTheBaseOnceForAll(Model network) throws IOException {
        BaseNetwork base = baseOf(network);
        INDArray before = network.params().dup();

        long larger = address(base.withHead(new HeadShape(5, Loss.SQUARED_ERROR)));

        assertThat(Stream.of(1, 3, 10).map(n -> address(base.withHead(new HeadShape(n, Loss.SQUARED_ERROR)))))
                .containsOnly(larger);
        assertThat(network.params()).isEqualTo(before);
        Body again = base.reference().kind().restore(base.toBytes(), null);
        assertThat(again.contentHash()).isEqualTo(base.contentHash());
    }

    @Test
    void withHead_inAGraphWithParametersBehindTheOutput_learnsAndLeavesThem() {
        ComputationGraph graph = Bases.graphWithDanglingLayer(4, 3, 2);
        BaseNetwork base = BaseNetwork.of(graph);
        INDArray before = graph.params().dup();
        Map<String, INDArray> inputs = inputs(base);

        double[][] own =
                base.withOwnHead(new HeadShape(3, Loss.SOFTMAX_CROSS_ENTROPY)).outputs(inputs);
        AdaptedBase host = adapted(base, Loss.SQUARED_ERROR);

        assertThat(own)
                .isDeepEqualTo(graph.outputSingle(inputs.values().iterator().next())
                        .castTo(DataType.DOUBLE)
                        .toDoubleMatrix());
        assertThat(host.outputs(inputs)).hasDimensions(4, OUTPUTS);
        assertThat(graph.params()).isEqualTo(before);
    }

    @Test
    void adaptableModules_areNamedByTheirLayers() {
        assertThat(bases().map(BaseNetwork::adaptableModules))
                .containsExactly(List.of("fc1", "fc2", "out"), List.of("fc1", "fc2", "out"), List.of("fc1", "fc2"));
    }
}
