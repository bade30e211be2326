/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.lora4j.error.MessageText;
import org.lora4j.exec.FrozenPrefix;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.SplitExecutor;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A stock executor's graph in two parts. */
final class SameDiffSplit implements SplitExecutor {

    private final FrozenPrefix cut;
    private final Inputs wholeInputs;
    private final Set<String> losses;
    private final Map<String, DataType> prefixPlaceholders;
    private final Map<String, DataType> suffixPlaceholders;
    private final OutputRunner prefix;
    private final GraphExecutor suffix;

    SameDiffSplit(
            FrozenPrefix cut,
            SameDiff whole,
            Inputs wholeInputs,
            SameDiff prefix,
            SameDiff suffix,
            Engine engine,
            GraphExecutor ofSuffix) {
        this.cut = cut;
        this.wholeInputs = wholeInputs;
        this.losses = Set.copyOf(whole.getLossVariables());
        this.prefixPlaceholders = placeholders(prefix);
        this.suffixPlaceholders = placeholders(suffix);
        this.prefix = OutputRunner.ofPrefix(prefix, cut.activations(), engine);
        this.suffix = ofSuffix;
    }

    private static Map<String, DataType> placeholders(SameDiff graph) {
        Map<String, DataType> found = new LinkedHashMap<>();
        for (SDVariable v : graph.variables()) {
            if (v.getVariableType() == VariableType.PLACEHOLDER) {
                found.put(v.name(), v.dataType());
            }
        }
        return found;
    }

    @Override
    public FrozenPrefix description() {
        return cut;
    }

    @Override
    public Set<String> prefixInputs() {
        return Collections.unmodifiableSet(prefixPlaceholders.keySet());
    }

    @Override
    public synchronized Map<String, INDArray> prefix(Map<String, INDArray> placeholders) {
        wholeInputs.check(placeholders, losses);
        Map<String, INDArray> needed = wholeInputs.typed(placeholders);
        needed.keySet().retainAll(prefixPlaceholders.keySet());
        Map<String, INDArray> found = prefix.run(needed);
        found.forEach((name, array) -> {
            DataType declared = suffixPlaceholders.get(name);
            if (declared != array.dataType()) {
                throw new IllegalStateException("frozen prefix: variable " + MessageText.name(name) + " is " + declared
                        + " in the graph and " + array.dataType()
                        + " when it runs; expected the same. Train without the"
                        + " cache, or cast it in the graph.");
            }
        });
        return found;
    }

    @Override
    public LossAndGradients suffix(Map<String, INDArray> placeholders, Map<String, INDArray> activations, long seed) {
        wholeInputs.check(placeholders, losses);
        Map<String, INDArray> all = wholeInputs.typed(placeholders);
        all.keySet().retainAll(suffixPlaceholders.keySet());
        all.putAll(activations);
        LossAndGradients pass = suffix.gradients(all, seed);
        // A gradient may be an activation itself: that of a sum of products with a weight is.
        Set<DataBuffer> kept = Collections.newSetFromMap(new IdentityHashMap<>());
        activations.values().forEach(array -> kept.add(array.data()));
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        pass.gradients()
                .forEach((name, array) -> gradients.put(name, kept.contains(array.data()) ? array.dup() : array));
        return new LossAndGradients(pass.loss(), gradients);
    }
}
