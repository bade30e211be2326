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
        double change = 0;
        double rounding = -1;
        String worst = null;
        long bytes = 0;
        for (GraphModule module : modules.values()) {
            INDArray before = weightNow.apply(module);
            INDArray exact = exact(module, adapters, before);
            INDArray rounded = exact.castTo(before.dataType()).dup('c');
            checkFinite(module, adapters, rounded);
            double error = largestDifference(rounded, exact);
            change = Math.max(change, largestDifference(rounded, before));
            if (error > rounding) {
                rounding = error;
                worst = module.path();
            }
            bytes += rounded.length() * before.dataType().width();
            merged.put(module.path(), rounded);
        }
        List<String> names = adapters.stream().map(LiveAdapter::name).toList();
        return new Merging(merged, new MergeReport(names, merged.size(), change, Math.max(0, rounding), worst, bytes));
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

    private static void checkFinite(GraphModule module, List<LiveAdapter> adapters, INDArray weight) {
        double sum = weight.castTo(DataType.DOUBLE).sumNumber().doubleValue();
        if (!Double.isFinite(sum)) {
            throw new IllegalStateException("merge of "
                    + Problems.quoted(adapters.stream().map(LiveAdapter::name).toList()) + ", module \""
                    + module.path() + "\": the merged weight holds values that are not finite in "
                    + weight.dataType() + "; expected finite ones. Nothing was merged: look for a diverged training, or"
                    + " keep the base in a wider type.");
        }
    }

    private static double largestDifference(INDArray a, INDArray b) {
        INDArray difference = a.castTo(DataType.DOUBLE).sub(b.castTo(DataType.DOUBLE));
        return difference.amaxNumber().doubleValue();
    }
}
