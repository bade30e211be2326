/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.model;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.AdapterConfig.TargetUse;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.FourierFtConfig;
import org.lora4j.config.Ia3Config;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.PveraConfig;
import org.lora4j.config.RandLoraConfig;
import org.lora4j.config.TrainableTokens;
import org.lora4j.config.TrainableTokensConfig;
import org.lora4j.config.VbLoraConfig;
import org.lora4j.config.VeraConfig;
import org.lora4j.internal.host.HostParameter;
import org.lora4j.internal.host.TrainedParameters;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FactorStart;
import org.lora4j.method.MethodEntry;
import org.lora4j.method.ModuleShape;
import org.lora4j.method.TokenRowsMethod;
import org.lora4j.random.RandomStreams;
import org.lora4j.weights.ModelWeights;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A small sound adapter of each method for any model, made of start values, so that those that are never trained have one as well. */
final class SoundAdapters {

    private static final Map<String, Supplier<AdapterConfig.Builder<?>>> SUBJECTS =
            new LinkedHashMap<>(AdapterMethodContract.methods());

    static {
        SUBJECTS.put("LoRA with a bias on B", () -> LoraConfig.builder().rank(2).loraBias(true));
        SUBJECTS.put("LoRA with biases", () -> LoraConfig.builder().rank(2).bias(BiasTraining.ALL));
        SUBJECTS.put("LoRA with saved modules", () -> LoraConfig.builder().rank(2));
        SUBJECTS.put("LoRA on parameters", () -> LoraConfig.builder().rank(2));
        SUBJECTS.put("LoRA with token rows", () -> LoraConfig.builder().rank(2));
        SUBJECTS.put(
                "VeRA without projections", () -> VeraConfig.builder().rank(2).saveProjection(false));
        SUBJECTS.put("PVeRA", () -> PveraConfig.builder().rank(2));
        SUBJECTS.put(
                "RandLoRA without projections",
                () -> RandLoraConfig.builder().rank(2).saveProjection(false));
        SUBJECTS.put("FourierFT", () -> FourierFtConfig.builder().frequencies(3));
        SUBJECTS.put("VB-LoRA", () -> VbLoraConfig.builder().rank(2).bank(4, 1, 2));
        SUBJECTS.put(
                "VB-LoRA, largest",
                () -> VbLoraConfig.builder().rank(2).bank(4, 1, 2).saveTop(true));
        SUBJECTS.put("rows of tokens", () -> TrainableTokensConfig.builder().tokenIndices(1, 3));
        // Whoever adds a method needs no line here, unless its defaults fit no small module.
        Set<String> known = SUBJECTS.values().stream()
                .map(subject -> subject.get().peftType())
                .collect(Collectors.toSet());
        for (MethodEntry<?> entry : AdapterMethods.entries()) {
            boolean own = entry.config().getPackage().equals(AdapterConfig.class.getPackage());
            if (own && !known.contains(entry.peftType())) {
                SUBJECTS.put(entry.peftType(), entry::newConfig);
            }
        }
    }

    private final String subject;
    private final ModelWeights weights;
    private final Map<String, ModuleShape> modules;

    SoundAdapters(String subject, ModelWeights weights, Map<String, ModuleShape> modules) {
        this.subject = subject;
        this.weights = weights;
        this.modules = modules;
    }

    /** The names of all subjects. */
    static List<String> subjects() {
        return List.copyOf(SUBJECTS.keySet());
    }

    /** Starts the config of a subject. */
    static AdapterConfig.Builder<?> start(String subject) {
        return SUBJECTS.get(subject).get();
    }

    /** What a subject may adapt: modules for most, layers with parameters of their own for those that train them whole. */
    List<String> candidates() {
        AdapterConfig any = SUBJECTS.get(subject).get().targetModules("any").build();
        if (any.targetUse() != TargetUse.WHOLE) {
            return List.copyOf(modules.keySet());
        }
        return weights.names().stream().map(HostParameter::module).distinct().toList();
    }

