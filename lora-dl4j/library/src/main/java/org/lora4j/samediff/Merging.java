/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethod.BiasEffect;
import org.lora4j.method.LoraMethod;
import org.lora4j.model.MergeReport;
import org.lora4j.samediff.LiveAdapter.Part;
import org.lora4j.samediff.LiveAdapter.Tokens;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Folds adapters into weights. Sums are formed in double precision and rounded once to the type of the weight, from the
 * values that the model has without any merge: merging in two calls and in one is the same.
 */
final class Merging {

    private final List<LiveAdapter> adapters;
    private final List<LiveAdapter> now;
    private final Unmerged unmerged;
    private final Map<String, INDArray> leaves = new LinkedHashMap<>();
    private final Map<String, INDArray> weights = new LinkedHashMap<>();
    private final Set<String> changed = new LinkedHashSet<>();
    private Cost cost = new Cost(0, 0, null, 0);

    private Merging(List<LiveAdapter> adapters, List<LiveAdapter> now, Unmerged unmerged) {
        this.adapters = adapters;
        this.now = now;
        this.unmerged = unmerged;
    }

    /** The values that weights have without merges; the arrays are only read. */
    interface Unmerged {

        INDArray leaf(String variable);

        INDArray weight(GraphModule module);

        /** Whether the weight of a module is a full copy for this module alone, beside a leaf with other readers. */
        boolean isCopied(GraphModule module);
    }

    /**
     * Merged arrays.
     *
     * @param arrays the new arrays
     * @param report what they cost
     */
    record Result(MergedArrays arrays, MergeReport report) {}

    /**
     * Folds adapters in.
     *
     * @param adapters all adapters that are merged afterwards, in their order
     * @param now those of them that were not merged before
     * @throws IllegalStateException if a result holds a value that is not finite, or a bias has no place
     */
    static Result of(List<LiveAdapter> adapters, List<LiveAdapter> now, Unmerged unmerged) {
        return new Merging(adapters, now, unmerged).run();
    }

    private Result run() {
        checkBiases();
        for (LiveAdapter adapter : now) {
            adapter.tokens().values().forEach(tokens -> mergeLeaf(tokens.module()));
            adapter.modules().values().stream()
                    .map(Part::module)
                    .filter(GraphModule::isParameter)
                    .forEach(this::mergeLeaf);
        }
        for (LiveAdapter adapter : adapters) {
            for (Part part : adapter.modules().values()) {
                boolean touched = now.contains(adapter)
                        || leaves.containsKey(part.module().weight());
                if (touched
                        && !part.module().isParameter()
                        && !weights.containsKey(part.module().path())) {
                    mergeWeight(part.module());
                }
            }
        }
        for (LiveAdapter adapter : now) {
            adapter.modules().values().forEach(this::mergeBias);
        }
        List<String> names = now.stream().map(LiveAdapter::name).toList();
        MergeReport report =
                new MergeReport(names, changed.size(), cost.change, cost.rounding, cost.module, cost.bytes);
        return new Result(new MergedArrays(leaves, weights), report);
    }

    private void checkBiases() {
        Problems problems = new Problems();
        for (LiveAdapter adapter : now) {
            for (Part part : adapter.modules().values()) {
                problems.check(
                        part.module().bias() != null || part.method().biasEffect() != BiasEffect.ADDS,
                        "module \"" + part.module().path() + "\" has no bias to add the bias on B of \""
                                + adapter.name() + "\" to");
            }
        }
        if (!problems.isEmpty()) {
            throw new IllegalStateException(
                    problems.message("merge") + ". Keep the adapter attached, or give these modules a bias of zeros.");
        }
    }

    private void mergeLeaf(GraphModule module) {
        String leaf = module.weight();
        if (leaves.containsKey(leaf)) {
            return;
        }
        INDArray before = unmerged.leaf(leaf);
        INDArray sum = before.castTo(DataType.DOUBLE);
        for (LiveAdapter adapter : adapters) {
            for (Tokens tokens : adapter.tokens().values()) {
                if (tokens.module().weight().equals(leaf)) {
                    sum = replaced(sum, tokens);
                }
            }
        }
        for (LiveAdapter adapter : adapters) {
            for (Part part : adapter.modules().values()) {
                if (part.module().isParameter() && part.module().weight().equals(leaf)) {
                    sum = added(sum, part);
                }
            }
        }
        leaves.put(leaf, rounded(module.path(), before, sum));
    }

