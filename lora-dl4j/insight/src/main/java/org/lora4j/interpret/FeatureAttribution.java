/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * What each number of an input adds to an output: {@link #values} add up to {@link #value} less {@link #baselineValue}.
 *
 * <p><b>State.</b> Immutable.
 *
 * @apiNote Status: stable
 */
public final class FeatureAttribution {

    private static final int SHOWN = 10;

    private final String output;
    private final String baseline;
    private final long[] shape;
    private final double[] values;
    private final double value;
    private final double baselineValue;
    private final int gradients;

    /**
     * A number of the input with what it adds.
     *
     * @param index its indices in the input
     * @param value what it adds to the output
     * @apiNote Status: stable
     */
    public record Feature(List<Long> index, double value) {

        /**
         * Copies the indices.
         *
         * @param index as in the record
         * @param value as in the record
         */
        public Feature {
            index = List.copyOf(index);
        }
    }

    FeatureAttribution(
            String output,
            String baseline,
            long[] shape,
            double[] values,
            double value,
            double baselineValue,
            int gradients) {
        this.output = output;
        this.baseline = baseline;
        this.shape = shape.clone();
        this.values = values.clone();
        this.value = value;
        this.baselineValue = baselineValue;
        this.gradients = gradients;
    }

    /**
     * Which number of the output is explained.
     *
     * @return for instance {@code output[0, 3]}
     */
    public String output() {
        return output;
    }

    /**
     * What the input is compared with.
     *
     * @return words
     */
    public String baseline() {
        return baseline;
    }

    /**
     * The shape of the input.
     *
     * @return a copy
     */
    public long[] shape() {
        return shape.clone();
    }

    /**
     * What each number of the input adds to the output.
     *
     * @return a copy, in row-major order
     */
    public double[] values() {
        return values.clone();
    }

    /**
     * The output for the input.
     *
     * @return the number
     */
    public double value() {
        return value;
    }

    /**
     * The output for the baseline.
     *
     * @return the number
     */
    public double baselineValue() {
        return baselineValue;
    }

    /**
     * How many gradients it took.
     *
     * @return the number
     */
    public int gradients() {
        return gradients;
    }

    /**
     * All attributions together.
     *
     * @return the sum, which is {@link #value} less {@link #baselineValue} within the tolerance
     */
    public double sum() {
        return Arrays.stream(values).sum();
    }

    /**
     * The sums over the last axis: what each vector of a sequence adds, of an input {@code [1, length, size]}.
     *
     * @return the sums, in row-major order
     */
    public double[] overLastAxis() {
        int last = shape.length == 0 ? 1 : (int) shape[shape.length - 1];
        return IntStream.range(0, values.length / last)
                .mapToDouble(
                        i -> Arrays.stream(values, i * last, (i + 1) * last).sum())
                .toArray();
    }

    /**
     * The numbers that move the output most, whether up or down.
     *
     * @param count how many, 1 or more
     * @return the largest first, by magnitude; fewer if the input has fewer
     * @throws IllegalArgumentException if {@code count} is below 1
     */
    public List<Feature> top(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("FeatureAttribution.top: count = " + count + "; expected 1 or more.");
        }
        return IntStream.range(0, values.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -Math.abs(values[i])))
                .limit(count)
                .map(i -> new Feature(index(i), values[i]))
                .toList();
    }

    private List<Long> index(int at) {
        Long[] index = new Long[shape.length];
        long rest = at;
        for (int axis = shape.length - 1; axis >= 0; axis--) {
            index[axis] = rest % shape[axis];
            rest /= shape[axis];
        }
        return List.of(index);
    }

    /**
     * All as JSON.
     *
     * @return an object, on several lines
     */
    public String json() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("output", output);
        fields.put("value", value);
        fields.put("baseline", baseline);
        fields.put("baselineValue", baselineValue);
        fields.put("shape", Arrays.stream(shape).boxed().toList());
        fields.put("values", Arrays.stream(values).boxed().toList());
        fields.put("gradients", gradients);
        return JsonObjects.write(fields);
    }

    /** The change of the output, and what moves it most, a line each. */
    @Override
    public String toString() {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "%s: %.4f for the baseline (%s), %.4f for the input",
                output,
                baselineValue,
                baseline,
                value));
        top(SHOWN)
                .forEach(feature ->
                        lines.add(String.format(Locale.ROOT, "  %+9.4f  %s", feature.value(), feature.index())));
        return String.join("\n", lines);
    }
}
