/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.config.AdaLoraConfig;
import org.lora4j.config.BoftConfig;
import org.lora4j.config.C3aConfig;
import org.lora4j.config.DeloraConfig;
import org.lora4j.config.FourierFtConfig;
import org.lora4j.config.GraloraConfig;
import org.lora4j.config.HiraConfig;
import org.lora4j.config.HraConfig;
import org.lora4j.config.Ia3Config;
import org.lora4j.config.Initialization;
import org.lora4j.config.LnTuningConfig;
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

/**
 * The table of the methods of the library: the one place where each has its lines. What a name in a file or a config asks for, which
 * fields and tensors its files have, and what makes it in a saved network follows from here.
 */
final class MethodTable {

    static final List<MethodEntry<?>> LINES = List.of(
            lora(),
            MethodEntry.builder(Ia3Config.class, Ia3Config::builder)
                    .method((config, path) -> new Ia3Method(config.isFeedforward(path)))
                    .saved(Ia3Method.TRAITS, options -> new Ia3Method(false))
                    .saved(Ia3Method.OF_FEEDFORWARD, options -> new Ia3Method(true))
                    .build(),
            MethodEntry.builder(LohaConfig.class, LohaConfig::builder)
                    .method((config, path) -> new LohaMethod(config))
                    .saved(LohaMethod.TRAITS, options -> LohaMethod.saved(false, options))
                    .saved(LohaMethod.OF_WINDOWS, options -> LohaMethod.saved(true, options))
                    // Fields of releases behind the one whose fields are written; both change what an adapter computes.
                    .later("r2")
                    .later("use_khatri_rao")
                    .build(),
            MethodEntry.builder(LokrConfig.class, LokrConfig::builder)
                    .method(LokrMethod::new)
                    .saved(LokrMethod.TRAITS, LokrMethod::of)
                    .build(),
            MethodEntry.builder(MissConfig.class, MissConfig::builder)
                    .method((config, path) -> new MissMethod(config))
                    .saved(MissMethod.TRAITS, MissMethod::of)
                    .build(),
            MethodEntry.builder(HiraConfig.class, HiraConfig::builder)
                    .method((config, path) -> new HiraMethod())
                    .saved(HiraMethod.TRAITS, options -> new HiraMethod())
                    // PEFT has the field, and makes every module of rank r all the same.
                    .carried("rank_pattern", Map.of())
                    .build(),
            MethodEntry.builder(VeraConfig.class, VeraConfig::builder)
                    .method((config, path) ->
                            new VeraMethod(false, config.projectionKey(), config.initialD(), config.saveProjection()))
                    .saved(VeraMethod.TRAITS, options -> VeraMethod.of(false, options))
                    .build(),
            MethodEntry.builder(PveraConfig.class, PveraConfig::builder)
                    .method((config, path) ->
                            new VeraMethod(true, config.projectionKey(), config.initialD(), config.saveProjection()))
                    .saved(VeraMethod.PROBABILISTIC, options -> VeraMethod.of(true, options))
                    .carried("generator_seed", null)
                    .refused("sample_at_inference", false)
                    .build(),
            MethodEntry.builder(RandLoraConfig.class, RandLoraConfig::builder)
                    .method((config, path) -> new RandLoraMethod(
                            config.projectionKey(), config.sparse(), config.verySparse(), config.saveProjection()))
                    .saved(RandLoraMethod.TRAITS, RandLoraMethod::of)
                    .build(),
            MethodEntry.builder(LnTuningConfig.class, LnTuningConfig::builder).build(),
            // Saved networks know rows of tables as such. How rows started does not matter any more.
            MethodEntry.builder(TrainableTokensConfig.class, TrainableTokensConfig::builder)
                    .method((config, path) -> new TokenRowsMethod(config.tokenRows(path)))
                    .carried("init_weights", true)
                    .build(),
            // The places that the mask gave are in the file.
            MethodEntry.builder(ShiraConfig.class, ShiraConfig::builder)
                    .method((config, path) -> new ShiraMethod())
                    .saved(ShiraMethod.TRAITS, options -> new ShiraMethod())
                    .carried("mask_type", "random")
                    .carried("random_seed", null)
                    .build(),
            adaLora(),
            MethodEntry.builder(GraloraConfig.class, GraloraConfig::builder)
                    .method((config, path) -> new GraloraMethod(config))
                    .saved(GraloraMethod.TRAITS, GraloraMethod::of)
                    .build(),
            MethodEntry.builder(DeloraConfig.class, DeloraConfig::builder)
                    .method((config, path) -> new DeloraMethod(config.lambdaOf(path)))
                    .saved(DeloraMethod.TRAITS, options -> new DeloraMethod(options.number("lambda")))
                    .build(),
            MethodEntry.builder(C3aConfig.class, C3aConfig::builder)
                    .method((config, path) -> new C3aMethod(config.blockSizeOf(path)))
                    .saved(C3aMethod.TRAITS, options -> new C3aMethod(options.integer("block")))
                    .build(),
            MethodEntry.builder(RoadConfig.class, RoadConfig::builder)
                    .method((config, path) -> new RoadMethod(config.variant(), config.groupSize()))
                    .saved(RoadMethod.TRAITS, RoadMethod::saved)
                    .build(),
            MethodEntry.builder(OftConfig.class, OftConfig::builder)
                    .method((config, path) -> new OftMethod(config))
                    .saved(OftMethod.TRAITS, OftMethod::saved)
                    .build(),
            MethodEntry.builder(HraConfig.class, HraConfig::builder)
                    .method((config, path) -> new HraMethod(config.applyGs()))
                    .saved(HraMethod.TRAITS, HraMethod::saved)
                    .build(),
            MethodEntry.builder(BoftConfig.class, BoftConfig::builder)
                    .method((config, path) -> new BoftMethod(config))
                    .saved(BoftMethod.TRAITS, BoftMethod::saved)
                    .build(),
            MethodEntry.builder(FourierFtConfig.class, FourierFtConfig::builder)
                    .method((config, path) -> new FourierFtMethod())
                    .saved(FourierFtMethod.TRAITS, options -> new FourierFtMethod())
                    .refused("alpha", null)
                    .carried("random_loc_seed", 777)
                    .build(),
            MethodEntry.builder(VbLoraConfig.class, VbLoraConfig::builder)
                    .method((config, path) ->
                            new VbLoraMethod(config.vectors(), config.vectorLength(), config.top(), config.saveTop()))
                    .saved(VbLoraMethod.TRAITS, VbLoraMethod::of)
                    .carried("init_logits_std", 0.1)
                    .carried("init_vector_bank_bound", 0.02)
                    .build());

