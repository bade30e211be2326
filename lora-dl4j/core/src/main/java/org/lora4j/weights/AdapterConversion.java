/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.weights;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;
import org.lora4j.internal.format.peft.PeftKeys;
import org.lora4j.internal.format.peft.PeftTensor;
import org.lora4j.method.AdapterMethod.BiasEffect;
import org.lora4j.method.LoraMethod;
import org.lora4j.method.ModuleShape;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Turns adapters of any method whose effect is a change of weights into plain LoRA: train with anything, serve as LoRA (PEFT:
 * {@code convert_to_lora}).
 *
 * <pre>{@code
 * ConvertedAdapter lora = AdapterConversion.of(loha).energy(0.99).on(base);
 * lora.largestError();
 * lora.adapter().save(directory);
 * }</pre>
 *
 * <p><b>What is computed.</b> Of each module the change of the weight, in double precision, and its best approximation by a
 * product {@code B A} of the rank asked for (Eckart, Young 1936), B holding the singular values; exact when the change has
 * that rank. Linear modules, embeddings and convolutions (PEFT: linear ones), not in groups. A change that comes from a start
 * which moved the base (PiSSA, OLoRA) is taken from the base as it was.
 *
 * <p><b>What goes along.</b> Nothing is dropped: DoRA's magnitude is part of the change of the weight, a bias on B stays one,
 * biases and modules trained in full and rows of embeddings are kept as they are. What LoRA cannot express is refused, every
 * such module in one message: IA3 and RoAd, which act on outputs with their biases; LN tuning and trainable tokens, which have
 * no weight of this kind; stacked experts.
 *
 * <p><b>The config</b> is as PEFT writes it: alpha equal to the rank; modules of the rank asked for are added to the targets by their
 * full paths, those of another one stand in the patterns, and so do all where ranks are found by energy or targets are a regular
 * expression.
 *
 * <p><b>Costs.</b> A weight [3072, 768] takes about half a second if the change is of low rank, and some seconds if not.
 *
 * <p><b>State.</b> Adapters and base are only read; a conversion may be used again. <b>Threads.</b> For one thread.
 *
 * @apiNote Status: experimental
 */
public final class AdapterConversion {

    /** Why an adapter of a method can be no LoRA, by PEFT's name of the method. */
    private static final Map<String, String> REFUSED = Map.of(
            "IA3", "it multiplies what goes into modules or comes out of them, biases included",
            "ROAD", "it turns what comes out of modules, biases included",
            "LN_TUNING", "it replaces layers of normalization",
            "TRAINABLE_TOKENS", "it replaces rows of tables");

    private final Adapter adapter;
    private Integer rank;
    private Double energy;

    private AdapterConversion(Adapter adapter) {
        this.adapter = adapter;
    }

    /**
     * Starts a conversion.
     *
     * @param adapter an adapter of any method
     * @return a builder
     */
    public static AdapterConversion of(Adapter adapter) {
        return new AdapterConversion(adapter);
    }

    /**
     * Asks for one rank in every module, but for methods whose updates always have the same rank and keep it (MiSS, as in
     * PEFT).
     *
     * @param rank 1 or more, at most the smaller side of every weight
     * @return this builder
     */
    public AdapterConversion rank(int rank) {
        this.rank = rank;
        return this;
    }

    /**
     * Asks for the smallest rank in each module that keeps a share of its energy, the sum of squares of the change (PEFT: a
     * rank between 0 and 1).
     *
     * @param share above 0 and at most 1; 1 keeps all but rounding errors
     * @return this builder
     */
    public AdapterConversion energy(double share) {
        this.energy = share;
        return this;
    }

