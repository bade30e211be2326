/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;

/**
 * The adapter methods that there are: those of the library, and those that a program {@linkplain #register adds}.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: experimental
 */
public final class AdapterMethods {

    private static volatile RegisteredMethods registered = new RegisteredMethods(MethodTable.LINES);

    private AdapterMethods() {}

    /**
     * Adds a method from outside of the library, for as long as the program runs. From then on its config is taken wherever one of
     * the library's is, its files and its saved networks are read. No file makes the library load a class: a file only names a
     * method, which has to be here before.
     *
     * @param entry what there is to know of the method
     * @throws IllegalArgumentException if it is not complete, or a name of it is taken; the message lists every problem
     */
    public static synchronized void register(MethodEntry<?> entry) {
        Arguments.required(entry, "AdapterMethods.register: entry", "a MethodEntry");
        registered = registered.with(entry);
    }

    /**
     * All methods.
     *
     * @return those of the library, then those that were added
     */
    public static List<MethodEntry<?>> entries() {
        return registered.entries();
    }

    /**
     * Finds a method by its name in files.
     *
     * @param peftType such as {@code LORA}
     * @return the method, if there is one
     */
    public static Optional<MethodEntry<?>> entry(String peftType) {
        return registered.entry(peftType);
    }

    /**
     * Finds the method whose files have a tensor.
     *
     * @param suffix what follows the path of the module, such as {@code hra_u}
     * @return the method, if there is one
     */
    public static Optional<MethodEntry<?>> withTensor(String suffix) {
        return registered.withTensor(suffix);
    }

    /**
     * The method that a config asks for in a module.
     *
     * @param config a config
     * @param path dotted path of the module
     * @return the method, before {@link AdapterMethod#of} knows the shape
     * @throws IllegalArgumentException if there is no line for this kind of config
     */
    public static AdapterMethod of(AdapterConfig config, String path) {
        return registered.method(config, path);
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
     * What a config wants in a training beside gradients.
     *
     * @param config a config
     * @param names the names of the parameters that learn, by path of the module and suffix
     * @param changed gets the config that files of the adapter are to have from then on
     * @return a rule for one run, if the method has one
     */
    public static Optional<StepRule> stepRule(
            AdapterConfig config, Map<String, Map<String, String>> names, Consumer<AdapterConfig> changed) {
        return names.isEmpty() ? Optional.empty() : registered.of(config).rule(config, names, changed);
    }

    /**
     * How large the tensors are that the modules of an adapter share.
     *
     * @param config a config
     * @param modules the shapes of the adapted modules by path
     * @return shape by suffix, as a module with the most inputs and the most outputs of all would need it
     */
    public static Map<String, long[]> shared(AdapterConfig config, Map<String, ModuleShape> modules) {
        Map<String, long[]> shared = new LinkedHashMap<>();
        long inputs =
                modules.values().stream().mapToLong(ModuleShape::inputs).max().orElse(1);
        long outputs =
                modules.values().stream().mapToLong(ModuleShape::outputs).max().orElse(1);
        modules.keySet().stream().findFirst().ifPresent(path -> {
            AdapterMethod method = of(config, path);
            if (method.traits().suffixes().stream().anyMatch(suffix -> isShared(method, suffix))) {
                shared.putAll(method.factors(ModuleShape.linear(inputs, outputs), config.rankOf(path)));
                shared.keySet().removeIf(suffix -> !isShared(method, suffix));
            }
        });
        return shared;
    }

    private static boolean isShared(AdapterMethod method, String suffix) {
        return method.traits().is(suffix, FactorTrait.SHARED);
    }

    /**
     * The method of a saved network.
     *
     * @param id what {@link MethodTraits#id} gave
     * @param bias whether it adds to biases
     * @return the method
     * @throws IllegalArgumentException if there is none
     */
    public static AdapterMethod named(String id, boolean bias) {
        Map<String, Function<MethodOptions, AdapterMethod>> saved = registered.saved();
        Function<MethodOptions, AdapterMethod> make = saved.get(id.replaceFirst(":.*", ""));
        AdapterMethod method = make == null ? null : make.apply(MethodOptions.of(id, bias));
        if (method == null || bias != (method.traits().biasEffect() == AdapterMethod.BiasEffect.ADDS)) {
            throw new IllegalArgumentException(
                    "method = " + MessageText.value(id) + (bias ? " with a bias on B" : "")
                            + "; expected one of "
                            + new TreeSet<>(saved.keySet())
                            + ", and a bias only with methods that add to biases, such as LORA. The network was saved by a newer version"
                            + " of lora4j, which you need then, or with a method that a program adds: AdapterMethods.register.");
        }
        return method;
    }
}
