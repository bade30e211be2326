/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.host;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethod.BiasEffect;
import org.lora4j.method.ModuleShape;
import org.lora4j.model.MergeReport;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Adapters folded into weights. Sums are formed in double precision and rounded once to the type of the weight.
 *
 * @param parameters the new weights and biases by parameter path, in the layout of the host
 * @param report what it cost
 * @apiNote Status: experimental
 */
public record Folding(Map<String, INDArray> parameters, MergeReport report) {

    /**
     * How a host holds the parameters of a module.
     *
     * @param shape the module
     * @param weight path of its weight
     * @param bias path of its bias, or null
     * @param toPeft converts an array of the weight's layout to PEFT's, into a new array
     * @param fromPeft converts back, into a new array
     */
    public record Place(
            ModuleShape shape,
            String weight,
            String bias,
            Function<INDArray, INDArray> toPeft,
            Function<INDArray, INDArray> fromPeft) {}

    /**
     * Folds adapters in, in their order.
     *
     * @param adapters the adapters
     * @param places how the host holds a module of a path
     * @param now the value that a parameter of a path has now; only read
     * @return the new parameters
     * @throws IllegalStateException if a result holds a value that is not finite, or the update has a bias and a module none
     *     that it could be added to; the message lists all of these
     */
    public static Folding of(
            List<? extends HostAdapter> adapters, Function<String, Place> places, Function<String, INDArray> now) {
        Set<String> modules = new LinkedHashSet<>();
        adapters.forEach(adapter -> modules.addAll(adapter.modulePaths()));
        requirePlacesForBiases(adapters, modules, places);
        Cost cost = new Cost(adapters, new LinkedHashMap<>(), 0, 0, null, 0);
        for (String module : modules) {
            Place place = places.apply(module);
            INDArray before = now.apply(place.weight());
            INDArray exact = place.fromPeft().apply(weight(adapters, module, place, before));
            cost = cost.with(module, place.weight(), before, exact);
            if (place.bias() != null && changesBias(adapters, module)) {
                INDArray bias = now.apply(place.bias());
                cost = cost.with(module, place.bias(), bias, bias(adapters, module, bias));
            }
        }
        List<String> names = adapters.stream().map(HostAdapter::name).toList();
        return new Folding(
                cost.parameters,
                new MergeReport(names, modules.size(), cost.change, cost.rounding, cost.module, cost.bytes));
    }

    private static void requirePlacesForBiases(
            List<? extends HostAdapter> adapters, Set<String> modules, Function<String, Place> places) {
        List<String> without = new ArrayList<>();
        for (String module : modules) {
            boolean hasBias = adapters.stream()
                    .anyMatch(adapter -> adapter.modulePaths().contains(module)
                            && method(adapter, module).biasEffect() == BiasEffect.ADDS);
            if (hasBias && places.apply(module).bias() == null) {
                without.add(module);
            }
        }
        if (!without.isEmpty()) {
            throw new IllegalStateException("merge, modules " + Problems.quoted(without)
                    + ": the update has a bias (loraBias) and the module none that it could be added to; expected modules"
                    + " with a bias that is added to the output of their weight. Nothing was merged: keep the adapter"
                    + " attached.");
        }
    }

    private static AdapterMethod method(HostAdapter adapter, String module) {
        return adapter.partsByModule().get(module).method();
    }

    private static boolean changesBias(List<? extends HostAdapter> adapters, String module) {
        return adapters.stream()
                .anyMatch(adapter -> adapter.modulePaths().contains(module)
                        && method(adapter, module).biasEffect() != BiasEffect.NONE);
    }

    private static double scaling(HostAdapter adapter, String module) {
        return adapter.config().scalingOf(module);
    }

    private static Map<String, INDArray> exact(Map<String, INDArray> factors) {
        Map<String, INDArray> exact = new LinkedHashMap<>();
        factors.forEach((suffix, factor) -> exact.put(suffix, factor.castTo(DataType.DOUBLE)));
        return exact;
    }

    private static INDArray weight(List<? extends HostAdapter> adapters, String module, Place place, INDArray before) {
        INDArray sum = place.toPeft().apply(before.castTo(DataType.DOUBLE));
        for (HostAdapter adapter : adapters) {
            if (adapter.modulePaths().contains(module)) {
                sum = with(adapter, module, place.shape(), sum);
            }
        }
        return sum;
    }

    private static INDArray with(HostAdapter adapter, String module, ModuleShape shape, INDArray weight) {
        double scaling = scaling(adapter, module);
        AdapterMethod method = method(adapter, module);
        INDArray sum = method.mergedWeight(shape, weight, exact(adapter.factors(module)), scaling);
        Map<String, INDArray> start = exact(adapter.start(module));
        return start.isEmpty() ? sum : sum.subi(method.deltaWeight(shape, weight, start, scaling));
    }

    private static INDArray bias(List<? extends HostAdapter> adapters, String module, INDArray before) {
        INDArray bias = before.castTo(DataType.DOUBLE);
        for (HostAdapter adapter : adapters) {
            if (adapter.modulePaths().contains(module)) {
                bias = method(adapter, module)
                        .mergedBias(bias, exact(adapter.factors(module)), scaling(adapter, module))
                        .orElse(bias);
            }
        }
        return bias;
    }

    /** The parameters so far, and what they have cost. */
    private record Cost(
            List<? extends HostAdapter> adapters,
            Map<String, INDArray> parameters,
            double change,
            double rounding,
            String module,
            long bytes) {

        Cost with(String at, String parameter, INDArray before, INDArray exact) {
            INDArray rounded = exact.castTo(before.dataType());
            double[] old = before.dup('c').data().asDouble();
            double[] sums = exact.dup('c').data().asDouble();
            double[] values = rounded.dup('c').data().asDouble();
            double largestChange = change;
            double largestRounding = 0;
            for (int i = 0; i < values.length; i++) {
                if (!Double.isFinite(values[i])) {
                    throw notFinite(at, rounded, values[i]);
                }
                largestChange = Math.max(largestChange, Math.abs(values[i] - old[i]));
                largestRounding = Math.max(largestRounding, Math.abs(values[i] - sums[i]));
            }
            parameters.put(parameter, rounded);
            boolean worse = module == null || largestRounding > rounding;
            return new Cost(
                    adapters,
                    parameters,
                    largestChange,
                    Math.max(rounding, largestRounding),
                    worse ? at : module,
                    bytes + rounded.length() * rounded.dataType().width());
        }

        private IllegalStateException notFinite(String at, INDArray weight, double value) {
            return new IllegalStateException("merge of "
                    + Problems.quoted(adapters.stream().map(HostAdapter::name).toList()) + ", module "
                    + MessageText.name(at) + ": the merged weight holds " + value + " in " + weight.dataType()
                    + "; expected values that are finite. Nothing was merged: look for a diverged training, or keep the base"
                    + " in a wider type.");
        }
    }
}
