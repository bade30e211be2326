/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.List;
import java.util.function.Predicate;
import org.lora4j.config.LoraConfig;

/**
 * The table of adapter methods: the one place that says which method a config asks for.
 *
 * @apiNote Status: experimental
 */
public final class AdapterMethods {

    private record Line(Predicate<LoraConfig> asksFor, AdapterMethod method) {}

    /** The first line that fits decides; the last one fits always. */
    private static final List<Line> TABLE = List.of(
            new Line(LoraConfig::dora, new DoraMethod()),
            new Line(LoraConfig::loraBias, new LoraMethod(true)),
            new Line(config -> true, new LoraMethod()));

    private AdapterMethods() {}

    /**
     * The method that a config asks for.
     *
     * @param config a config
     * @return the method
     */
    public static AdapterMethod of(LoraConfig config) {
        return TABLE.stream()
                .filter(line -> line.asksFor().test(config))
                .findFirst()
                .orElseThrow()
                .method();
    }
}
