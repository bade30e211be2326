/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.method.ArrayTape.Node;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Gradients of every operation of a tape against difference quotients in DOUBLE. */
class ArrayTapeTest {

    private static final double STEP = 1e-6;

    private interface Calculation extends BiFunction<ArrayTape, Node, Node> {}

    static Stream<Arguments> operations() {
        INDArray other = numbers(2, 3, 3).addi(0.3);
        return Stream.of(
                of("sum with itself", (t, a) -> t.add(a, a)),
                of("difference", (t, a) -> t.subtract(t.scale(a, 3), a)),
                of("product", (t, a) -> t.multiply(a, a)),
                of("product with a column", (t, a) -> t.multiply(t.constant(other), t.slice(a, 2, 1, 2))),
                of("quotient", (t, a) -> t.divide(t.constant(other), t.plus(a, 3))),
                of("product of stacks", (t, a) -> t.matrixProduct(a, t.matrixProduct(t.constant(other), a))),
                of("product of matrices", (t, a) -> {
                    Node matrix = t.reshape(a, 6, 3);
                    return t.matrixProduct(matrix, t.permute(matrix, 1, 0));
                }),
                of("part", (t, a) -> t.slice(a, 1, 1, 3)),
                of("whole of parts", (t, a) -> t.concatenate(1, List.of(t.slice(a, 1, 2, 3), a, t.slice(a, 1, 0, 2)))),
                of("sum along an axis", (t, a) -> t.multiply(a, t.sum(a, 1))),
                of("root", (t, a) -> t.squareRoot(t.plus(a, 3))),
                of("sine and cosine", (t, a) -> t.multiply(t.sine(a), t.cosine(a))),
                of(
                        "inverse",
                        (t, a) -> t.inverse(t.add(
                                a,
                                t.constant(Nd4j.eye(3).castTo(DataType.DOUBLE).muli(5))))),
                of(
                        "values at places",
                        (t, a) -> t.multiply(
                                t.placed(t.reshape(t.slice(a, 2, 0, 1), 6), new long[] {17, 3, 5, 8, 0, 11}, 2, 3, 3),
                                t.constant(other))));
    }

    private static Arguments of(String name, Calculation calculation) {
        return Arguments.of(name, calculation);
    }

    private static INDArray numbers(long... shape) {
        long length = Nd4j.create(DataType.DOUBLE, shape).length();
        return Nd4j.linspace(DataType.DOUBLE, -1, 2.0 / length, length)
                .reshape(shape)
                .dup('c');
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("operations")
    void gradient_ofEveryOperation_isThatOfDifferences(String name, Calculation calculation) {
        INDArray value = numbers(2, 3, 3);
        ArrayTape tape = new ArrayTape();
        Node leaf = tape.leaf(value);
        Node result = calculation.apply(tape, leaf);
        INDArray weights = numbers(result.value().shape()).addi(0.7);
        tape.backward(Map.of(result, weights));

        INDArray gradient = leaf.gradient().dup('c');
        for (long i = 0; i < value.length(); i++) {
            double quotient = (loss(calculation, value, weights, i, STEP) - loss(calculation, value, weights, i, -STEP))
                    / (2 * STEP);
            assertThat(gradient.data().getDouble(i)).as("element %d", i).isCloseTo(quotient, offset(1e-6));
        }
    }

    private static double loss(Calculation calculation, INDArray value, INDArray weights, long at, double step) {
        INDArray moved = value.dup('c');
        moved.data().put(at, moved.data().getDouble(at) + step);
        ArrayTape tape = new ArrayTape();
        return calculation
                .apply(tape, tape.constant(moved))
                .value()
                .mul(weights)
                .sumNumber()
                .doubleValue();
    }
}
