/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.EnumSet;
import java.util.Set;

/**
 * The algorithms that make one adapter of several: PEFT's {@code combination_type}, by the same names.
 *
 * <p>Adapter i has the factors A_i and B_i, the scaling s_i and the weight w_i; its update is {@code D_i = s_i B_i A_i}.
 * {@link #CAT} and {@link #SVD} give the weighted sum of the updates, exactly and as well as the rank allows. The
 * algorithms that end in SVD work on the updates and approximate the outcome by the best one of the wanted rank. The
 * others work on the A_i and on the B_i, with weights of {@code sqrt(|w_i s_i|)} each and the sign on A, as PEFT does:
 * cheap, but their result contains products of one adapter's B with another's A and is <em>not</em> the weighted sum of
 * the updates.
 *
 * <p><i>Source:</i> TIES: Yadav et al., 2023, arXiv 2306.01708; DARE: Yu et al., "Language Models are Super Mario", 2023,
 * arXiv 2311.03099; PEFT: {@code tuners/lora/model.py} and {@code utils/merge_utils.py} at commit 5d602fdb.
 *
 * @apiNote Status: stable
 */
public enum CombineAlgorithm {
    /** Weighted sums of the A_i and of the B_i; ranks must be equal. */
    LINEAR(new FactorCombiner(Pruning.NONE, Joining.SUM)),

    /** The exact weighted sum of the updates: factors side by side; the rank is the sum of the ranks. */
    CAT(new ConcatenationCombiner()),

    /** The best approximation of the weighted sum of the updates by the wanted rank. */
    SVD(new SumSvdCombiner(), Option.RANK, Option.CLAMP),

    /** On factors: the largest elements, majority sign, mean of those that agree; ranks must be equal. */
    TIES(new FactorCombiner(Pruning.MAGNITUDE, Joining.ELECTED), Option.DENSITY, Option.SIGN),

    /** {@link #TIES} on the updates, then the best approximation by the wanted rank. */
    TIES_SVD(
            new UpdateSvdCombiner(Pruning.MAGNITUDE, Joining.ELECTED),
            Option.DENSITY,
            Option.SIGN,
            Option.RANK,
            Option.CLAMP),

    /** On factors: random elements, enlarged by 1/density, and the weighted sum; ranks must be equal. */
    DARE_LINEAR(new FactorCombiner(Pruning.RANDOM, Joining.SUM), Option.DENSITY, Option.MASKS),

    /** {@link #DARE_LINEAR} on the updates, then the best approximation by the wanted rank. */
    DARE_LINEAR_SVD(
            new UpdateSvdCombiner(Pruning.RANDOM, Joining.SUM),
            Option.DENSITY,
            Option.MASKS,
            Option.RANK,
            Option.CLAMP),

    /** On factors: random elements, enlarged, majority sign, mean of those that agree; ranks must be equal. */
    DARE_TIES(new FactorCombiner(Pruning.RANDOM, Joining.ELECTED), Option.DENSITY, Option.MASKS, Option.SIGN),

    /** {@link #DARE_TIES} on the updates, then the best approximation by the wanted rank. */
    DARE_TIES_SVD(
            new UpdateSvdCombiner(Pruning.RANDOM, Joining.ELECTED),
            Option.DENSITY,
            Option.MASKS,
            Option.SIGN,
            Option.RANK,
            Option.CLAMP),

    /** On factors: the largest elements and the weighted sum; ranks must be equal. */
    MAGNITUDE_PRUNE(new FactorCombiner(Pruning.MAGNITUDE, Joining.SUM), Option.DENSITY),

    /** {@link #MAGNITUDE_PRUNE} on the updates, then the best approximation by the wanted rank. */
    MAGNITUDE_PRUNE_SVD(
            new UpdateSvdCombiner(Pruning.MAGNITUDE, Joining.SUM), Option.DENSITY, Option.RANK, Option.CLAMP);

    /** What an algorithm may need to be told, by the name of the setter. */
    enum Option {
        DENSITY("density"),
        SIGN("majoritySign"),
        RANK("rank"),
        CLAMP("clampQuantile"),
        MASKS("seed or masks");

        private final String setter;

        Option(String setter) {
            this.setter = setter;
        }

        String setter() {
            return setter;
        }
    }

    private final ModuleCombiner combiner;
    private final Set<Option> options;

    CombineAlgorithm(ModuleCombiner combiner, Option... options) {
        this.combiner = combiner;
        this.options = EnumSet.noneOf(Option.class);
        this.options.addAll(Set.of(options));
    }

    ModuleCombiner combiner() {
        return combiner;
    }

    boolean uses(Option option) {
        return options.contains(option);
    }
}
