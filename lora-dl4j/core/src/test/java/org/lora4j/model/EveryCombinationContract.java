/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.FourierFtConfig;
import org.lora4j.config.Ia3Config;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.PveraConfig;
import org.lora4j.config.VbLoraConfig;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FactorTrait;
import org.lora4j.model.AdapterMethodContract.ParameterAndGradient;

/**
 * Every method in every module of every kind of layer, generated: after two steps each factor that is trained has moved, and
 * merging gives what the adapter computed; or the combination is refused, with the names of the module and of the method. Nothing
 * may pass in silence without learning.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class EveryCombinationContract {

    /** Sums of few numbers of order 1 in double precision, in another order. */
    private static final double ROUNDING = 1e-10;

    private static final double RATE = 1e-3;

    /** The networks, each for what it is made of. */
    protected abstract List<String> networks();

    /** A network in double precision, without its adapters; equal at each call. */
    protected abstract AdaptedModel model(String network);

    /** The output in the current state, always for the same input. */
    protected abstract double[] output(AdaptedModel adapted, String network);

    /** The gradients of a loss by parameter, and the values of these parameters. */
    protected abstract Map<String, ParameterAndGradient> gradients(AdaptedModel adapted, String network);

    /** The modules to be tried, each with those that are adapted alike or not at all; of several equal layers one will do. */
    protected List<List<String>> slots(String network) {
        return model(network).modules().stream()
                .map(module -> List.of(module.path()))
                .toList();
    }

    /** Says that values of parameters were changed by hand. */
    protected void changed(AdaptedModel adapted) {}

    /** Every method with small settings, and every start that A and B may have. */
    private static final Map<String, Supplier<AdapterConfig.Builder<?>>> METHODS =
            new LinkedHashMap<>(AdapterMethodContract.methods());

    static {
        for (Initialization start : Initialization.values()) {
            METHODS.put("LoRA, " + start, () -> LoraConfig.builder().rank(2).initialization(start));
        }
        METHODS.put("LoRA with a bias on B", () -> LoraConfig.builder().rank(2).loraBias(true));
        METHODS.put("FourierFT", () -> FourierFtConfig.builder().frequencies(3));
        METHODS.put("PVeRA", () -> PveraConfig.builder().rank(2));
        METHODS.put("VB-LoRA", () -> VbLoraConfig.builder().rank(2));
    }

    /** A config of a method for modules; empty if no config can say that. */
    private static Optional<AdapterConfig> config(String method, String... modules) {
        AdapterConfig.Builder<?> builder = METHODS.get(method).get().targetModules(modules);
        if (builder instanceof Ia3Config.Builder ia3) {
            ia3.feedforwardModules(method.contains("feed") ? modules : new String[0]);
        }
        try {
            return Optional.of(builder.build());
        } catch (IllegalArgumentException noStartOfThisMethod) {
            return Optional.empty();
        }
    }

    private AdaptedModel adapted(String network, AdapterConfig config) {
        AdaptedModel model = model(network);
        model.addAdapter("default", config, 1);
        model.activate("default");
        return model;
    }

    /** Each method in one module of each network, another one for the next method, and in all of them together. */
    @ParameterizedTest
    @MethodSource("networks")
    void everyMethod_learnsAndMerges_orIsRefusedByName(String network) {
        List<List<String>> slots = slots(network);
        List<String> all = slots.stream().flatMap(List::stream).toList();
        int turn = 0;
        for (String method : METHODS.keySet()) {
            for (List<String> slot : slots.size() == 1 ? slots : List.of(slots.get(turn++ % slots.size()), all)) {
                config(method, slot.toArray(String[]::new))
                        .ifPresent(config -> isAccepted(network, method, slot, config));
            }
        }
    }

    @Tag("thorough")
    @ParameterizedTest
    @MethodSource("networks")
    void everyMethodInEveryModule_learnsAndMerges_orIsRefusedByName(String network) {
        Map<String, List<String>> accepted = new LinkedHashMap<>();
        for (String method : METHODS.keySet()) {
            for (List<String> slot : slots(network)) {
                Optional<AdapterConfig> config = config(method, slot.toArray(String[]::new));
                if (config.isPresent() && isAccepted(network, method, slot, config.get())) {
                    accepted.computeIfAbsent(method, name -> new ArrayList<>()).addAll(slot);
                }
            }
        }
        assertThat(accepted.get("LoRA"))
                .containsExactlyElementsOf(
                        slots(network).stream().flatMap(List::stream).toList());
        // Several modules may share an array: a bias that both add to.
        accepted.forEach((method, modules) -> {
            if (modules.size() > 1) {
                String where = method + " in all of " + modules;
                AdapterConfig config =
                        config(method, modules.toArray(String[]::new)).orElseThrow();
                learnsAndMerges(network, where, adapted(network, config));
            }
        });
    }

    private boolean isAccepted(String network, String method, List<String> slot, AdapterConfig config) {
        String where = method + " in " + slot;
        AdaptedModel model;
        try {
            model = adapted(network, config);
        } catch (IllegalArgumentException refused) {
            String name = method.replaceAll("[ ,].*", "");
            String start = method.replaceAll(".*, ", "");
            boolean neverTrained = refused.getMessage().startsWith("training of adapter");
            assertThat(neverTrained
                            || slot.stream()
                                    .anyMatch(module -> refused.getMessage().contains("\"" + module)))
                    .as(where + " names the module: " + refused.getMessage())
                    .isTrue();
            assertThat(refused.getMessage().toLowerCase(Locale.ROOT))
                    .as(where)
                    .containsAnyOf(name.toLowerCase(Locale.ROOT), start.toLowerCase(Locale.ROOT));
            return false;
        }
        learnsAndMerges(network, where, model);
        return true;
    }

    private void learnsAndMerges(String network, String where, AdaptedModel model) {
        Map<String, double[]> before = values(model);

        for (int step = 0; step < 2; step++) {
            gradients(model, network)
                    .values()
                    .forEach(both -> both.value().subi(both.gradient().mul(RATE)));
            changed(model);
        }

        values(model)
                .forEach((factor, now) ->
                        assertThat(now).as(where + ", " + factor).isNotEqualTo(before.get(factor)));
        double[] attached = output(model, network);
        try {
            model.merge();
        } catch (IllegalStateException refused) {
            assertThat(refused.getMessage()).as(where).startsWith("merge, modules ");
            return;
        }
        double largest = Arrays.stream(attached).map(Math::abs).max().orElse(0);
        assertThat(output(model, network)).as(where).containsExactly(attached, offset(ROUNDING * Math.max(1, largest)));
        model.unmerge();
        assertThat(output(model, network)).as(where).isEqualTo(attached);
    }

    private static Map<String, double[]> values(AdaptedModel model) {
        Map<String, double[]> values = new TreeMap<>();
        Adapter adapter = model.adapter("default");
        adapter.modules()
                .forEach((path, factors) -> factors.forEach((suffix, array) -> {
                    if (!AdapterMethods.of(adapter.config(), path).traits().is(suffix, FactorTrait.FIXED)) {
                        values.put(path + "." + suffix, array.dup('c').data().asDouble());
                    }
                }));
        return values;
    }
}
