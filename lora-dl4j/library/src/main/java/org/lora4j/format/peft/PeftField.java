/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.format.peft;

import java.util.List;
import java.util.Map;

/**
 * A field of {@code adapter_config.json} and what it means to us. {@link #ALL} is the table of every field that PEFT's
 * {@code LoraConfig} writes.
 *
 * @param name PEFT's name
 * @param treatment what reading does with it
 * @param initial the value written if nothing else is known, PEFT's own default; null for JSON's null
 */
record PeftField(String name, Treatment treatment, Object initial) {

    enum Treatment {
        /** Part of {@code LoraConfig}, or checked when read. */
        HONORED,
        /** Has no effect on what an adapter computes; kept as it is for writing back. */
        CARRIED,
        /** Would change what an adapter computes; only values that switch it off are accepted. */
        REFUSED
    }

    static final List<PeftField> ALL = List.of(
            refused("alora_invocation_tokens", null),
            honored("alpha_pattern"),
            refused("arrow_config", null),
            carried("auto_mapping", null),
            honored("base_model_name_or_path"),
            honored("bias"),
            // Only read by the start values they belong to, and those start values are refused themselves.
            carried("corda_config", null),
            // Only tied embeddings take notice of it; with those it is refused.
            carried("ensure_weight_tying", false),
            carried("eva_config", null),
            honored("exclude_modules"),
            honored("fan_in_fan_out"),
            honored("inference_mode"),
            honored("init_lora_weights"),
            refused("kasa_config", null),
            refused("layer_replication", null),
            honored("layers_pattern"),
            honored("layers_to_transform"),
            carried("loftq_config", Map.of()),
            honored("lora_alpha"),
            honored("lora_bias"),
            honored("lora_dropout"),
            carried("lora_ga_config", null),
            refused("megatron_config", null),
            carried("megatron_core", "megatron.core"),
            honored("modules_to_save"),
            refused("monteclora_config", null),
            honored("peft_type"),
            // The release whose fields are written; PEFT names it when it meets a field that it does not know.
            carried("peft_version", "0.20.1.dev0"),
            carried("qalora_group_size", 16),
            honored("r"),
            honored("rank_pattern"),
            carried("revision", null),
            honored("target_modules"),
            honored("target_parameters"),
            honored("task_type"),
            honored("trainable_token_indices"),
            refused("use_bdlora", null),
            honored("use_dora"),
            refused("use_qalora", false),
            honored("use_rslora"),
            refused("velora_config", null));

    private static PeftField honored(String name) {
        return new PeftField(name, Treatment.HONORED, null);
    }

    private static PeftField carried(String name, Object initial) {
        return new PeftField(name, Treatment.CARRIED, initial);
    }

    private static PeftField refused(String name, Object initial) {
        return new PeftField(name, Treatment.REFUSED, initial);
    }
}