    /**
     * Converts.
     *
     * @param base the weights of the base model, without any adapter merged
     * @return the adapter as plain LoRA for that base, and its errors
     * @throws IllegalArgumentException if not one of rank and energy is given, it is out of range, or the method of the
     *     adapter or its effect on a module is none that LoRA can express; the message lists everything
     * @throws IncompatibleBaseException if the adapter does not fit the base
     */
    public ConvertedAdapter on(ModelWeights base) throws IncompatibleBaseException {
        checkAsked();
        List<WeightSite> sites = sites(base);
        Map<String, SingularValues> updates = new TreeMap<>();
        Map<String, Double> errors = new TreeMap<>();
        Map<String, Integer> rankOfOwner = new TreeMap<>();
        Problems problems = new Problems();
        for (WeightSite site : sites) {
            try {
                Matrix change = change(site, base);
                SingularValues kept = kept(change, site);
                updates.put(site.module(), kept);
                errors.put(site.module(), error(change, kept));
                int wanted = keptRank(site).orElse(rank == null ? kept.values().length : rank);
                rankOfOwner.merge(PeftKeys.wrapperOf(site.module()), Math.max(1, wanted), Math::max);
            } catch (IllegalArgumentException e) {
                problems.add("module \"" + site.module() + "\": " + e.getMessage());
            }
        }
        problems.throwIfAny("AdapterConversion");
        boolean bias = sites.stream().anyMatch(site -> site.method().traits().biasEffect() == BiasEffect.ADDS);
        Map<String, Map<String, INDArray>> modules = new TreeMap<>();
        Map<String, Integer> ranks = new TreeMap<>();
        adapter.modules().forEach((path, tensors) -> {
            if (tensors.containsKey(PeftTensor.TOKEN_ROWS.suffix())) {
                modules.computeIfAbsent(path, key -> new LinkedHashMap<>())
                        .put(PeftTensor.TOKEN_ROWS.suffix(), tensors.get(PeftTensor.TOKEN_ROWS.suffix()));
            }
        });
        for (WeightSite site : sites) {
            int own = rankOfOwner.get(PeftKeys.wrapperOf(site.module()));
            ranks.put(site.module(), own);
            modules.computeIfAbsent(site.module(), key -> new LinkedHashMap<>())
                    .putAll(factors(site, updates.get(site.module()), own, bias));
        }
        boolean turned = sites.stream().anyMatch(WeightSite::isTurnedSquare);
        Adapter lora = Adapter.of(
                        new ConvertedConfig(adapter.config(), rankOfOwner, mostRanks()).of(bias, turned),
                        modules,
                        adapter.savedParameters())
                .onBaseOf(List.of(adapter));
        return new ConvertedAdapter(lora, errors, ranks);
    }

    /**
     * Tells why adapters of a method can be no LoRA, whatever base and rank.
     *
     * @param config a config of the method
     * @return the problem with what to do; empty if they can
     */
    public static Optional<String> refusal(AdapterConfig config) {
        String type = config.peftType();
        return Optional.ofNullable(REFUSED.get(type))
                .map(
                        reason -> "the adapter is of the method " + type + ": " + reason
                                + "; expected one whose effect is a change of weights. Merge it, or serve it with its own method");
    }

    private void checkAsked() {
        Problems problems = new Problems();
        problems.check(
                (rank == null) != (energy == null),
                "rank = " + rank + " and energy = " + energy + ", expected one of them");
        problems.check(rank == null || rank >= 1, "rank = " + rank + ", expected 1 or more");
        problems.check(
                energy == null || (energy > 0 && energy <= 1), "energy = " + energy + ", expected a share in (0, 1]");
        refusal(adapter.config()).ifPresent(problems::add);
        problems.check(
                adapter.config().targetParameters().isEmpty(),
                "the adapter adapts parameters (targetParameters "
                        + adapter.config().targetParameters() + "), expected modules only");
        problems.throwIfAny("AdapterConversion");
    }

    /** PEFT takes a share of 1, all of the energy, for the rank 1 as well. */
    private OptionalInt mostRanks() {
        if (rank != null) {
            return OptionalInt.of(rank);
        }
        return energy == 1 ? OptionalInt.of(1) : OptionalInt.empty();
    }

    private List<WeightSite> sites(ModelWeights base) throws IncompatibleBaseException {
        List<WeightSite> sites = WeightSites.require("AdapterConversion", base, adapter);
        Problems problems = new Problems();
        problems.check(!sites.isEmpty(), "the adapter changes no weight, expected at least one module");
        sites.forEach(site -> check(site, problems));
        problems.throwIfAny("AdapterConversion");
        return sites;
    }

