/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Gradients by differences, at some values of a parameter or at all. DL4J's own check knows subsets for networks only, and of a
 * parameter that is smaller than the subset it looks at one value.
 */
final class Differences {

    private static final double EPSILON = 1e-6;

    /** Of the differences, which are exact to about the square of their step. */
    private static final double RELATIVE = 1e-5;

    private static final double ABSOLUTE = 1e-8;

    private Differences() {}

    /**
     * Compares a gradient with differences of a loss.
     *
     * @param name of the parameter; draws the values at which it is changed
     * @param gradient of the sum of the losses of the rows, as DL4J has it until an updater divides it
     * @param mostValues at how many values it is compared at most
     * @param loss the mean of the losses of the rows, for the values that the parameter has then
     */
    static void assertAreTheGradient(
            String name, INDArray parameter, INDArray gradient, long rows, int mostValues, DoubleSupplier loss) {
        int length = Math.toIntExact(parameter.length());
        assertThat(gradient.length()).as(name).isEqualTo(length);
        double[] found = gradient.dup('c').data().asDouble();
        IntStream values = mostValues < length
                ? RandomStreams.of(7, name).ints(0, length).distinct().limit(mostValues)
                : IntStream.range(0, length);
        values.forEach(i -> {
            long[] place = place(parameter, i);
            double before = parameter.getDouble(place);
            parameter.putScalar(place, before + EPSILON);
            double up = loss.getAsDouble();
            parameter.putScalar(place, before - EPSILON);
            double down = loss.getAsDouble();
            parameter.putScalar(place, before);
            double expected = (up - down) / (2 * EPSILON) * rows;
            assertThat(found[i])
                    .as("%s, value %d", name, i)
                    .isCloseTo(expected, offset(ABSOLUTE * rows + RELATIVE * Math.abs(expected)));
        });
    }

    /** The indices of a value, counted in C order whatever the memory order. */
    private static long[] place(INDArray array, long i) {
        long[] place = new long[array.rank()];
        long rest = i;
        for (int axis = place.length - 1; axis >= 0; axis--) {
            place[axis] = rest % array.size(axis);
            rest /= array.size(axis);
        }
        return place;
    }
}
