/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.methods;

import java.util.List;
import java.util.function.IntFunction;
import org.lora4j.config.AdaLoraConfig;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.BoftConfig;
import org.lora4j.config.C3aConfig;
import org.lora4j.config.DeloraConfig;
import org.lora4j.config.GraloraConfig;
import org.lora4j.config.HiraConfig;
import org.lora4j.config.HraConfig;
import org.lora4j.config.Ia3Config;
import org.lora4j.config.LnTuningConfig;
import org.lora4j.config.LohaConfig;
import org.lora4j.config.LokrConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.MissConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.config.OftConfig;
import org.lora4j.config.RandLoraConfig;
import org.lora4j.config.RoadConfig;
import org.lora4j.config.ShiraConfig;
import org.lora4j.config.VeraConfig;

/**
 * A method with the settings that one would try first.
 *
 * @param name what tables call it
 * @param config starts a config of it for a training of so many steps
 * @param targets the modules that it adapts
 * @param rate a learning rate to begin with; {@code -Dexample.full} searches one
 */
public record MethodChoice(
        String name, IntFunction<AdapterConfig.Builder<?>> config, ModuleSelector targets, double rate) {

    private static final int RANK = 8;
    private static final int TENTH = 10;

    /** All that are compared; LoRA first. */
    public static final List<MethodChoice> ALL = List.of(
            linear("LoRA", 1e-3, steps -> LoraConfig.builder().rank(RANK).alpha(2 * RANK)),
            linear(
                    "DoRA",
                    1e-3,
                    steps -> LoraConfig.builder().rank(RANK).alpha(2 * RANK).dora(true)),
            linear("AdaLoRA", 3e-3, MethodChoice::adaLora),
            linear("IA3", 1e-2, steps -> Ia3Config.builder()),
            new MethodChoice(
                    "LN tuning", steps -> LnTuningConfig.builder(), ModuleSelector.suffixes("LayerNorm"), 3e-3),
            linear("VeRA", 1e-2, steps -> VeraConfig.builder().rank(64)),
            linear("RandLoRA", 1e-3, steps -> RandLoraConfig.builder().rank(32)),
            linear("LoHa", 3e-3, steps -> LohaConfig.builder().rank(RANK / 2).alpha(RANK)),
            linear("LoKr", 3e-3, steps -> LokrConfig.builder().rank(RANK).alpha(2 * RANK)),
            linear("MiSS", 1e-3, steps -> MissConfig.builder().rank(2 * RANK)),
            linear("HiRA", 3e-3, steps -> HiraConfig.builder().rank(RANK)),
            linear("SHiRA", 1e-3, steps -> ShiraConfig.builder().rank(RANK)),
            linear("GraLoRA", 1e-3, steps -> GraloraConfig.builder().rank(RANK).alpha(2 * RANK)),
            linear("DeLoRA", 3e-3, steps -> DeloraConfig.builder().rank(RANK)),
            linear("C3A", 1e-2, steps -> C3aConfig.builder().blockSize(128)),
            linear("RoAD", 1e-2, steps -> RoadConfig.builder()),
            linear("OFT", 1e-3, steps -> OftConfig.builder().blockSize(32)),
            linear("HRA", 1e-3, steps -> HraConfig.builder().rank(RANK)),
            linear("BOFT", 1e-2, steps -> BoftConfig.builder().blockSize(RANK)));

    private static MethodChoice linear(String name, double rate, IntFunction<AdapterConfig.Builder<?>> config) {
        return new MethodChoice(name, config, ModuleSelector.allLinear(), rate);
    }

    /** Ranks are taken away between a tenth and a half of the steps. */
    private static AdapterConfig.Builder<?> adaLora(int steps) {
        return AdaLoraConfig.builder()
                .initialRank(RANK + RANK / 2)
                .targetRank(RANK)
                .alpha(2 * RANK)
                .totalSteps(steps)
                .schedule(steps / TENTH, steps / 2, Math.max(1, steps / (TENTH * TENTH)));
    }

    /**
     * The config for a training.
     *
     * @param steps how many steps it has
     * @return a builder with targets
     */
    public AdapterConfig.Builder<?> forSteps(int steps) {
        return config.apply(steps).targetModules(targets);
    }

    @Override
    public String toString() {
        return name;
    }
}
