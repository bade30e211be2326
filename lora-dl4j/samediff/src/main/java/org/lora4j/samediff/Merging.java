/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.lora4j.internal.host.Folding;
import org.lora4j.internal.host.Folding.Update;
import org.lora4j.method.AdapterMethod.BiasEffect;
import org.lora4j.method.LoraMethod;
import org.lora4j.method.TokenRowsMethod;
import org.lora4j.model.MergeReport;
import org.lora4j.samediff.LiveAdapter.Part;
import org.lora4j.samediff.LiveAdapter.Tokens;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Which leaves and weights of a graph change when adapters are folded in, and from what. */
final class Merging {

    private final List<LiveAdapter> adapters;
    private final List<LiveAdapter> now;
    private final Unmerged unmerged;
    private final Folding folding;
    private final Map<String, INDArray> leaves = new LinkedHashMap<>();
    private final Map<String, INDArray> weights = new LinkedHashMap<>();

    private Merging(List<LiveAdapter> adapters, List<LiveAdapter> now, Unmerged unmerged) {
        this.adapters = adapters;
        this.now = now;
        this.unmerged = unmerged;
        this.folding = new Folding(now.stream().map(LiveAdapter::name).toList());
    }

    /** The values that weights have without merges; the arrays are only read. */
    interface Unmerged {

        INDArray leaf(String variable);

        INDArray weight(GraphModule module);

        /** Whether the weight of a module is a full copy for this module alone, beside a leaf with other readers. */
        boolean isCopied(GraphModule module);

        /** Whether every use of a module adds the same bias, and nothing else reads it. */
        boolean hasOwnBias(GraphModule module);
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
        Folding.requireWeights(
                paths(part -> !part.method().changesWeight(part.module().shape())));
        Folding.requireBiases(paths(
                part -> part.module().bias() == null && part.method().traits().biasEffect() == BiasEffect.ADDS));
        Folding.requireOwnBiases(paths(part -> part.module().bias() != null
                && part.method().traits().biasEffect() != BiasEffect.NONE
                && !unmerged.hasOwnBias(part.module())));
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
        now.forEach(adapter -> adapter.modules().values().forEach(this::mergeBias));
        return new Result(new MergedArrays(leaves, weights), folding.report());
    }

    /** The modules of some parts of the adapters that are merged now. */
    private List<String> paths(Predicate<Part> which) {
        return now.stream()
                .flatMap(adapter -> adapter.modules().values().stream())
                .filter(which)
                .map(part -> part.module().path())
                .distinct()
                .toList();
    }

    private void mergeLeaf(GraphModule module) {
        String leaf = module.weight();
        if (leaves.containsKey(leaf)) {
            return;
        }
        INDArray before = unmerged.leaf(leaf);
        INDArray table = before.castTo(DataType.DOUBLE);
        for (LiveAdapter adapter : adapters) {
            for (Tokens tokens : adapter.tokens().values()) {
                if (tokens.module().weight().equals(leaf)) {
                    table = replaced(table, tokens);
                }
            }
        }
        List<Update> updates =
                updates(part -> part.isParameter() && part.weight().equals(leaf));
        leaves.put(leaf, folding.weight(module.path(), before, table, updates));
    }

    private static INDArray replaced(INDArray table, Tokens tokens) {
        GraphModule module = tokens.module();
        INDArray peft = module.weightLayout().toPeft(table, module.shape());
        INDArray replaced = new TokenRowsMethod(tokens.rows().rows())
                .replaced(peft, tokens.live().array());
        return module.weightLayout().fromPeft(replaced, table.shape());
    }

    private void mergeWeight(GraphModule module) {
        INDArray before = unmerged.weight(module);
        INDArray from = unmerged.isCopied(module) ? before : leaves.getOrDefault(module.weight(), before);
        List<Update> updates = updates(part -> part.path().equals(module.path()));
        weights.put(module.path(), folding.weight(module.path(), before, from, updates));
    }

    private void mergeBias(Part ofNow) {
        GraphModule module = ofNow.module();
        if (module.bias() != null && !leaves.containsKey(module.bias())) {
            List<Update> updates = updates(part -> module.bias().equals(part.bias()));
            folding.bias(module.path(), unmerged.leaf(module.bias()), updates)
                    .ifPresent(bias -> leaves.put(module.bias(), bias));
        }
    }

    private List<Update> updates(Predicate<GraphModule> ofModule) {
        List<Update> updates = new ArrayList<>();
        for (LiveAdapter adapter : adapters) {
            for (Part part : adapter.modules().values()) {
                if (ofModule.test(part.module())) {
                    updates.add(update(part));
                }
            }
        }
        return updates;
    }

    private static Update update(Part part) {
        GraphModule module = part.module();
        return new Update(
                part.method(),
                module.shape(),
                dense(part.toPeft(), part.groups()),
                dense(part.startToPeft(), part.groups()),
                part.scaling(),
                weight -> module.weightLayout().toPeft(weight, module.shape()),
                // A graph may hold the weight in another shape than the module is seen in.
                (peft, weight) -> module.weightLayout().fromPeft(peft, weight.shape()));
    }

    private static Map<String, INDArray> dense(Map<String, INDArray> factors, long groups) {
        Map<String, INDArray> dense = new LinkedHashMap<>(factors);
        dense.computeIfPresent(LoraMethod.B, (suffix, b) -> groups > 1 ? Grouped.dense(b, groups) : b);
        return dense;
    }
}