    private void check(WeightSite site, Problems problems) {
        String where = "module \"" + site.module() + "\" is ";
        ModuleShape shape = site.shape();
        problems.check(
                shape.kind() != ModuleShape.Kind.EXPERTS,
                where + shape + ", a stack of experts; expected a linear module, an embedding or a convolution");
        problems.check(
                !shape.isGrouped(),
                where + shape + " in " + shape.parts()
                        + " groups, which LoRA cannot express with factors of another rank; expected one group");
        problems.check(
                site.method().traits().biasEffect() != BiasEffect.CHANGES,
                where + "adapted by " + site.method().traits().name()
                        + ", which changes its bias, too; expected a change of the weight");
        long side = Math.min(shape.outputs(), shape.fanIn());
        problems.check(
                rank == null || rank <= side || keptRank(site).isPresent(),
                where + shape + ", rank = " + rank + "; expected at most " + side);
    }

    private static OptionalInt keptRank(WeightSite site) {
        return site.method().traits().keepsRank() ? OptionalInt.of(site.rank()) : OptionalInt.empty();
    }

    /** The change of a weight as a matrix [outputs, inputs]. */
    private Matrix change(WeightSite site, ModelWeights base) throws IncompatibleBaseException {
        INDArray delta = new WeightChange(adapter, base, site).change();
        boolean isTable = site.shape().kind() == ModuleShape.Kind.EMBEDDING;
        Matrix matrix = Matrix.of(delta, Math.toIntExact(delta.size(0)));
        return isTable ? matrix.transposed() : matrix;
    }

    private Map<String, INDArray> tensors(WeightSite site) {
        return adapter.modules().get(site.module());
    }

    private SingularValues kept(Matrix change, WeightSite site) {
        OptionalInt fixed = keptRank(site);
        if (rank == null && fixed.isEmpty()) {
            return SingularValues.ofLowRank(change)
                    .map(svd -> svd.holding(energy))
                    .orElseGet(() -> SingularValues.holding(change, energy));
        }
        int count = fixed.orElseGet(() -> rank);
        return SingularValues.ofLowRank(change)
                .map(svd -> svd.truncated(Math.min(count, svd.values().length)))
                .orElseGet(() -> SingularValues.leading(change, count));
    }

    private static double error(Matrix change, SingularValues kept) {
        double whole = change.norm();
        return whole == 0
                ? 0
                : change.plus(-1, up(kept, kept.values().length).times(kept.right()))
                                .norm()
                        / whole;
    }

    /** B, which carries the singular values, as in PEFT. */
    private static Matrix up(SingularValues svd, int rank) {
        return svd.left().scaledRows(svd.values()).firstRows(rank).transposed();
    }

    private Map<String, INDArray> factors(WeightSite site, SingularValues svd, int own, boolean bias) {
        ModuleShape shape = site.shape();
        Map<String, INDArray> tensors = tensors(site);
        boolean isDouble = tensors.values().stream().anyMatch(tensor -> tensor.dataType() == DataType.DOUBLE);
        DataType type = isDouble ? DataType.DOUBLE : DataType.FLOAT;
        Map<String, long[]> sizes = new LoraMethod(bias).factors(shape, own);
        Map<String, INDArray> factors = new LinkedHashMap<>();
        String a = LoraMethod.down(shape);
        factors.put(a, svd.right().firstRows(own).toArray(type, sizes.get(a)));
        String b = LoraMethod.up(shape);
        factors.put(b, up(svd, own).toArray(type, sizes.get(b)));
        if (bias) {
            INDArray none = Nd4j.zeros(DataType.DOUBLE, sizes.get(LoraMethod.B_BIAS));
            INDArray added = site.method()
                    .mergedBias(none, WeightChange.exact(tensors), site.scaling())
                    .orElse(none);
            factors.put(LoraMethod.B_BIAS, added.castTo(type));
        }
        return factors;
    }
}
