/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import java.util.List;
import java.util.Set;

/** The keys of {@code io.safetensors} that some check reads. */
final class IoKeys {

    private static final Set<String> WHOLE = Set.of(
            "x",
            "ids",
            "mask",
            "target",
            "losses",
            "loss",
            "loss_once",
            "y_base",
            "y_adapter",
            "y_adapter_once",
            "y_merged",
            "y_merged_once",
            "y_converted",
            "y_init",
            "vera_A",
            "vera_B");

    private static final List<String> PREFIXES = List.of(
            "merged.",
            "merged_once.",
            "grad.",
            "grad_once.",
            "init.",
            "trained.",
            "resid.",
            "start.",
            "step",
            "indices.",
            "grad0.",
            // Gradients of later steps, and values before an allocation: those after it are compared.
            "grad1.",
            "grad2.",
            "opt",
            "y.",
            "delta.",
            "singular_values.",
            "converted_delta.",
            "mask.",
            // The data that EVA saw: its start values are not ours.
            "eva.batch.");

    private IoKeys() {}

    static boolean isKnown(String key) {
        return WHOLE.contains(key) || PREFIXES.stream().anyMatch(key::startsWith);
    }
}
