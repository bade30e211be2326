/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import org.lora4j.config.AdaLoraConfig;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.BoftConfig;
import org.lora4j.config.C3aConfig;
import org.lora4j.config.DeloraConfig;
import org.lora4j.config.FourierFtConfig;
import org.lora4j.config.GraloraConfig;
import org.lora4j.config.HiraConfig;
import org.lora4j.config.HraConfig;
import org.lora4j.config.Ia3Config;
import org.lora4j.config.Initialization;
import org.lora4j.config.LohaConfig;
import org.lora4j.config.LokrConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.MissConfig;
import org.lora4j.config.OftConfig;
import org.lora4j.config.PveraConfig;
import org.lora4j.config.RandLoraConfig;
import org.lora4j.config.RoadConfig;
import org.lora4j.config.ShiraConfig;
import org.lora4j.config.TrainableTokensConfig;
import org.lora4j.config.VbLoraConfig;
import org.lora4j.config.VeraConfig;
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
            new Line<>(LoraConfig.class, (config, path) -> lora(config)),
            new Line<>(Ia3Config.class, (config, path) -> new Ia3Method(config.isFeedforward(path))),
            new Line<>(LohaConfig.class, (config, path) -> new LohaMethod(config)),
            new Line<>(LokrConfig.class, LokrMethod::new),
            new Line<>(MissConfig.class, (config, path) -> new MissMethod(config)),
            new Line<>(HiraConfig.class, (config, path) -> new HiraMethod()),
            new Line<>(TrainableTokensConfig.class, (config, path) -> new TokenRowsMethod(config.tokenRows(path))),
            new Line<>(
                    VeraConfig.class,
                    (config, path) ->
                            new VeraMethod(false, config.projectionKey(), config.initialD(), config.saveProjection())),
            new Line<>(
                    PveraConfig.class,
                    (config, path) ->
                            new VeraMethod(true, config.projectionKey(), config.initialD(), config.saveProjection())),
            new Line<>(
                    RandLoraConfig.class,
                    (config, path) -> new RandLoraMethod(
                            config.projectionKey(), config.sparse(), config.verySparse(), config.saveProjection())),
            new Line<>(ShiraConfig.class, (config, path) -> new ShiraMethod()),
            new Line<>(AdaLoraConfig.class, (config, path) -> new AdaLoraMethod(config.keptOf(path))),
            new Line<>(GraloraConfig.class, (config, path) -> new GraloraMethod(config)),
            new Line<>(DeloraConfig.class, (config, path) -> new DeloraMethod(config.lambdaOf(path))),
            new Line<>(C3aConfig.class, (config, path) -> new C3aMethod(config.blockSizeOf(path))),
            new Line<>(RoadConfig.class, (config, path) -> new RoadMethod(config.variant(), config.groupSize())),
            new Line<>(OftConfig.class, (config, path) -> new OftMethod(config)),
            new Line<>(HraConfig.class, (config, path) -> new HraMethod(config.applyGs())),
            new Line<>(BoftConfig.class, (config, path) -> new BoftMethod(config)),
            new Line<>(FourierFtConfig.class, (config, path) -> new FourierFtMethod()),
            new Line<>(
                    VbLoraConfig.class,
                    (config, path) ->
                            new VbLoraMethod(config.vectors(), config.vectorLength(), config.top(), config.saveTop())));

    /** What makes the method of a saved network, by the name before the colon of its id. */
    private static final Map<String, Function<MethodOptions, AdapterMethod>> SAVED = new TreeMap<>(Map.ofEntries(
            Map.entry("LORA", options -> options.values().isEmpty() ? new LoraMethod() : LoraMethod.withFixedUp()),
            Map.entry("DORA", options -> new DoraMethod()),
            Map.entry("KASA", options -> new KasaMethod()),
            Map.entry("IA3", options -> new Ia3Method(false)),
            Map.entry("IA3_FEEDFORWARD", options -> new Ia3Method(true)),
            Map.entry("LOHA", options -> LohaMethod.saved(false, options)),
            Map.entry("LOHA_TUCKER", options -> LohaMethod.saved(true, options)),
            Map.entry("LOKR", LokrMethod::of),
            Map.entry("MISS", MissMethod::of),
            Map.entry("HIRA", options -> new HiraMethod()),
            Map.entry("VERA", options -> VeraMethod.of(false, options)),
            Map.entry("PVERA", options -> VeraMethod.of(true, options)),
            Map.entry("RANDLORA", RandLoraMethod::of),
            Map.entry("SHIRA", options -> new ShiraMethod()),
            Map.entry("ADALORA", options -> new AdaLoraMethod(List.of())),
            Map.entry("GRALORA", GraloraMethod::of),
            Map.entry("DELORA", options -> new DeloraMethod(options.number("lambda"))),
            Map.entry("C3A", options -> new C3aMethod(options.integer("block"))),
            Map.entry("ROAD", RoadMethod::saved),
            Map.entry("OFT", OftMethod::saved),
            Map.entry("HRA", HraMethod::saved),
            Map.entry("BOFT", BoftMethod::saved),
            Map.entry("FOURIERFT", options -> new FourierFtMethod()),
            Map.entry("VBLORA", VbLoraMethod::of)));

    private AdapterMethods() {}

    private static AdapterMethod lora(LoraConfig config) {
        if (config.kasa() != null) {
            return new KasaMethod();
        }
        if (config.dora()) {
            return new DoraMethod();
        }
        return config.initialization() == Initialization.MICA
                ? LoraMethod.withFixedUp()
                : new LoraMethod(config.loraBias());
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
     * What a config wants in a training beside gradients.
     *
     * @param config a config
     * @param names the names of the parameters that learn, by path of the module and suffix
     * @param changed gets the config that files of the adapter are to have from then on
     * @return a rule for one run, if the method has one
     */
    public static Optional<StepRule> stepRule(
            AdapterConfig config, Map<String, Map<String, String>> names, Consumer<AdapterConfig> changed) {
        if (names.isEmpty()) {
            return Optional.empty();
        }
        if (config instanceof AdaLoraConfig own) {
            return Optional.of(new AdaLoraRule(own, names, changed::accept));
        }
        boolean penalties = config instanceof LoraConfig lora
                && lora.kasa() != null
                && lora.kasa().hasPenalties();
        return penalties ? Optional.of(new KasaRule(((LoraConfig) config).kasa(), names)) : Optional.empty();
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
            if (method.suffixes().stream().anyMatch(method::isShared)) {
                shared.putAll(method.factors(ModuleShape.linear(inputs, outputs), config.rankOf(path)));
                shared.keySet().removeIf(suffix -> !method.isShared(suffix));
            }
        });
        return shared;
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
        String name = id.replaceFirst(":.*", "");
        if (bias && id.equals("LORA")) {
            return new LoraMethod(true);
        }
        if (!bias && SAVED.containsKey(name)) {
            return SAVED.get(name).apply(MethodOptions.of(id));
        }
        throw new IllegalArgumentException("method = " + MessageText.value(id) + (bias ? " with a bias on B" : "")
                + "; expected one of "
                + SAVED.keySet()
                + ", of which only LORA has a bias. The network was saved by a newer version of lora4j: use that.");
    }
}
