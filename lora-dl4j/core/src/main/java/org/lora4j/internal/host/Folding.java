/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethod.BiasEffect;
import org.lora4j.method.MethodTraits;
import org.lora4j.method.ModuleShape;
import org.lora4j.model.MergeReport;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Updates folded into parameters, for every host and for plain weights. All updates of a parameter are summed in double
 * precision, from the value that it has without any of them, and the sum is rounded once to the type of the parameter. So
 * merging one by one, together, and by files gives the same values.
 *
 * <p><b>State and threads.</b> Keeps account of what the merges have cost; for one thread.
 *
 * @apiNote Status: internal
 */
public final class Folding {

    private final List<String> adapters;
    private final Set<String> modules = new LinkedHashSet<>();
    private double change;
    private double rounding;
    private String worst;
    private long bytes;

    /**
     * Nothing folded in yet.
     *
     * @param adapters names of the adapters that are merged now, for messages and the report
     */
    public Folding(List<String> adapters) {
        this.adapters = List.copyOf(adapters);
    }

    /**
     * What one adapter does to one parameter.
     *
     * @param method how it adapts
     * @param shape the module
     * @param factors factors in PEFT's layout
     * @param start factors whose update the base has given up, in PEFT's layout; empty if it has given up nothing
     * @param scaling factor on the update
     * @param toPeft converts an array of the weight's layout to PEFT's, into a new array
     * @param fromPeft converts back, into a new array of the shape of its second argument
     */
    public record Update(
            AdapterMethod method,
            ModuleShape shape,
            Map<String, INDArray> factors,
            Map<String, INDArray> start,
            double scaling,
            UnaryOperator<INDArray> toPeft,
            BinaryOperator<INDArray> fromPeft) {

        /**
         * Takes factors of any type; they are calculated with in double precision.
         *
         * @param start factors whose update the base has given up
         * @param toPeft converts an array of the weight's layout to PEFT's
         */
        public Update {
            factors = exact(factors);
            start = exact(start);
        }

        private static Map<String, INDArray> exact(Map<String, INDArray> factors) {
            Map<String, INDArray> exact = new LinkedHashMap<>();
            factors.forEach((suffix, factor) -> exact.put(suffix, factor.castTo(DataType.DOUBLE)));
            return exact;
        }

        private INDArray weight(INDArray base, INDArray sum) {
            INDArray peft = toPeft.apply(sum);
            INDArray merged = method.mergedWeight(shape, toPeft.apply(base), peft, factors, scaling);
            INDArray own = start.isEmpty() ? merged : merged.subi(method.deltaWeight(shape, peft, start, scaling));
            return fromPeft.apply(own, sum);
        }

        private Optional<INDArray> bias(INDArray sum) {
            return method.mergedBias(sum, factors, scaling);
        }
    }

    /**
     * A weight with updates in it.
     *
     * @param before the weight without them; only read
     * @param from what they are added to, if that is not {@code before}; only read
     * @return a new array in the layout and type of {@code before}
     * @throws IllegalStateException if a value is not finite
     */
    public INDArray weight(String module, INDArray before, INDArray from, List<Update> updates) {
        INDArray base = before.castTo(DataType.DOUBLE);
        INDArray sum = from.castTo(DataType.DOUBLE);
        for (Update update : MethodTraits.ordered(updates, Update::method)) {
            sum = update.weight(base, sum);
        }
        return rounded(module, before, sum);
    }

    /**
     * A bias with updates in it.
     *
     * @param before the bias without them; only read
     * @return a new array in the type of {@code before}; empty if none of them changes a bias
     * @throws IllegalStateException if a value is not finite
     */
    public Optional<INDArray> bias(String module, INDArray before, List<Update> updates) {
        if (updates.stream().allMatch(update -> update.method().traits().biasEffect() == BiasEffect.NONE)) {
            return Optional.empty();
        }
        INDArray sum = before.castTo(DataType.DOUBLE);
        for (Update update : MethodTraits.ordered(updates, Update::method)) {
            sum = update.bias(sum).orElse(sum);
        }
        return Optional.of(rounded(module, before, sum));
    }

    /**
     * Refuses updates of a bias where there is none.
     *
     * @param without paths of modules that have no bias, though an update adds to it
     * @throws IllegalStateException if there is one
     */
    public static void requireBiases(List<String> without) {
        if (!without.isEmpty()) {
            throw new IllegalStateException("merge, modules " + Problems.quoted(without)
                    + ": the update has a bias (loraBias) and the module none that it could be added to; expected modules"
                    + " with a bias that is added to the output of their weight. Nothing was merged: keep the adapter"
                    + " attached.");
        }
    }

    /**
     * Refuses what is no change of a weight.
     *
     * @param without paths of modules in which an adapter acts otherwise, such as OFT on windows above 1
     * @throws IllegalStateException if there is one
     */
    public static void requireWeights(List<String> without) {
        if (!without.isEmpty()) {
            throw new IllegalStateException(
                    "merge, modules " + Problems.quoted(without)
                            + ": what the adapter does there is no change of the weight, as in PEFT's forward pass of OFT on windows"
                            + " above 1; expected modules whose weight it changes. Nothing was merged: keep the adapter attached.");
        }
    }

    /**
     * Refuses updates of a bias that others read as well, for whom the merged one would be wrong.
     *
     * @param shared paths of modules whose bias an update changes, though another part of the model reads it, or though not
     *     every use of the module adds it
     * @throws IllegalStateException if there is one
     */
    public static void requireOwnBiases(List<String> shared) {
        if (!shared.isEmpty()) {
            throw new IllegalStateException("merge, modules " + Problems.quoted(shared)
                    + ": the update changes the bias, which another part of the model reads, too, or which not every use of the"
                    + " module adds; expected modules with a bias of their own. Nothing was merged: keep the adapter"
                    + " attached.");
        }
    }

    private INDArray rounded(String module, INDArray before, INDArray exact) {
        INDArray rounded = exact.castTo(before.dataType()).dup('c');
        double[] old = before.dup('c').data().asDouble();
        double[] sums = exact.dup('c').data().asDouble();
        double[] values = rounded.data().asDouble();
        double largest = 0;
        for (int i = 0; i < values.length; i++) {
            if (!Double.isFinite(values[i])) {
                throw notFinite(module, rounded, values[i]);
            }
            change = Math.max(change, Math.abs(values[i] - old[i]));
            largest = Math.max(largest, Math.abs(values[i] - sums[i]));
        }
        worst = worst == null || largest > rounding ? module : worst;
        rounding = Math.max(rounding, largest);
        bytes += rounded.length() * rounded.dataType().width();
        modules.add(module);
        return rounded;
    }

    private IllegalStateException notFinite(String module, INDArray weight, double value) {
        return new IllegalStateException(
                "merge of " + Problems.quoted(adapters) + ", module " + MessageText.name(module)
                        + ": the merged weight holds " + value + " in " + weight.dataType()
                        + "; expected values that are finite. Nothing was merged: look for a diverged training, or keep"
                        + " the base in a wider type.");
    }

    /** What it has cost. */
    public MergeReport report() {
        return new MergeReport(adapters, modules.size(), change, rounding, worst, bytes);
    }
}
