/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.peft;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
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
 * The table of methods whose files are read and written: for each its config, whose fields are honored, and what becomes of
 * the other fields that PEFT has.
 *
 * @param type PEFT's name
 * @param builder starts a config
 * @param fields every field of PEFT's config, in alphabetical order
 */
record PeftMethod(String type, Supplier<? extends AdapterConfig.Builder<?>> builder, List<PeftField> fields) {

    static final List<PeftMethod> ALL = List.of(
            of(
                    "LORA",
                    LoraConfig::builder,
                    PeftField.refused("alora_invocation_tokens", null),
                    PeftField.refused("arrow_config", null),
                    // Only read by the start values they belong to, and those start values are refused themselves.
                    PeftField.carried("corda_config", null),
                    // Only tied embeddings take notice of it; with those it is refused.
                    PeftField.carried("ensure_weight_tying", false),
                    PeftField.carried("eva_config", null),
                    PeftField.carried("loftq_config", Map.of()),
                    PeftField.carried("lora_ga_config", null),
                    PeftField.refused("megatron_config", null),
                    PeftField.carried("megatron_core", "megatron.core"),
                    PeftField.refused("monteclora_config", null),
                    PeftField.carried("qalora_group_size", 16),
                    PeftField.refused("use_bdlora", null),
                    PeftField.refused("use_qalora", false),
                    PeftField.refused("velora_config", null)),
            of("IA3", Ia3Config::builder),
            // Fields of releases behind the one whose fields are written; both change what an adapter computes.
            of("LOHA", LohaConfig::builder, PeftField.later("r2"), PeftField.later("use_khatri_rao")),
            of("LOKR", LokrConfig::builder),
            of("MISS", MissConfig::builder),
            // PEFT has the field, and makes every module of rank r all the same.
            of("HIRA", HiraConfig::builder, PeftField.carried("rank_pattern", Map.of())),
            of("VERA", VeraConfig::builder),
            of(
                    "PVERA",
                    PveraConfig::builder,
                    PeftField.carried("generator_seed", null),
                    PeftField.refused("sample_at_inference", false)),
            of("RANDLORA", RandLoraConfig::builder),
            of("LN_TUNING", LnTuningConfig::builder),
            // How rows started does not matter any more.
            of("TRAINABLE_TOKENS", TrainableTokensConfig::builder, PeftField.carried("init_weights", true)),
            // The places that the mask gave are in the file.
            of(
                    "SHIRA",
                    ShiraConfig::builder,
                    PeftField.carried("mask_type", "random"),
                    PeftField.carried("random_seed", null)),
            // PEFT inherits all fields of LoRA; those that are carried have no effect there.
            of(
                    "ADALORA",
                    AdaLoraConfig::builder,
                    PeftField.refused("alora_invocation_tokens", null),
                    PeftField.carried("alpha_pattern", Map.of()),
                    PeftField.carried("arrow_config", null),
                    PeftField.carried("corda_config", null),
                    PeftField.carried("ensure_weight_tying", false),
                    PeftField.carried("eva_config", null),
                    PeftField.refused("kasa_config", null),
                    PeftField.refused("layer_replication", null),
                    PeftField.carried("loftq_config", Map.of()),
                    PeftField.carried("lora_bias", false),
                    PeftField.carried("lora_ga_config", null),
                    PeftField.refused("megatron_config", null),
                    PeftField.carried("megatron_core", "megatron.core"),
                    PeftField.refused("monteclora_config", null),
                    PeftField.carried("qalora_group_size", 16),
                    PeftField.carried("r", 8),
                    PeftField.refused("target_parameters", null),
                    PeftField.refused("trainable_token_indices", null),
                    PeftField.refused("use_bdlora", null),
                    PeftField.refused("use_dora", false),
                    PeftField.refused("use_qalora", false),
                    PeftField.carried("use_rslora", false),
                    PeftField.refused("velora_config", null)),
            of("GRALORA", GraloraConfig::builder),
            of("DELORA", DeloraConfig::builder),
            of("C3A", C3aConfig::builder),
            of("ROAD", RoadConfig::builder),
            of("OFT", OftConfig::builder),
            of("HRA", HraConfig::builder),
            of("BOFT", BoftConfig::builder),
            of(
                    "FOURIERFT",
                    FourierFtConfig::builder,
                    PeftField.refused("alpha", null),
                    PeftField.carried("random_loc_seed", 777)),
            of(
                    "VBLORA",
                    VbLoraConfig::builder,
                    PeftField.carried("init_logits_std", 0.1),
                    PeftField.carried("init_vector_bank_bound", 0.02)));

    private static PeftMethod of(
            String type, Supplier<? extends AdapterConfig.Builder<?>> builder, PeftField... others) {
        List<PeftField> fields = new ArrayList<>(List.of(others));
        builder.get().fields().forEach(field -> fields.add(PeftField.honored(field.peftName())));
        fields.add(PeftField.honored("inference_mode"));
        fields.add(PeftField.honored("peft_type"));
        fields.add(PeftField.carried("auto_mapping", null));
        fields.add(PeftField.carried("revision", null));
        // The release whose fields are written; PEFT names it when it meets a field that it does not know.
        fields.add(PeftField.carried("peft_version", "0.20.1.dev0"));
        fields.sort(Comparator.comparing(PeftField::name));
        return new PeftMethod(type, builder, List.copyOf(fields));
    }

    static Optional<PeftMethod> of(String type) {
        return ALL.stream().filter(method -> method.type().equals(type)).findFirst();
    }

    static PeftMethod of(AdapterConfig config) {
        return of(config.peftType())
                .orElseThrow(() -> new IllegalArgumentException("method " + config.peftType()
                        + ": files of it are not known; expected one of " + names() + ". Use one of these."));
    }

    /** What the method's files call the training of the biases of adapted modules. */
    String adaptedBiases() {
        return (type.equals("ADALORA") ? "LORA" : type).toLowerCase(Locale.ROOT) + "_only";
    }

    /** PEFT's names of all methods, quoted. */
    static String names() {
        return ALL.stream().map(method -> "\"" + method.type() + "\"").collect(Collectors.joining(", "));
    }

    Optional<PeftField> field(String name) {
        return fields.stream().filter(field -> field.name().equals(name)).findFirst();
    }
}
