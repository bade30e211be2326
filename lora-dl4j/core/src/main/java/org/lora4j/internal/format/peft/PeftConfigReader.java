/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.peft;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.FieldType;
import org.lora4j.config.FieldType.Field;
import org.lora4j.error.Problems;

/** Turns the honored fields of a config file into a {@link AdapterConfig}; a missing field or null means PEFT's default. */
final class PeftConfigReader {

    /** Why the base that such an adapter belongs to cannot be had from the file, by the beginning of PEFT's name. */
    private static final Map<String, String> UNSUPPORTED_STARTS = Map.of(
            "pissa_niter",
            "the adapter belongs to a base changed by a randomized decomposition, which cannot be repeated; convert it"
                    + " in PEFT with path_initial_model_for_weight_conversion",
            "corda",
            "the adapter belongs to a base changed with data that the file does not hold; convert it in PEFT",
            "lora_ga",
            "the adapter belongs to a base changed with data that the file does not hold; convert it in PEFT",
            "loftq",
            "the adapter belongs to a quantized base");

    private final PeftMethod method;
    private final ObjectNode root;
    private final Problems problems;
    private String unsupportedStart;

    PeftConfigReader(PeftMethod method, ObjectNode root, Problems problems) {
        this.method = method;
        this.root = root;
        this.problems = problems;
    }

    /** The config, or null if anything was added to the problems. */
    AdapterConfig read(boolean ignoreStart) {
        AdapterConfig.Builder<?> builder = method.entry().newConfig();
        for (Field<?> field : builder.fields()) {
            if (!ignoreStart || field.type() != FieldType.START) {
                read(builder, field);
            }
        }
        JsonNode mode = root.get("inference_mode");
        problems.check(
                mode == null || mode.isNull() || mode.isBoolean(),
                "inference_mode = " + mode + ", expected true or false");
        return build(builder);
    }

    private <V> void read(AdapterConfig.Builder<?> builder, Field<V> field) {
        JsonNode value = root.get(field.peftName());
        if (value == null || value.isNull()) {
            return;
        }
        JsonType<V> type = JsonType.of(field.type(), method);
        if (!type.allowed().test(value)) {
            problems.add(field.peftName() + " = " + value + ", expected " + type.expected());
            return;
        }
        V read = type.read().apply(value);
        if (read == null) {
            unsupportedStart = field.peftName() + " = " + value + " is not supported" + reason(value.asText());
        } else {
            builder.set(field, read);
        }
    }

    /** A start value whose saved adapters apply to a changed base, if the file names one. */
    Optional<String> unsupportedStart() {
        return Optional.ofNullable(unsupportedStart);
    }

    private static String reason(String start) {
        return UNSUPPORTED_STARTS.entrySet().stream()
                .filter(line -> start.toLowerCase(Locale.ROOT).startsWith(line.getKey()))
                .map(line -> ": " + line.getValue())
                .findFirst()
                .orElse("");
    }

    private AdapterConfig build(AdapterConfig.Builder<?> builder) {
        try {
            AdapterConfig config = builder.build();
            return problems.isEmpty() ? config : null;
        } catch (IllegalArgumentException e) {
            problems.add(e.getMessage());
            return null;
        }
    }
}
