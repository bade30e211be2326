/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.peft.PeftKeys;
import org.lora4j.internal.format.peft.PeftTensor;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Reads the modules of adapters. The one place that knows which tensors the algebra understands. */
final class FactorReader {

    /** The first half of the pairs A and B of which an update can consist. */
    private static final Collection<PeftTensor> PAIRS = Set.of(PeftTensor.LORA_A, PeftTensor.EMBEDDING_A);

    private FactorReader() {}

    /**
     * The modules of an adapter by path.
     *
     * @param problems receives every module whose update is not a product of A and B alone
     */
    static Map<String, ModuleFactors> read(String where, Adapter adapter, Problems problems) {
        Map<String, ModuleFactors> modules = new TreeMap<>();
        AdapterConfig config = adapter.config();
        if (!(config instanceof LoraConfig)) {
            problems.add(
                    where + "the method is " + config.peftType() + ", expected LORA, whose updates are products of A"
                            + " and B; merge the adapter into the base instead");
            return modules;
        }
        problems.check(
                !config.movesBase(),
                where + "initialization = " + config.initialization()
                        + ": the update belongs to a base without its start, expected a plain adapter; convert it first");
        problems.check(
                config.targetParameters().isEmpty(),
                where + "targetParameters = " + config.targetParameters()
                        + ", expected modules only, because updates of stacked parameters cannot be combined");
        for (String path : adapter.modules().keySet()) {
            read(where, adapter, path, problems).ifPresent(factors -> modules.put(path, factors));
        }
        return modules;
    }

    /** One module that the adapter has; nothing, and a problem, if its update is not a product of A and B alone. */
    static Optional<ModuleFactors> read(String where, Adapter adapter, String path, Problems problems) {
        double scaling = adapter.config().scalingOf(PeftKeys.wrapperOf(path));
        return read(where + "module \"" + path + "\"", adapter.modules().get(path), scaling, problems);
    }

    static Optional<ModuleFactors> read(
            String where, Map<String, INDArray> tensors, double scaling, Problems problems) {
        Optional<PeftTensor> kind = kindOfA(tensors);
        problems.check(
                kind.isPresent(),
                where + " has the tensors " + Problems.quoted(new TreeSet<>(tensors.keySet()))
                        + ", expected a pair of A and B alone");
        return kind.map(a -> factors(a, tensors, scaling));
    }

    /** The modules of an adapter, or an error. */
    static Map<String, ModuleFactors> read(String call, Adapter adapter) {
        Problems problems = new Problems();
        Map<String, ModuleFactors> modules = read("", adapter, problems);
        problems.throwIfAny(call);
        return modules;
    }

    /** Adds a problem for every convolution in groups, whose factors do not multiply to one update. */
    static void requireUngrouped(String where, Map<String, ModuleFactors> modules, Problems problems) {
        modules.forEach((path, factors) -> problems.check(
                !factors.layout().isGrouped(),
                where + "module \"" + path + "\" is a " + factors.layout()
                        + ", which has no single update that factors of another rank could express"));
    }

    private static Optional<PeftTensor> kindOfA(Map<String, INDArray> tensors) {
        return PAIRS.stream()
                .filter(a ->
                        tensors.keySet().equals(Set.of(a.suffix(), partnerOf(a).suffix())))
                .filter(a -> haveMatchingAxes(a, tensors))
                .findFirst();
    }

    /** Adapters of packed attention projections have a B with more axes than A. */
    private static boolean haveMatchingAxes(PeftTensor a, Map<String, INDArray> tensors) {
        return Stream.of(a, partnerOf(a))
                        .map(tensor -> tensors.get(tensor.suffix()).rank())
                        .distinct()
                        .count()
                == 1;
    }

    private static PeftTensor partnerOf(PeftTensor a) {
        return a.partner().orElseThrow();
    }

    private static ModuleFactors factors(PeftTensor kind, Map<String, INDArray> tensors, double scaling) {
        INDArray a = tensors.get(kind.suffix());
        INDArray b = tensors.get(partnerOf(kind).suffix());
        return new ModuleFactors(FactorLayout.of(kind, a, b), a, b, scaling);
    }
}
