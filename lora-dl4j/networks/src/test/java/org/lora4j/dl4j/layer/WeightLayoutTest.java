/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.method.ModuleShape;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What lies where in PEFT's layout, for weights of a layer that count 0, 1, 2 ... in their memory. */
class WeightLayoutTest {

    static Stream<Arguments> layouts() {
        return Stream.of(
                Arguments.of(
                        WeightLayout.SAME, ModuleShape.convolution(2, 2, 1), new long[] {2, 2, 1, 1}, new double[] {
                            0, 1, 2, 3
                        }),
                Arguments.of(WeightLayout.TRANSPOSED, ModuleShape.linear(2, 3), new long[] {2, 3}, new double[] {
                    0, 3, 1, 4, 2, 5
                }),
                // Inputs 0 and 1 follow each other for each output, 2 outputs and 2 columns apart.
                Arguments.of(
                        WeightLayout.FIRST_AXES_SWAPPED,
                        ModuleShape.convolution(2, 2, 1, 2),
                        new long[] {2, 2, 1, 2},
                        new double[] {0, 1, 4, 5, 2, 3, 6, 7}),
                // Multiplier 2, 3 channels, a window of one: channel 0 has the values 0 and 3.
                Arguments.of(
                        WeightLayout.FIRST_AXES_SWAPPED,
                        ModuleShape.convolution(1, 6, 1, 1),
                        new long[] {2, 3, 1, 1},
                        new double[] {0, 3, 1, 4, 2, 5}),
                // A row of two, 1 channel, multiplier 2: output 0 has the values 0 and 2.
                Arguments.of(
                        WeightLayout.KERNEL_FIRST,
                        ModuleShape.convolution(1, 2, 1, 2),
                        new long[] {1, 2, 1, 2},
                        new double[] {0, 2, 1, 3}),
                Arguments.of(
                        WeightLayout.PARTS_TRANSPOSED,
                        ModuleShape.experts(2, 2, 2),
                        new long[] {2, 2, 2},
                        new double[] {0, 2, 1, 3, 4, 6, 5, 7}),
                // Memory [kernel 2, in 1, out 3] under the shape [3, 1, 2, 1]: output 0 has the values 0 and 3.
                Arguments.of(
                        WeightLayout.MEMORY_REVERSED,
                        ModuleShape.convolution(1, 3, 2),
                        new long[] {3, 1, 2, 1},
                        new double[] {0, 3, 1, 4, 2, 5}));
    }

    private static INDArray counting(long... shape) {
        int length = (int) Nd4j.zeros(DataType.DOUBLE, shape).length();
        return Nd4j.create(IntStream.range(0, length).asDoubleStream().toArray(), shape, 'c');
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void toPeft_putsValuesInPeftsOrder(WeightLayout layout, ModuleShape shape, long[] layerShape, double[] expected) {
        INDArray peft = layout.toPeft(counting(layerShape), shape);

        assertThat(peft.shape()).isEqualTo(shape.weight());
        assertThat(peft.data().asDouble()).isEqualTo(expected);
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void fromPeft_putsThemBack(WeightLayout layout, ModuleShape shape, long[] layerShape, double[] peft) {
        INDArray weight = layout.fromPeft(Nd4j.create(peft, shape.weight(), 'c'), layerShape);

        assertThat(weight).isEqualTo(counting(layerShape));
    }
}
