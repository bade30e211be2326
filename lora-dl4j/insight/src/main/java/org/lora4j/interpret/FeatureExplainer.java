/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.internal.array.ArrayText;
import org.lora4j.internal.array.NonFinite;
import org.lora4j.internal.interpret.ModelFunction;
import org.lora4j.internal.interpret.PathIntegral;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Explains a number that a model gives by the numbers that go in, made by {@link IntegratedGradients}.
 *
 * <p><b>State.</b> Immutable; explains the model in the state that it had when this was made, with the weights that it has when
 * it is asked. The model is never changed. <b>Threads.</b> One call at a time.
 *
 * @apiNote Status: stable
 */
public final class FeatureExplainer {

    private final ModelFunction function;
    private final String input;
    private final String output;
    private final GraphExecutor computes;
    private final INDArray baseline;
    private final IntegrationSettings settings;

    /** Of an input that is computed from others, {@code computes} runs the graph that does; else it is null. */
    FeatureExplainer(
            ModelFunction function,
            String input,
            String output,
            GraphExecutor computes,
            INDArray baseline,
            IntegrationSettings settings) {
        this.function = function;
        this.input = input;
        this.output = output;
        this.computes = computes;
        this.baseline = baseline;
        this.settings = settings;
    }

    /**
     * Compares with another input than zeros.
     *
     * @param other the baseline, finite, of the shape of the inputs to explain; copied
     * @return a new explainer
     */
    public FeatureExplainer baseline(INDArray other) {
        Objects.requireNonNull(other, "IntegratedGradients: baseline is null; expected an array of the input's shape");
        return new FeatureExplainer(function, input, output, computes, other.dup('c'), settings);
    }

    /**
     * Sets how far the attributions together may be from the change of the output; {@code 1e-3} by default.
     *
     * @param difference finite, above 0; below a hundred-thousandth of the output, single precision decides
     * @return a new explainer
     * @throws IllegalArgumentException if it is not
     */
    public FeatureExplainer tolerance(double difference) {
        return new FeatureExplainer(function, input, output, computes, baseline, settings.withTolerance(difference));
    }

    /**
     * Sets how many gradients an explanation may take before it is given up; 4096 by default, of which most take 20 to 100.
     *
     * @param count 20 or more
     * @return a new explainer
     * @throws IllegalArgumentException if it is less
     */
    public FeatureExplainer mostGradients(int count) {
        return new FeatureExplainer(function, input, output, computes, baseline, settings.withMost(count));
    }

    /**
     * Explains the largest number of the output, of a classifier that of the class that it gives.
     *
     * @param value one input, with its axis of rows: {@code [1, n]}
     * @return the attribution
     * @throws IllegalArgumentException as {@link #explain(Map, Map, long...)}
     */
    public FeatureAttribution explain(INDArray value) {
        return explain(Map.of(input, required(value)));
    }

    /**
     * Explains a number of the output.
     *
     * @param value one input, with its axis of rows: {@code [1, n]}
     * @param element its indices in the output, that of the row left out: {@code 3} is class 3; none for the largest
     * @return the attribution
     * @throws IllegalArgumentException as {@link #explain(Map, Map, long...)}
     */
    public FeatureAttribution explain(INDArray value, long... element) {
        return explain(Map.of(input, required(value)), element);
    }

    private INDArray required(INDArray value) {
        return Objects.requireNonNull(value, "IntegratedGradients: the input is null; expected an array [1, ...]");
    }

    /**
     * Explains a number of the output of a model with several inputs.
     *
     * @param inputs one example: an array for each input of the model
     * @param element its indices in the output, that of the row left out; none for the largest
     * @return the attribution
     * @throws IllegalArgumentException as {@link #explain(Map, Map, long...)}
     */
    public FeatureAttribution explain(Map<String, INDArray> inputs, long... element) {
        return explain(inputs, null, element);
    }