    private static INDArray replaced(INDArray table, Tokens tokens) {
        GraphModule module = tokens.module();
        INDArray peft = module.weightLayout().toPeft(table, module.shape());
        INDArray rows = tokens.live().array().castTo(DataType.DOUBLE);
        for (int i = 0; i < tokens.rows().rows().size(); i++) {
            peft.putRow(tokens.rows().rows().get(i), rows.getRow(i));
        }
        return module.weightLayout().fromPeft(peft, table.shape());
    }

    private void mergeWeight(GraphModule module) {
        INDArray before = unmerged.weight(module);
        INDArray start = unmerged.isCopied(module) ? before : leaves.getOrDefault(module.weight(), before);
        INDArray sum = start.castTo(DataType.DOUBLE);
        for (LiveAdapter adapter : adapters) {
            Part part = adapter.modules().get(module.path());
            if (part != null) {
                sum = added(sum, part);
            }
        }
        weights.put(module.path(), rounded(module.path(), before, sum));
    }

    private static INDArray added(INDArray weight, Part part) {
        GraphModule module = part.module();
        AdapterMethod method = part.method();
        INDArray peft = module.weightLayout().toPeft(weight, module.shape());
        Map<String, INDArray> factors = exact(part.toPeft(), part.groups());
        INDArray sum;
        if (part.start().isEmpty()) {
            sum = method.mergedWeight(module.shape(), peft, factors, part.scaling());
        } else {
            INDArray delta = method.deltaWeight(module.shape(), peft, factors, part.scaling());
            INDArray given =
                    method.deltaWeight(module.shape(), peft, exact(part.startToPeft(), part.groups()), part.scaling());
            sum = delta.sub(given).addi(peft);
        }
        return module.weightLayout().fromPeft(sum, weight.shape());
    }

    private static Map<String, INDArray> exact(Map<String, INDArray> factors, long groups) {
        Map<String, INDArray> exact = new LinkedHashMap<>();
        factors.forEach((suffix, factor) -> {
            INDArray whole = groups > 1 && suffix.equals(LoraMethod.B) ? Grouped.dense(factor, groups) : factor;
            exact.put(suffix, whole.castTo(DataType.DOUBLE));
        });
        return exact;
    }

    private void mergeBias(Part ofNow) {
        GraphModule module = ofNow.module();
        boolean changes = module.bias() != null && ofNow.method().biasEffect() != BiasEffect.NONE;
        if (!changes || leaves.containsKey(module.bias())) {
            return;
        }
        INDArray before = unmerged.leaf(module.bias());
        INDArray sum = before.castTo(DataType.DOUBLE);
        for (LiveAdapter adapter : adapters) {
            for (Part part : adapter.modules().values()) {
                if (module.bias().equals(part.module().bias())) {
                    sum = part.method()
                            .mergedBias(sum, exact(part.toPeft(), part.groups()), part.scaling())
                            .orElse(sum);
                }
            }
        }
        leaves.put(module.bias(), rounded(module.path(), before, sum));
    }

    private INDArray rounded(String module, INDArray before, INDArray exact) {
        INDArray rounded = exact.castTo(before.dataType()).dup('c');
        cost = cost.with(module, this, before, exact, rounded);
        changed.add(module);
        return rounded;
    }

    /** What merging has cost so far. */
    private record Cost(double change, double rounding, String module, long bytes) {

        Cost with(String at, Merging merging, INDArray before, INDArray exact, INDArray rounded) {
            double[] old = before.dup('c').data().asDouble();
            double[] sums = exact.dup('c').data().asDouble();
            double[] values = rounded.data().asDouble();
            double largestChange = change;
            double largestRounding = 0;
            for (int i = 0; i < values.length; i++) {
                if (!Double.isFinite(values[i])) {
                    throw merging.notFinite(at, rounded, values[i]);
                }
                largestChange = Math.max(largestChange, Math.abs(values[i] - old[i]));
                largestRounding = Math.max(largestRounding, Math.abs(values[i] - sums[i]));
            }
            boolean worse = module == null || largestRounding > rounding;
            return new Cost(
                    largestChange,
                    Math.max(rounding, largestRounding),
                    worse ? at : module,
                    bytes + rounded.length() * rounded.dataType().width());
        }
    }

    private IllegalStateException notFinite(String module, INDArray weight, double value) {
        return new IllegalStateException("merge of "
                + Problems.quoted(now.stream().map(LiveAdapter::name).toList()) + ", module " + MessageText.name(module)
                + ": the merged weight holds " + value + " in " + weight.dataType()
                + "; expected values that are finite. Nothing was merged: look for a diverged training, or keep the base in"
                + " a wider type.");
    }
}
