/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.format.peft;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.config.Scaling;
import org.lora4j.config.TrainableTokens;
import org.lora4j.error.Problems;

/** Turns the honored fields of a config file into a {@link LoraConfig}; a missing field or null means PEFT's default. */
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

    private final ObjectNode root;
    private final Problems problems;
    private final LoraConfig.Builder builder = LoraConfig.builder();
    private String unsupportedStart;

    PeftConfigReader(ObjectNode root, Problems problems) {
        this.root = root;
        this.problems = problems;
    }

    /** The config, or null if anything was added to the problems. */
    LoraConfig read(boolean ignoreStart) {
        read("r", PeftConfigReader::isInt, "an integer", value -> builder.rank(value.intValue()));
        read("lora_alpha", JsonNode::isNumber, "a number", value -> builder.alpha(value.doubleValue()));
        read("lora_dropout", JsonNode::isNumber, "a number", value -> builder.dropout(value.doubleValue()));
        read(
                "target_modules",
                PeftConfigReader::isSelector,
                "names or an expression",
                value -> builder.targetModules(selector(value, true)));
        read(
                "exclude_modules",
                PeftConfigReader::isSelector,
                "names or an expression",
                value -> builder.excludeModules(selector(value, false)));
        read(
                "layers_to_transform",
                PeftConfigReader::isLayers,
                "an integer or a list of integers",
                value -> builder.layersToTransform(list(value, JsonNode::intValue)));
        read(
                "layers_pattern",
                PeftConfigReader::isSelector,
                "a name or a list of names",
                value -> builder.layersPattern(names(value)));
        read(
                "rank_pattern",
                value -> isMapOf(value, PeftConfigReader::isInt),
                "integers by expression",
                value -> builder.rankPattern(map(value, JsonNode::intValue)));
        read(
                "alpha_pattern",
                value -> isMapOf(value, JsonNode::isNumber),
                "numbers by expression",
                value -> builder.alphaPattern(map(value, JsonNode::doubleValue)));
        read(
                "use_rslora",
                JsonNode::isBoolean,
                "true or false",
                value -> builder.scalingRule(value.booleanValue() ? Scaling.RANK_STABILIZED : Scaling.STANDARD));
        read(
                "bias",
                value -> bias(value).isPresent(),
                "none, all or lora_only",
                value -> builder.bias(bias(value).orElseThrow()));
        read(
                "modules_to_save",
                PeftConfigReader::isNames,
                "a list of names",
                value -> builder.modulesToSave(names(value)));
        read(
                "fan_in_fan_out",
                JsonNode::isBoolean,
                "true or false",
                value -> builder.fanInFanOut(value.booleanValue()));
        read("use_dora", JsonNode::isBoolean, "true or false", value -> builder.dora(value.booleanValue()));
        read("lora_bias", JsonNode::isBoolean, "true or false", value -> builder.loraBias(value.booleanValue()));
        read(
                "target_parameters",
                PeftConfigReader::isNames,
                "a list of names",
                value -> builder.targetParameters(names(value)));
        read(
                "trainable_token_indices",
                value -> isTokens(value) || isMapOf(value, PeftConfigReader::isTokens),
                "a list of token ids, or lists by module",
                value -> builder.trainableTokens(tokens(value)));
        read("inference_mode", JsonNode::isBoolean, "true or false", value -> {});
        read(
                "base_model_name_or_path",
                JsonNode::isTextual,
                "a text",
                value -> builder.baseModelName(value.textValue()));
        read("task_type", JsonNode::isTextual, "a text", value -> builder.taskType(value.textValue()));
        if (!ignoreStart) {
            read(
                    "init_lora_weights",
                    value -> value.isBoolean() || value.isTextual(),
                    "true, false or a name",
                    this::readStart);
        }
        return build();
    }

    /** A start value whose saved adapters apply to a changed base, if the file names one. */
    Optional<String> unsupportedStart() {
        return Optional.ofNullable(unsupportedStart);
    }

    private void read(String name, Predicate<JsonNode> allowed, String expected, Consumer<JsonNode> use) {
        JsonNode value = root.get(name);
        if (value == null || value.isNull()) {
            return;
        }
        if (allowed.test(value)) {
            use.accept(value);
        } else {
            problems.add(name + " = " + value + ", expected " + expected);
        }
    }

    private void readStart(JsonNode value) {
        Stream.of(Initialization.values())
                .filter(start -> names(start, value))
                .findFirst()
                .ifPresentOrElse(
                        builder::initialization,
                        () -> unsupportedStart =
                                "init_lora_weights = " + value + " is not supported" + reason(value.asText()));
    }

    private static String reason(String start) {
        return UNSUPPORTED_STARTS.entrySet().stream()
                .filter(line -> start.toLowerCase(Locale.ROOT).startsWith(line.getKey()))
                .map(line -> ": " + line.getValue())
                .findFirst()
                .orElse("");
    }

    private static boolean names(Initialization start, JsonNode value) {
        boolean isFlag = start.peftName().equals("true") || start.peftName().equals("false");
        return isFlag == value.isBoolean()
                && start.peftName().equals(value.asText().toLowerCase(Locale.ROOT));
    }

    private LoraConfig build() {
        try {
            LoraConfig config = builder.build();
            return problems.isEmpty() ? config : null;
        } catch (IllegalArgumentException e) {
            problems.add(e.getMessage());
            return null;
        }
    }

    private static Optional<BiasTraining> bias(JsonNode value) {
        return Stream.of(BiasTraining.values())
                .filter(bias -> value.isTextual() && bias.peftName().equals(value.textValue()))
                .findFirst();
    }

    private static ModuleSelector selector(JsonNode value, boolean mayBeAllLinear) {
        if (value.isArray()) {
            return ModuleSelector.suffixes(names(value));
        }
        boolean all = mayBeAllLinear && value.textValue().equalsIgnoreCase(ModuleSelector.AllLinear.PEFT_NAME);
        return all ? ModuleSelector.allLinear() : ModuleSelector.regex(value.textValue());
    }

    private static boolean isSelector(JsonNode value) {
        return value.isTextual() || isNames(value);
    }

    private static boolean isNames(JsonNode value) {
        return value.isArray() && elements(value).allMatch(JsonNode::isTextual);
    }

    private static boolean isLayers(JsonNode value) {
        return value.isArray() ? elements(value).allMatch(PeftConfigReader::isInt) : isInt(value);
    }

    private static boolean isTokens(JsonNode value) {
        return value.isArray() && elements(value).allMatch(PeftConfigReader::isInt);
    }

    private static TrainableTokens tokens(JsonNode value) {
        return value.isArray()
                ? new TrainableTokens(list(value, JsonNode::intValue), Map.of())
                : TrainableTokens.of(map(value, ids -> list(ids, JsonNode::intValue)));
    }

    private static boolean isInt(JsonNode value) {
        return value.isIntegralNumber() && value.canConvertToInt();
    }

    private static boolean isMapOf(JsonNode value, Predicate<JsonNode> allowed) {
        return value.isObject() && elements(value).allMatch(allowed);
    }

    private static Stream<JsonNode> elements(JsonNode value) {
        return value.valueStream();
    }

    private static List<String> names(JsonNode value) {
        return list(value, JsonNode::textValue).stream()
                .filter(name -> value.isArray() || !name.isEmpty())
                .toList();
    }

    private static <T> List<T> list(JsonNode value, Function<JsonNode, T> element) {
        List<T> list = new ArrayList<>();
        if (value.isArray()) {
            value.forEach(item -> list.add(element.apply(item)));
        } else {
            list.add(element.apply(value));
        }
        return list;
    }

    private static <T> Map<String, T> map(JsonNode value, Function<JsonNode, T> element) {
        Map<String, T> map = new LinkedHashMap<>();
        value.properties().forEach(entry -> map.put(entry.getKey(), element.apply(entry.getValue())));
        return map;
    }
}
