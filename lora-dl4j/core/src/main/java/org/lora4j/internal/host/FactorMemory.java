/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import java.util.Arrays;
import java.util.Map;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.MessageText;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FactorTrait;
import org.lora4j.method.ModuleShape;

/**
 * Bounds what the factors of a new adapter take, before any is made. A config of a few bytes names sizes: a rank of a billion, or
 * projections that are as large as the widest and the tallest of all modules together, though no module is.
 *
 * @apiNote Status: internal
 */
public final class FactorMemory {

    /** Elements that any adapter may have: 256 MiB of FLOAT. */
    private static final long FREE = 1L << 26;

    /** Beyond that, elements for each one of the adapted weights: two factors of full rank have two. */
    private static final long FOR_EACH = 4;

    private FactorMemory() {}

    /**
     * Requires that the factors take no more than their modules allow.
     *
     * @param modules the shapes of the adapted modules by path
     * @throws IllegalArgumentException if they take more
     */
    public static void require(
            String adapter, AdapterConfig config, Map<String, ModuleShape> modules, Map<String, long[]> shared) {
        double asked =
                shared.values().stream().mapToDouble(FactorMemory::elements).sum();
        double there = 0;
        for (Map.Entry<String, ModuleShape> module : modules.entrySet()) {
            asked += own(config, module.getKey(), module.getValue());
            there += module.getValue().parameters();
        }
        double allowed = Math.max(FREE, FOR_EACH * there);
        if (asked > allowed) {
            throw new IllegalArgumentException("adapter " + MessageText.name(adapter) + ": its factors have "
                    + words(asked) + " elements for modules of " + words(there) + "; expected at most " + words(allowed)
                    + ": " + FREE + ", or " + FOR_EACH
                    + " for each element of the modules. Choose a smaller rank, or modules of similar sizes.");
        }
    }

    private static double own(AdapterConfig config, String path, ModuleShape shape) {
        AdapterMethod method = AdapterMethods.of(config, path);
        try {
            return method.factors(shape, config.rankOf(path)).entrySet().stream()
                    .filter(factor -> !method.traits().is(factor.getKey(), FactorTrait.SHARED))
                    .mapToDouble(factor -> elements(factor.getValue()))
                    .sum();
        } catch (IllegalArgumentException e) {
            // Not made: it is refused with its reason where it would be.
            return 0;
        }
    }

    /** As a number that does not overflow, and is exact where it matters. */
    private static double elements(long[] shape) {
        return Arrays.stream(shape).asDoubleStream().reduce(1, (a, b) -> a * b);
    }

    private static String words(double elements) {
        return elements < Long.MAX_VALUE ? Long.toString((long) elements) : Double.toString(elements);
    }
}
