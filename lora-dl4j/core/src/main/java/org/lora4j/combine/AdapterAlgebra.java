/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.SingularValues;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What can be done with one adapter, or asked of two. {@link Combine} makes one of several.
 *
 * <p><b>State.</b> Adapters are only read. Parameters saved in full (heads, biases) go into the new adapter unchanged.
 * <b>Threads.</b> Safe.
 *
 * @apiNote Status: experimental
 */
public final class AdapterAlgebra {

    private AdapterAlgebra() {}

    /**
     * Multiplies the update of every module. The factor goes onto A; B and the config stay.
     *
     * @param adapter an adapter
     * @param factor a finite number; negative ones turn the update around, 0 removes it
     * @return a new adapter
     * @throws IllegalArgumentException if the factor is not finite, makes an element overflow, or the adapter holds
     *     tensors other than pairs of A and B
     */
    public static Adapter rescale(Adapter adapter, double factor) {
        if (!Double.isFinite(factor)) {
            throw new IllegalArgumentException("AdapterAlgebra.rescale: factor = " + factor
                    + "; expected a finite number. Give the multiple of the update that is wanted.");
        }
        Map<String, Map<String, INDArray>> modules = new TreeMap<>();
        FactorReader.read("AdapterAlgebra.rescale", adapter).forEach((path, factors) -> {
            Map<String, INDArray> tensors = new HashMap<>(adapter.modules().get(path));
            tensors.put(
                    factors.layout().tensorA().suffix(),
                    factors.a()
                            .scaled(factor)
                            .toArray(
                                    factors.arrayA().dataType(),
                                    factors.arrayA().shape()));
            modules.put(path, tensors);
        });
        return Adapter.of(adapter.config(), adapter.extras(), modules, adapter.savedParameters())
                .onBaseOf(List.of(adapter));
    }

    /**
     * Turns the update of every module around, exactly.
     *
     * @param adapter an adapter
     * @return a new adapter that takes away what the other one adds
     * @throws IllegalArgumentException if the adapter holds tensors other than pairs of A and B
     */
    public static Adapter negate(Adapter adapter) {
        return rescale(adapter, -1);
    }

    /**
     * Lowers the rank of every module at the least cost. The update itself is never formed.
     *
     * @param adapter an adapter
     * @param rank the highest rank wanted, 1 or more; modules whose update needs less get less
     * @return the new adapter and its errors
     * @throws IllegalArgumentException if the rank is below 1 or the adapter holds grouped convolutions or tensors other
     *     than pairs of A and B
     */
    public static RankReduction reduceRank(Adapter adapter, int rank) {
        String call = "AdapterAlgebra.reduceRank";
        Problems problems = new Problems();
        problems.atLeast("rank", rank, 1);
        Map<String, ModuleFactors> all = FactorReader.read("", adapter, problems);
        FactorReader.requireUngrouped("", all, problems);
        problems.check(!all.isEmpty() || !problems.isEmpty(), "the adapter has no modules, expected at least one");
        problems.throwIfAny(call);

        Map<String, Map<String, INDArray>> modules = new TreeMap<>();
        Map<String, Integer> ranks = new TreeMap<>();
        Map<String, Double> errors = new TreeMap<>();
        all.forEach((path, factors) -> {
            SingularValues svd = factors.singularValues();
            int kept = Math.min(rank, svd.rank());
            MatrixPair pair = MatrixPair.of(svd.truncated(kept)).padded(Math.max(1, kept));
            ranks.put(path, pair.a().rows());
            errors.put(path, svd.norm(0) == 0 ? 0 : svd.norm(kept) / svd.norm(0));
            modules.put(path, factors.layout().arrays(pair, factors.type()));
        });
        LoraConfig config =
                new CombinedConfig(LoraConfig.require(adapter.config(), call), Map.of()).of(ranks, rank, false);
        Adapter reduced = Adapter.of(config, adapter.extras(), modules, adapter.savedParameters())
                .onBaseOf(List.of(adapter));
        return new RankReduction(reduced, errors);
    }

    /**
     * Compares the updates of two adapters of one base model.
     *
     * @param first an adapter
     * @param second another one
     * @return norms, cosines and angles of the modules that both have, and the names of the others
     * @throws IllegalArgumentException if a module has different shapes in the two, is a grouped convolution, or holds
     *     tensors other than a pair of A and B; the message lists everything
     */
    public static AdapterComparison compare(Adapter first, Adapter second) {
        Problems problems = new Problems();
        Map<String, ModuleFactors> one = FactorReader.read("first adapter, ", first, problems);
        Map<String, ModuleFactors> two = FactorReader.read("second adapter, ", second, problems);
        FactorReader.requireUngrouped("first adapter, ", one, problems);
        FactorReader.requireUngrouped("second adapter, ", two, problems);
        Set<String> both = new TreeSet<>(one.keySet());
        both.retainAll(two.keySet());
        both.forEach(path -> {
            FactorLayout a = one.get(path).layout();
            FactorLayout b = two.get(path).layout();
            problems.check(
                    a.equals(b),
                    "module \"" + path + "\" is " + a + " in the first adapter and " + b
                            + " in the second, expected one" + " shape");
        });
        problems.throwIfAny("AdapterAlgebra.compare");

        Map<String, ModuleComparison> modules = new TreeMap<>();
        both.forEach(path -> modules.put(path, ModuleComparison.of(one.get(path), two.get(path))));
        return new AdapterComparison(modules, without(one.keySet(), both), without(two.keySet(), both));
    }

    private static Set<String> without(Set<String> paths, Set<String> others) {
        Set<String> left = new TreeSet<>(paths);
        left.removeAll(others);
        return left;
    }

    /**
     * What an adapter adds to the weight of one module, the scaling included (PEFT: {@code get_delta_weight}).
     *
     * @param adapter an adapter
     * @param modulePath dotted path of the module
     * @return a new array: linear [outputs, inputs], whatever the config's {@code fanInFanOut}; embedding [vocabulary,
     *     dimension]; convolution [outputs, inputs, kernel...]; of the data type of the factors
     * @throws IllegalArgumentException if the adapter has no such module, or the module is a grouped convolution or holds
     *     tensors other than a pair of A and B
     */
    public static INDArray deltaWeight(Adapter adapter, String modulePath) {
        String call = "AdapterAlgebra.deltaWeight";
        Set<String> paths = adapter.modules().keySet();
        if (!paths.contains(modulePath)) {
            throw new IllegalArgumentException(
                    call + ": module " + MessageText.name(modulePath) + " is not in the adapter"
                            + ClosestNames.hint(modulePath, paths) + "; expected one of its " + paths.size()
                            + " modules. Adapter.modules() lists them.");
        }
        Problems problems = new Problems();
        Optional<ModuleFactors> found = FactorReader.read("", adapter, modulePath, problems);
        found.ifPresent(module -> FactorReader.requireUngrouped("", Map.of(modulePath, module), problems));
        problems.throwIfAny(call);
        ModuleFactors factors = found.orElseThrow();
        return factors.layout().updateArray(factors.update(), factors.type());
    }
}
