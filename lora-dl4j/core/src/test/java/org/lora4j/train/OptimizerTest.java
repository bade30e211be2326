/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.train.TrainableParameter.Kind;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class OptimizerTest {

    // Double arithmetic in another order than the calculation by hand.
    private static final double EXACT = 1e-14;
    private static final double FLOAT = 1e-6;

    private static TrainableParameter parameter(INDArray value) {
        return TestModel.parameter("p", Kind.WEIGHT, value);
    }

    private static UpdateStep step(double rate, double decay, double scale) {
        return new UpdateStep(rate, decay, scale, 0, 1);
    }

    /** p = 1 after the gradients 0.5 and -0.25 at rate 0.1, from the formulas in the classes' documentation by hand. */
    static Stream<Arguments> byHand() {
        return Stream.of(
                Arguments.of(AdamW.of(0.1), 0.01, 0.899000002, 0.8714672987058463),
                // Large enough to see where it is added: 0.999 - 0.1 0.5 / (0.5 + 0.1) first.
                Arguments.of(AdamW.of(0.1).withEpsilon(0.1), 0.01, 0.9156666666666666, 0.8934953935636754),
                Arguments.of(AdamOptimizer.of(0.1), 0.1, 0.9000000016666666, 0.8544413674617625),
                Arguments.of(SgdOptimizer.of(0.1), 0.1, 0.94, 0.9556),
                Arguments.of(SgdOptimizer.of(0.1).withNesterovMomentum(0.9), 0.1, 0.886, 0.868066));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("byHand")
    void update_ofADouble_isTheFormula(Optimizer optimizer, double decay, double after1, double after2) {
        INDArray p = Nd4j.create(new double[] {1});
        ParameterUpdater updater = optimizer.updaterFor(parameter(p));

        updater.update(Nd4j.create(new double[] {0.5}), step(0.1, decay, 1));
        assertThat(p.getDouble(0)).isCloseTo(after1, within(EXACT));

        updater.update(Nd4j.create(new double[] {-0.25}), step(0.1, decay, 1));
        assertThat(p.getDouble(0)).isCloseTo(after2, within(EXACT));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("byHand")
    void update_withAScale_scalesTheGradientFirst(Optimizer optimizer, double decay, double after1, double after2) {
        INDArray p = Nd4j.create(new double[] {1});
        ParameterUpdater updater = optimizer.updaterFor(parameter(p));

        updater.update(Nd4j.create(new double[] {2}), step(0.1, decay, 0.25));
        updater.update(Nd4j.create(new double[] {-1}), step(0.1, decay, 0.25));

        assertThat(p.getDouble(0)).isCloseTo(after2, within(EXACT));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("byHand")
    void update_ofManyFloats_isTheFormulaInEveryBlock(Optimizer optimizer, double decay, double after1, double after2) {
        int length = 2 * DenseArray.BLOCK + 5;
        INDArray p = Nd4j.ones(DataType.FLOAT, length);
        ParameterUpdater updater = optimizer.updaterFor(parameter(p));

        updater.update(Nd4j.valueArrayOf(new long[] {length}, 0.5, DataType.FLOAT), step(0.1, decay, 1));
        updater.update(Nd4j.valueArrayOf(new long[] {length}, -0.25, DataType.FLOAT), step(0.1, decay, 1));

        assertThat(p.minNumber().doubleValue()).isCloseTo(after2, within(FLOAT));
        assertThat(p.maxNumber().doubleValue()).isCloseTo(after2, within(FLOAT));
    }

    @Test
    void update_whenArraysDifferInOrderAndLayout_pairsElementsByPosition() {
        INDArray gradient = Nd4j.create(new double[][] {{1, 2, 3}, {4, 5, 6}});
        INDArray wide = Nd4j.zeros(DataType.DOUBLE, 4, 6);
        INDArray[] layouts = {
            Nd4j.zeros(DataType.DOUBLE, 2, 3),
            Nd4j.zeros(DataType.DOUBLE, 3, 2).transpose(),
            Nd4j.create(DataType.DOUBLE, new long[] {2, 3}, 'f'),
            wide.get(NDArrayIndex.interval(1, 3), NDArrayIndex.interval(2, 5))
        };
        for (INDArray p : layouts) {
            for (INDArray g : new INDArray[] {gradient, gradient.dup('f'), gradient.castTo(DataType.FLOAT)}) {
                p.assign(0);

                SgdOptimizer.of(1).updaterFor(parameter(p)).update(g, step(1, 0, 1));

                assertThat(p.dup('c').data().asDouble()).containsExactly(-1, -2, -3, -4, -5, -6);
            }
        }
        assertThat(wide.sumNumber().doubleValue())
                .as("nothing beside the view changed")
                .isEqualTo(-21);
    }

    @Test
    void update_ofALargeMatrixInTheOtherOrder_pairsElementsByPosition() {
        // Every element its own number, so that a wrong pairing shows.
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            INDArray numbers = Nd4j.create(DataType.DOUBLE, 37, 53);
            for (int i = 0; i < 37; i++) {
                for (int j = 0; j < 53; j++) {
                    numbers.putScalar(i, j, 100 * i + j);
                }
            }
            for (char order : new char[] {'c', 'f'}) {
                INDArray p = Nd4j.create(type, new long[] {37, 53}, order);
                INDArray g = numbers.castTo(type).dup(order == 'c' ? 'f' : 'c');

                SgdOptimizer.of(1).updaterFor(parameter(p)).update(g, step(1, 0, 1));

                for (int i = 0; i < 37; i++) {
                    for (int j = 0; j < 53; j++) {
                        assertThat(p.getDouble(i, j)).isEqualTo(-(100 * i + j));
                    }
                }
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("byHand")
    void restore_ofAState_continuesBitForBit(Optimizer optimizer, double decay, double after1, double after2) {
        SplittableRandom random = new SplittableRandom(7);
        INDArray start = Nd4j.create(random.doubles(12).toArray()).reshape(3, 4).castTo(DataType.FLOAT);
        INDArray gradient =
                Nd4j.create(random.doubles(12).toArray()).reshape(3, 4).castTo(DataType.FLOAT);
        INDArray p = start.dup('f');
        ParameterUpdater original = optimizer.updaterFor(parameter(p));
        original.update(gradient, step(0.1, decay, 1));
        INDArray copy = p.dup('f');
        ParameterUpdater restored = optimizer.updaterFor(parameter(copy));

        restored.restore(original.state());
        original.update(gradient, step(0.1, decay, 1));
        restored.update(gradient, step(0.1, decay, 1));

        assertThat(copy.data().asFloat()).containsExactly(p.data().asFloat());
    }

    @Test
    void state_ofAdamW_hasTheMomentsInTheParametersShape() {
        INDArray p = Nd4j.create(DataType.FLOAT, new long[] {2, 3}, 'f');
        ParameterUpdater updater = AdamW.of(0.1).updaterFor(parameter(p));
        updater.update(Nd4j.create(new float[][] {{1, 2, 3}, {4, 5, 6}}), step(0.1, 0, 1));

        OptimizerState state = updater.state();

        assertThat(state.updates()).isEqualTo(1);
        assertThat(state.arrays()).containsOnlyKeys("m", "v");
        assertThat(state.arrays().get("m").getDouble(1, 0)).isCloseTo(0.4, within(FLOAT));
        assertThat(state.arrays().get("v").getDouble(1, 0)).isCloseTo(0.016, within(FLOAT));
    }

    @Test
    void restore_ofAnotherOptimizersState_saysWhatDiffersAndChangesNothing() {
        ParameterUpdater updater = AdamW.of(0.1).updaterFor(parameter(Nd4j.zeros(DataType.FLOAT, 2, 3)));
        OptimizerState wrong = new OptimizerState(5, Map.of("v", Nd4j.ones(DataType.FLOAT, 3)));

        assertThatThrownBy(() -> updater.restore(wrong))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "optimizer state of parameter \"p\": 2 problems: arrays [v], expected [m, v]. The state was saved"
                                + " from another optimizer: use that one; v has shape [3], expected [2, 3]");
        assertThat(updater.state().updates()).isZero();
        assertThat(updater.state().arrays().get("v").sumNumber().doubleValue()).isZero();
    }

    @Test
    void adamW_withBadNumbers_listsAllOfThem() {
        assertThatThrownBy(() -> new AdamW(0, 1, -0.1, Double.NaN, -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "AdamW: 5 problems: learningRate = 0.0, expected a finite number above 0; beta1 = 1.0, expected"
                                + " [0, 1); beta2 = -0.1, expected [0, 1); epsilon = NaN, expected a finite number above 0;"
                                + " weightDecay = -1.0, expected a finite number, 0 or above");
    }

    @Test
    void adamW_withAnInfiniteRate_isRefused() {
        assertThatThrownBy(() -> AdamW.of(Double.POSITIVE_INFINITY))
                .hasMessage("AdamW: learningRate = Infinity, expected a finite number above 0");
    }

    @Test
    void sgd_withNesterovButNoMomentum_isRefused() {
        assertThatThrownBy(() -> new SgdOptimizer(0.1, 0, true, 0))
                .hasMessage("Sgd: nesterov with momentum = 0.0, expected one above 0");
    }
}
