/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import org.lora4j.adapter.Adapter;
import org.lora4j.combine.AdapterAlgebra;
import org.lora4j.combine.AdapterComparison;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.Arguments;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.weights.AdapterConversion;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightChanges;

/**
 * How alike two adapters of one base are, whatever their methods: whether they push weights the same way, and whether
 * they work in the same directions (the subspace similarity of Hu et al. 2021, arXiv 2106.09685, section 7.2).
 *
 * <p>Adapters of LoRA alone need no base: {@link AdapterAlgebra#compare}, which this is, once others have been made LoRA.
 *
 * <p><b>Costs.</b> Nothing of the size of a weight for LoRA; {@link AdapterConversion} for other methods.
 *
 * <p><b>State.</b> Adapters and base are only read. <b>Threads.</b> Safe.
 *
 * @apiNote Status: experimental
 */
public final class AdapterSimilarity {

    private AdapterSimilarity() {}

    /**
     * Compares two adapters.
     *
     * @param first an adapter of any method whose effect is a change of weights
     * @param second another one
     * @param base the weights of the base model of both, without any adapter merged
     * @return norms, cosines, angles and subspace similarities of the modules that both have, and the names of the others
     * @throws IncompatibleBaseException if an adapter does not fit the base or was made on another one
     * @throws IllegalArgumentException if a module has different shapes in the two, or an effect that is no change
     *     of one matrix; the message lists everything
     */
    public static AdapterComparison of(Adapter first, Adapter second, ModelWeights base)
            throws IncompatibleBaseException {
        Arguments.required(first, "AdapterSimilarity.of: first", "an adapter");
        Arguments.required(second, "AdapterSimilarity.of: second", "an adapter");
        Arguments.required(base, "AdapterSimilarity.of: base", "the weights of the base");
        return AdapterAlgebra.compare(asPairs(first, base), asPairs(second, base));
    }

    private static Adapter asPairs(Adapter adapter, ModelWeights base) throws IncompatibleBaseException {
        AdapterConfig config = adapter.config();
        if (config instanceof LoraConfig lora && !lora.dora() && !lora.movesBase()) {
            // Only to refuse an adapter of another base.
            WeightChanges.of(adapter, base);
            return adapter;
        }
        return AdapterConversion.of(adapter).energy(1).on(base).adapter();
    }
}
