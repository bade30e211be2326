/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.lora4j.integration.peft.cases.GoldenCase;

/** Which cases have to be supported: for the others, a refusal by name is an answer. */
final class Requirements {

    private static final Set<String> WHOLE_FAMILIES = Set.of(
            "lora-linear",
            "lora-bert",
            "lora-llama",
            "lora-mha",
            "lora-embedding",
            "lora-conv",
            "lora-gpt2",
            "lora-target-parameters",
            "storage",
            "config",
            "multi",
            "combine",
            "malformed",
            "dora",
            "ia3",
            "loha",
            "lokr",
            "miss",
            "hira",
            "vera",
            "pvera",
            "randlora",
            "trainable-tokens",
            "ln-tuning",
            "shira",
            "adalora",
            "gralora",
            "delora",
            "c3a",
            "road",
            "oft",
            "hra",
            "boft",
            "fourierft",
            "vblora");

    private Requirements() {}

    static boolean include(GoldenCase golden) {
        if (WHOLE_FAMILIES.contains(golden.family())) {
            return true;
        }
        JsonNode config;
        try {
            Path file = golden.folderOf(golden.adapters().get(0)).resolve("adapter_config.json");
            if (!Files.exists(file)) {
                return true;
            }
            config = new ObjectMapper().readTree(file.toFile());
        } catch (IOException e) {
            return true;
        }
        String type = config.path("peft_type").asText();
        boolean lora = type.equals("LORA");
        return switch (golden.family()) {
            case "lora-conversion" ->
                Set.of("LORA", "LOHA", "HIRA", "LOKR", "MISS", "VERA", "SHIRA", "DELORA", "C3A")
                        .contains(type);
            case "lora-init", "lora-init-data" ->
                lora && !isBoundElsewhere(config.path("init_lora_weights").asText());
            case "train" ->
                Set.of(
                                        "LORA",
                                        "IA3",
                                        "LOHA",
                                        "LOKR",
                                        "MISS",
                                        "HIRA",
                                        "SHIRA",
                                        "GRALORA",
                                        "DELORA",
                                        "C3A",
                                        "VERA",
                                        "RANDLORA",
                                        "LN_TUNING",
                                        "TRAINABLE_TOKENS",
                                        "ROAD",
                                        "OFT",
                                        "HRA",
                                        "BOFT")
                                .contains(type)
                        && !config.path("use_dora").asBoolean()
                        && TrainingRecipe.isKnown(golden.about());
            case "other" -> Set.of("LORA", "MISS", "SHIRA", "RANDLORA").contains(type);
            default -> false;
        };
    }

    /** Whether an adapter belongs to a base that is in no file, drawn at random or quantized. */
    private static boolean isBoundElsewhere(String start) {
        return start.startsWith("pissa_niter") || start.equals("loftq");
    }
}
