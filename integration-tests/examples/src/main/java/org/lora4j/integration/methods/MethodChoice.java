/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.methods;

import java.util.List;
import java.util.function.Supplier;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.Ia3Config;
import org.lora4j.config.LohaConfig;
import org.lora4j.config.LoraConfig;

/**
 * A method with the settings that one would try first.
 *
 * @param name what tables call it
 * @param config starts a config of it, without targets
 * @param rate the learning rate that served best in the search of {@code docs/methods.md}
 */
public record MethodChoice(String name, Supplier<AdapterConfig.Builder<?>> config, double rate) {

    /** All that are compared; LoRA first. */
    public static final List<MethodChoice> ALL = List.of(
            new MethodChoice("LoRA", () -> LoraConfig.builder().rank(8).alpha(16), 1e-3),
            new MethodChoice(
                    "DoRA", () -> LoraConfig.builder().rank(8).alpha(16).dora(true), 1e-3),
            new MethodChoice("IA3", Ia3Config::builder, 1e-2),
            new MethodChoice("LoHa", () -> LohaConfig.builder().rank(8).alpha(16), 3e-3));

    @Override
    public String toString() {
        return name;
    }
}
