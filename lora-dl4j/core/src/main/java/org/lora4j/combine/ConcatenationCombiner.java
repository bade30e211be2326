/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.List;
import org.lora4j.internal.array.Matrix;

/** Puts factors side by side: {@code [B1 B2] [w1 s1 A1; w2 s2 A2]} is the weighted sum of the updates. */
record ConcatenationCombiner() implements ModuleCombiner {

    @Override
    public MatrixPair combine(ModuleInputs module, Settings settings) {
        return concatenated(module, false);
    }

    /** The sum of the updates as a product of thin matrices; twice the scaling is PEFT's mistake. */
    static MatrixPair concatenated(ModuleInputs module, boolean scalingTwice) {
        List<Matrix> allA = module.shares().stream()
                .map(share -> share.factors()
                        .a()
                        .scaled(share.scaledWeight()
                                * (scalingTwice ? share.factors().scaling() : 1)))
                .toList();
        List<Matrix> allB = module.shares().stream()
                .map(share -> share.factors().b().transposed())
                .toList();
        return new MatrixPair(Matrix.stack(allA), Matrix.stack(allB).transposed());
    }

    @Override
    public boolean needsEqualRanks() {
        return false;
    }

    @Override
    public int peftRank(List<Integer> ranksOfAdapters, Integer wanted) {
        return ranksOfAdapters.stream().reduce(0, Math::addExact);
    }

    @Override
    public List<DareMasks.Part> maskedParts() {
        return List.of();
    }
}
