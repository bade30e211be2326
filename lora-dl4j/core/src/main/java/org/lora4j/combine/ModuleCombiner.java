/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.List;

/** One way to make the factors of a module of those of several adapters. */
interface ModuleCombiner {

    /**
     * What all modules of a run have in common.
     *
     * @param density share of elements that stay, in (0, 1]
     * @param sign how signs are elected
     * @param rank the wanted rank, for combiners that choose one
     * @param clampQuantile where to clamp factors that come from singular values, or null
     * @param masks which elements stay at random
     * @param peftCompatible whether to repeat what is wrong in PEFT
     */
    record Settings(
            double density,
            MajoritySign sign,
            int rank,
            Double clampQuantile,
            KeepMasks masks,
            boolean peftCompatible) {}

    /** The factors of the result, with scaling 1; the rank may be lower than the wanted one if more would be zero. */
    MatrixPair combine(ModuleInputs module, Settings settings);

    /** Whether adapters must agree on the rank of a module, because elements of factors meet. */
    boolean needsEqualRanks();

    /** The rank of the result in PEFT, which is the same for all modules. */
    int peftRank(List<Integer> ranksOfAdapters, Integer wanted);

    /** What masks are for. */
    List<DareMasks.Part> maskedParts();
}
