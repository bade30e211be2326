/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.List;
import java.util.function.BiFunction;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.Ia3Config;
import org.lora4j.config.LohaConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.MessageText;

/**
 * The table of adapter methods: the one place that says which method a config asks for.
 *
 * @apiNote Status: experimental
 */
public final class AdapterMethods {

    /** A line: a config, and what it asks for in a module of a path. */
    private record Line<C extends AdapterConfig>(Class<C> config, BiFunction<C, String, AdapterMethod> method) {

        AdapterMethod of(AdapterConfig asked, String path) {
            return method.apply(config.cast(asked), path);
        }
    }

    private static final List<Line<?>> TABLE = List.of(
            new Line<>(
                    LoraConfig.class,
                    (config, path) -> config.dora() ? new DoraMethod() : new LoraMethod(config.loraBias())),
            new Line<>(Ia3Config.class, (config, path) -> new Ia3Method(config.isFeedforward(path))),
            new Line<>(LohaConfig.class, (config, path) -> new LohaMethod(config.effectiveConvolution())));

    /** Every variant, by the name in saved networks. */
    private static final List<AdapterMethod> VARIANTS = List.of(
            new LoraMethod(),
            new LoraMethod(true),
            new DoraMethod(),
            new Ia3Method(false),
            new Ia3Method(true),
            new LohaMethod(false),
            LohaMethod.tucker());

    private AdapterMethods() {}

    /**
     * The method that a config asks for in a module.
     *
     * @param config a config
     * @param path dotted path of the module
     * @return the method, before {@link AdapterMethod#of} knows the shape
     * @throws IllegalArgumentException if there is no line for this kind of config
     */
    public static AdapterMethod of(AdapterConfig config, String path) {
        return TABLE.stream()
                .filter(line -> line.config().isInstance(config))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("method " + config.peftType()
                        + ": no class computes it; expected one of the configs of "
                        + TABLE.stream()
                                .map(line -> line.config().getSimpleName())
                                .toList()
                        + ". Use one of these."))
                .of(config, path);
    }

    /**
     * The method that a config asks for in a module of a shape.
     *
     * @param config a config
     * @param path dotted path of the module
     * @param shape the module
     * @return the method
     */
    public static AdapterMethod of(AdapterConfig config, String path, ModuleShape shape) {
        return of(config, path).of(shape);
    }

    /**
     * The method of a saved network.
     *
     * @param id what {@link AdapterMethod#id} gave
     * @param bias whether it adds to biases
     * @return the method
     * @throws IllegalArgumentException if there is none
     */
    public static AdapterMethod named(String id, boolean bias) {
        for (AdapterMethod method : VARIANTS) {
            if (method.id().equals(id) && bias == (method.biasEffect() == AdapterMethod.BiasEffect.ADDS)) {
                return method;
            }
        }
        throw new IllegalArgumentException("method = " + MessageText.value(id) + (bias ? " with a bias on B" : "")
                + "; expected one of "
                + VARIANTS.stream().map(AdapterMethod::id).distinct().toList()
                + ", of which only LORA has a bias. The network was saved by a newer version of lora4j: use that.");
    }
}
