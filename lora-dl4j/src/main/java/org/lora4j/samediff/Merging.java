/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.lora4j.error.Problems;
import org.lora4j.model.MergeReport;
import org.lora4j.samediff.LiveAdapter.Part;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Folds adapters into weights. Sums are formed in double precision and rounded once to the type of the weight.
 *
 * @param weights the new weights by module path, in the layout of the graph
 * @param report what it cost
 */
record Merging(Map<String, INDArray> weights, MergeReport report) {

    /**
     * Folds adapters in, in their order.
     *
     * @param adapters the adapters
     * @param weightNow the weight that each module has now; only read
     * @throws IllegalStateException if a result holds a value that is not finite
     */
    static Merging of(List<LiveAdapter> adapters, Function<GraphModule, INDArray> weightNow) {
        Map<String, GraphModule> modules = new LinkedHashMap<>();
        adapters.forEach(adapter -> adapter.modules().forEach((path, part) -> modules.put(path, part.module())));
        Map<String, INDArray> merged = new LinkedHashMap<>();
        Cost cost = new Cost(0, 0, null, 0);
        for (GraphModule module : modules.values()) {
            INDArray before = weightNow.apply(module);
            INDArray exact = exact(module, adapters, before);
            INDArray rounded = exact.castTo(before.dataType());
            cost = cost.with(module, adapters, before, exact, rounded);
            merged.put(module.path(), rounded);
        }
        List<String> names = adapters.stream().map(LiveAdapter::name).toList();
        MergeReport report = new MergeReport(names, merged.size(), cost.change, cost.rounding, cost.module, cost.bytes);
        return new Merging(merged, report);
    }

    /** What merging has cost so far. */
    private record Cost(double change, double rounding, String module, long bytes) {

        Cost with(GraphModule at, List<LiveAdapter> adapters, INDArray before, INDArray exact, INDArray rounded) {
            double[] old = before.dup('c').data().asDouble();
            double[] sums = exact.data().asDouble();
            double[] values = rounded.data().asDouble();
            double largestChange = change;
            double largestRounding = 0;
            for (int i = 0; i < values.length; i++) {
                if (!Double.isFinite(values[i])) {
                    throw notFinite(at, adapters, rounded, values[i]);
                }
                largestChange = Math.max(largestChange, Math.abs(values[i] - old[i]));
                largestRounding = Math.max(largestRounding, Math.abs(values[i] - sums[i]));
            }
            boolean worse = module == null || largestRounding > rounding;
            return new Cost(
                    largestChange,
                    Math.max(rounding, largestRounding),
                    worse ? at.path() : module,
                    bytes + rounded.length() * rounded.dataType().width());
        }
    }

    private static IllegalStateException notFinite(
            GraphModule module, List<LiveAdapter> adapters, INDArray weight, double value) {
        return new IllegalStateException("merge of "
                + Problems.quoted(adapters.stream().map(LiveAdapter::name).toList()) + ", module \"" + module.path()
                + "\": the merged weight holds " + value + " in " + weight.dataType()
                + "; expected values that are finite. Nothing was merged: look for a diverged training, or keep the base in"
                + " a wider type.");
    }

    private static INDArray exact(GraphModule module, List<LiveAdapter> adapters, INDArray before) {
        INDArray sum = module.weightLayout().toPeft(before.castTo(DataType.DOUBLE), module.shape());
        for (LiveAdapter adapter : adapters) {
            Part part = adapter.modules().get(module.path());
            if (part != null) {
                Map<String, INDArray> factors = new LinkedHashMap<>();
                part.toPeft().forEach((suffix, factor) -> factors.put(suffix, factor.castTo(DataType.DOUBLE)));
                sum = adapter.method().mergedWeight(module.shape(), sum, factors, part.scaling());
            }
        }
        return module.weightLayout().fromPeft(sum, before.shape());
    }
}
