/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.lora4j.adapter.Adapter;
import org.lora4j.internal.format.peft.PeftFile;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Makes one adapter of several, without a network: PEFT's {@code add_weighted_adapter}.
 *
 * <pre>{@code
 * Adapter sum = Combine.of(sql, german).weights(0.7, 0.4).algorithm(CombineAlgorithm.CAT).combine();
 * Adapter without = Combine.of(chat, toxic).weights(1, -0.6).algorithm(CombineAlgorithm.SVD).rank(8).combine();
 * Adapter merged = Combine.of(a, b, c).weights(1, 1, 1).algorithm(CombineAlgorithm.TIES).density(0.2).combine();
 * }</pre>
 *
 * <p><b>Modules.</b> The result has every module that any adapter has; adapters without it add nothing there. <b>Config.</b>
 * Scaling is 1 (alpha equals rank); modules whose rank differs from the largest one get a line in the rank and alpha
 * patterns; targets are the union; other fields and the extras are the first adapter's. <b>Saved parameters</b> (heads,
 * biases) are kept from the adapter that has them, whatever its weight; two adapters with the same one are refused, since
 * nobody knows what a weighted head means.
 *
 * <p><b>What differs from PEFT</b>, unless {@link #peftCompatible()} is asked for. The algorithms that end in SVD count
 * the scaling of the adapters once (PEFT twice). The result scales by 1 even if the first adapter is rank-stabilized
 * (PEFT: by the root of the rank). One adapter alone goes through the algorithm (PEFT: always {@code linear}). Options
 * that the algorithm does not use are refused (PEFT ignores them). The clamp quantile is that of absolute values.
 *
 * <p><b>State.</b> The adapters are only read. A builder may be used again. <b>Threads.</b> For one thread.
 *
 * @apiNote Status: stable
 */
public final class Combine {

    final List<Adapter> adapters;
    double[] weights = {};
    CombineAlgorithm algorithm = CombineAlgorithm.SVD;
    Double density;
    MajoritySign majoritySign;
    Integer rank;
    Double clampQuantile;
    Long seed;
    DareMasks masks;
    boolean peftCompatible;

    private Combine(List<Adapter> adapters) {
        this.adapters = adapters;
    }

    /**
     * Starts with the adapters to combine.
     *
     * @param adapters at least one; their order is that of the weights, and the first one's config is the pattern
     * @return a builder
     */
    public static Combine of(Adapter... adapters) {
        return of(Arrays.asList(adapters));
    }

    /**
     * Starts with the adapters to combine.
     *
     * @param adapters at least one; their order is that of the weights, and the first one's config is the pattern
     * @return a builder
     */
    public static Combine of(List<Adapter> adapters) {
        return new Combine(adapters.stream().toList());
    }

    /**
     * Sets how much of each adapter goes into the result.
     *
     * @param weights one finite number for each adapter; a negative one takes the adapter away
     * @return this builder
     */
    public Combine weights(double... weights) {
        this.weights = weights.clone();
        return this;
    }

    /**
     * Sets the algorithm.
     *
     * @param algorithm {@link CombineAlgorithm#SVD} by default, as in PEFT
     * @return this builder
     */
    public Combine algorithm(CombineAlgorithm algorithm) {
        this.algorithm = algorithm;
        return this;
    }

    /**
     * Sets the share of elements that stay when an algorithm prunes.
     *
     * @param density in (0, 1]; the number of the largest elements that stay is cut off, not rounded
     * @return this builder
     */
    public Combine density(double density) {
        this.density = density;
        return this;
    }

    /**
     * Sets how the TIES family elects signs.
     *
     * @param sign {@link MajoritySign#TOTAL} by default
     * @return this builder
     */
    public Combine majoritySign(MajoritySign sign) {
        this.majoritySign = Objects.requireNonNull(sign, "Combine: majoritySign = null; expected TOTAL or FREQUENCY");
        return this;
    }

    /**
     * Sets the rank of the result for algorithms that end in SVD.
     *
     * @param rank 1 or more; by default the largest rank that the configs of the adapters name. A module whose update
     *     needs less gets less
     * @return this builder
     */
    public Combine rank(int rank) {
        this.rank = rank;
        return this;
    }

    /**
     * Clamps the factors that come from an SVD, so that single large elements do not survive.
     *
     * @param quantile in (0, 1]: elements larger in size than this quantile of the sizes of all elements of a module are
     *     set to it, with their sign (PEFT: {@code svd_clamp})
     * @return this builder
     */
    public Combine clampQuantile(double quantile) {
        this.clampQuantile = quantile;
        return this;
    }

    /**
     * Sets the seed of DARE's random choices. Equal seeds give equal results; the choices of a module do not depend on
     * which other modules there are.
     *
     * @param seed any number
     * @return this builder
     */
    public Combine seed(long seed) {
        this.seed = seed;
        return this;
    }

    /**
     * Gives DARE's choices instead of a seed.
     *
     * @param masks what stays
     * @return this builder
     */
    public Combine masks(DareMasks masks) {
        this.masks = masks;
        return this;
    }

    /**
     * Asks for the numbers that PEFT computes, mistakes included; this class tells which. Ranks are then uniform as in
     * PEFT, with zeros where a module needs less, and options that the algorithm does not use are ignored. Random choices
     * are not PEFT's unless given by {@link #masks}; with a clamp quantile, PEFT's numbers depend on the signs
     * of singular vectors, which are LAPACK's for modules whose smaller side is 25 or less.
     *
     * @return this builder
     */
    public Combine peftCompatible() {
        this.peftCompatible = true;
        return this;
    }

    /**
     * Checks everything and combines.
     *
     * @return the new adapter
     * @throws IllegalArgumentException if an option is missing, out of range or not used by the algorithm, or the
     *     adapters do not fit each other or hold tensors other than pairs of A and B; the message lists everything
     */
    public Adapter combine() {
        CombinePlan plan = CombinePlan.of(this);
        Map<String, Map<String, INDArray>> modules = new TreeMap<>();
        Map<String, Integer> ranks = new TreeMap<>();
        for (ModuleInputs module : plan.modules()) {
            MatrixPair pair = plan.combiner().combine(module, plan.settings());
            if (peftCompatible && !module.layout().isGrouped()) {
                pair = pair.padded(plan.peftRank());
            }
            ranks.put(module.path(), pair.a().rows());
            modules.put(module.path(), module.layout().arrays(pair, module.type()));
        }
        PeftFile file = new PeftFile(
                plan.config().of(ranks, plan.peftRank(), peftCompatible),
                adapters.get(0).extras());
        return Adapter.of(file.config(), file.extras(), modules, plan.config().savedParameters())
                .onBaseOf(adapters);
    }
}