    /** An adapter of some modules; empty if no config can say that, or the method is not for one of them. */
    Optional<Adapter> of(List<String> paths) {
        try {
            AdapterConfig config = config(paths);
            return Optional.of(Adapter.of(config, factors(config, paths), saved(config, paths)));
        } catch (IllegalArgumentException notForThese) {
            return Optional.empty();
        }
    }

    private AdapterConfig config(List<String> paths) {
        String[] names = paths.toArray(String[]::new);
        AdapterConfig.Builder<?> builder = SUBJECTS.get(subject).get();
        if (builder instanceof Ia3Config.Builder ia3) {
            ia3.feedforwardModules(subject.contains("feed") ? names : new String[0]);
        }
        if (builder.fields().stream().anyMatch(field -> field.name().equals("initialization"))) {
            builder.initialization(Initialization.RANDOM);
        }
        if (subject.endsWith("on parameters")) {
            return ((LoraConfig.Builder) builder)
                    .targetParameters(
                            paths.stream().map(path -> path + ".weight").toArray(String[]::new))
                    .build();
        }
        if (subject.endsWith("token rows")) {
            ((LoraConfig.Builder) builder).trainableTokens(TrainableTokens.of(Map.of(names[0], List.of(1, 3))));
            return builder.targetModules(paths.stream().skip(1).toArray(String[]::new))
                    .build();
        }
        if (subject.endsWith("saved modules")) {
            return builder.modulesToSave(names[0])
                    .targetModules(paths.stream().skip(1).toArray(String[]::new))
                    .build();
        }
        return builder.targetModules(names).build();
    }

    private Map<String, Map<String, INDArray>> factors(AdapterConfig config, List<String> paths) {
        Map<String, Map<String, INDArray>> factors = new LinkedHashMap<>();
        Map<String, ModuleShape> adapted = new LinkedHashMap<>();
        for (String path : paths) {
            ModuleShape shape = modules.get(path);
            if (config.adaptsParametersOf(path) && shape.kind() == ModuleShape.Kind.EMBEDDING) {
                // A table that is named as a parameter is a matrix like any other.
                shape = ModuleShape.linear(shape.outputs(), shape.inputs());
            }
            if (config.selects(path) || config.adaptsParametersOf(path)) {
                adapted.put(path, shape);
            }
        }
        Map<String, long[]> shared = AdapterMethods.shared(config, adapted);
        Map<String, INDArray> ofAll = new LinkedHashMap<>();
        adapted.forEach((path, shape) -> {
            AdapterMethod method = AdapterMethods.of(config, path, shape);
            method.factors(shape, config.rankOf(path));
            Map<String, INDArray> own = new LinkedHashMap<>(method.initialize(new FactorStart(
                    shape,
                    config.rankOf(path),
                    config.scalingOf(path),
                    config.initialization(),
                    RandomStreams.of(1, path),
                    DataType.FLOAT,
                    shared,
                    () -> random(path, shape.weight()))));
            shared.keySet().forEach(suffix -> own.put(suffix, ofAll.computeIfAbsent(suffix, own::get)));
            factors.put(path, own);
        });
        for (String path : paths) {
            if (config.trainsRowsOf(path)) {
                int rows = config.tokenRows(path).size();
                factors.computeIfAbsent(path, none -> new LinkedHashMap<>())
                        .put(
                                TokenRowsMethod.ROWS,
                                random(path, rows, modules.get(path).weight()[1]));
            }
        }
        return factors;
    }

    private Map<String, INDArray> saved(AdapterConfig config, List<String> paths) {
        Map<String, INDArray> saved = new LinkedHashMap<>();
        List<String> adapted = new ArrayList<>(paths);
        for (String name : weights.names()) {
            boolean weight = name.endsWith(".weight") && modules.containsKey(HostParameter.module(name));
            if (TrainedParameters.include(config, name, weight, adapted::contains)) {
                saved.put(name, random(name, weights.shape(name)));
            }
        }
        return saved;
    }

    private static INDArray random(String name, long... shape) {
        return RandomStreams.uniform(RandomStreams.of(2, name), 1, DataType.FLOAT, shape);
    }
}