    /**
     * Explains a number of the output by what differs between two examples.
     *
     * @param inputs one example: an array for each input of the model
     * @param baselineInputs the example to compare with, of which the explained input alone is taken, or what it is computed
     *     from; null for the baseline of this explainer
     * @param element its indices in the output, that of the row left out; none for the largest
     * @return the attribution
     * @throws IllegalArgumentException if an array is missing, holds NaN or infinity, or the baseline is of another shape; if
     *     there is no such number; if an op on the way has no gradient; or if the attributions do not add up, so that it cannot
     *     be said. The message lists every problem of the arrays
     */
    public FeatureAttribution explain(
            Map<String, INDArray> inputs, Map<String, INDArray> baselineInputs, long... element) {
        checkFinite(inputs, baselineInputs);
        INDArray value = value(inputs);
        INDArray from = baselineInputs != null ? value(baselineInputs) : baseline;
        String words = baselineInputs != null ? "the given example" : baseline != null ? "the given one" : "zeros";
        if (from == null) {
            from = Nd4j.zeros(value.dataType(), value.shape());
        }
        Map<String, INDArray> others = new LinkedHashMap<>(inputs);
        others.remove(input);
        check(value, from);
        INDArray given = function.output(value, others);
        long chosen = element.length == 0 ? largest(given) : place(given, element);
        PathIntegral integral = PathIntegral.along(
                function.between(from, value, others, chosen), settings.tolerance(), settings.most());
        return new FeatureAttribution(
                output + indices(given.shape(), chosen),
                words,
                value.shape(),
                integral.attributions(),
                integral.end(),
                integral.start(),
                integral.gradients());
    }

    private void checkFinite(Map<String, INDArray> inputs, Map<String, INDArray> baselineInputs) {
        Objects.requireNonNull(inputs, "IntegratedGradients: the inputs are null; expected an array for each input");
        Problems problems = new Problems();
        checkFinite("input", inputs, problems);
        checkFinite("baseline", baselineInputs == null ? Map.of() : baselineInputs, problems);
        problems.throwIfAny("IntegratedGradients");
    }

    private static void checkFinite(String what, Map<String, INDArray> arrays, Problems problems) {
        arrays.forEach((name, array) -> {
            if (array == null) {
                problems.add(what + " " + MessageText.name(name) + " is null, expected an array");
            } else {
                NonFinite.in(array)
                        .ifPresent(found -> problems.add(
                                what + " " + MessageText.name(name) + " has " + found + ", expected finite numbers"));
            }
        });
    }

    private INDArray value(Map<String, INDArray> inputs) {
        if (computes != null) {
            return computes.output(inputs, List.of(input)).get(input);
        }
        INDArray value = inputs.get(input);
        if (value == null) {
            throw new IllegalArgumentException("IntegratedGradients: no array for the input " + MessageText.name(input)
                    + ", only for " + Problems.quoted(inputs.keySet()) + "; expected one for each input.");
        }
        return value;
    }

    private void check(INDArray value, INDArray from) {
        Problems problems = new Problems();
        problems.check(
                value.rank() < 2 || value.size(0) == 1,
                "the input has " + (value.rank() < 2 ? 1 : value.size(0))
                        + " rows, expected one example: explain them one after the other");
        problems.check(
                Arrays.equals(value.shape(), from.shape()),
                "the baseline is " + ArrayText.of(from) + ", expected the shape of the input " + ArrayText.of(value));
        NonFinite.in(value).ifPresent(found -> problems.add("the input has " + found + ", expected finite numbers"));
        NonFinite.in(from).ifPresent(found -> problems.add("the baseline has " + found + ", expected finite numbers"));
        problems.throwIfAny("IntegratedGradients");
    }

    private static long largest(INDArray output) {
        double[] all = output.ravel().toDoubleVector();
        return IntStream.range(0, all.length)
                .reduce((a, b) -> all[b] > all[a] ? b : a)
                .orElseThrow();
    }

    /** The place of an element in row-major order; the index of the row, 0, is left out where the output has one. */
    private static long place(INDArray output, long... element) {
        long[] shape = output.shape();
        int skipped = shape.length - element.length;
        boolean fits = (skipped == 0 || skipped == 1 && shape[0] == 1)
                && IntStream.range(0, element.length).allMatch(i -> element[i] >= 0 && element[i] < shape[skipped + i]);
        if (!fits) {
            throw new IllegalArgumentException("IntegratedGradients: element " + Arrays.toString(element)
                    + " of an output of shape " + Arrays.toString(shape)
                    + "; expected its indices, each below the size of its axis, that of the row left out.");
        }
        long place = 0;
        for (int i = 0; i < element.length; i++) {
            place = place * shape[skipped + i] + element[i];
        }
        return place;
    }

    private static String indices(long[] shape, long place) {
        long[] indices = new long[shape.length];
        long rest = place;
        for (int axis = shape.length - 1; axis >= 0; axis--) {
            indices[axis] = rest % shape[axis];
            rest /= shape[axis];
        }
        return Arrays.toString(indices);
    }

    @Override
    public String toString() {
        return "FeatureExplainer[" + output + " by " + input + ", " + settings + "]";
    }
}