    private MethodTable() {}

    private static MethodEntry<LoraConfig> lora() {
        return MethodEntry.builder(LoraConfig.class, LoraConfig::builder)
                .method((config, path) -> lora(config))
                .saved(LoraMethod.WITH_BIAS, LoraMethod::saved)
                .saved(DoraMethod.TRAITS, options -> new DoraMethod())
                .saved(KasaMethod.TRAITS, options -> new KasaMethod())
                .stepRule((config, names, changed) ->
                        config.kasa() != null && config.kasa().hasPenalties()
                                ? Optional.of(new KasaRule(config.kasa(), names))
                                : Optional.empty())
                .refused("alora_invocation_tokens", null)
                .refused("arrow_config", null)
                // Only read by the start values they belong to, and those start values are refused themselves.
                .carried("corda_config", null)
                // Only tied embeddings take notice of it; with those it is refused.
                .carried("ensure_weight_tying", false)
                .carried("eva_config", null)
                .carried("loftq_config", Map.of())
                .carried("lora_ga_config", null)
                .refused("megatron_config", null)
                .carried("megatron_core", "megatron.core")
                .refused("monteclora_config", null)
                .carried("qalora_group_size", 16)
                .refused("use_bdlora", null)
                .refused("use_qalora", false)
                .refused("velora_config", null)
                .build();
    }

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

    /** PEFT inherits all fields of LoRA; those that are carried have no effect there. */
    private static MethodEntry<AdaLoraConfig> adaLora() {
        return MethodEntry.builder(AdaLoraConfig.class, AdaLoraConfig::builder)
                .method((config, path) -> new AdaLoraMethod(config.keptOf(path)))
                .saved(AdaLoraMethod.TRAITS, options -> new AdaLoraMethod(List.of()))
                .stepRule((config, names, changed) -> Optional.of(new AdaLoraRule(config, names, changed::accept)))
                .adaptedBiases("lora_only")
                .refused("alora_invocation_tokens", null)
                .carried("alpha_pattern", Map.of())
                .carried("arrow_config", null)
                .carried("corda_config", null)
                .carried("ensure_weight_tying", false)
                .carried("eva_config", null)
                .refused("kasa_config", null)
                .refused("layer_replication", null)
                .carried("loftq_config", Map.of())
                .carried("lora_bias", false)
                .carried("lora_ga_config", null)
                .refused("megatron_config", null)
                .carried("megatron_core", "megatron.core")
                .refused("monteclora_config", null)
                .carried("qalora_group_size", 16)
                .carried("r", 8)
                .refused("target_parameters", null)
                .refused("trainable_token_indices", null)
                .refused("use_bdlora", null)
                .refused("use_dora", false)
                .refused("use_qalora", false)
                .carried("use_rslora", false)
                .refused("velora_config", null)
                .build();
    }
}
