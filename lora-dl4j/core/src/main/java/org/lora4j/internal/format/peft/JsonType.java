/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.peft;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.FieldType;
import org.lora4j.config.Initialization;
import org.lora4j.config.KasaOptions;
import org.lora4j.config.LayerReplication;
import org.lora4j.config.MissVariant;
import org.lora4j.config.ModuleSelector;
import org.lora4j.config.RoadVariant;
import org.lora4j.config.Scaling;
import org.lora4j.config.TrainableTokens;

/**
 * How values of a type stand in a file.
 *
 * @param allowed which JSON can be read
 * @param expected what that is, in words
 * @param read reads it
 * @param write gives what JSON is made of
 * @param <V> the values
 */
record JsonType<V>(
        Predicate<JsonNode> allowed, String expected, Function<JsonNode, V> read, Function<V, Object> write) {

    private static final Map<FieldType<?>, JsonType<?>> TABLE = new HashMap<>();

    static {
        put(FieldType.RANK, JsonType::isInt, "an integer", JsonNode::intValue, value -> value);
        put(FieldType.FIRST_FACTOR, JsonType::isInt, "an integer", JsonNode::intValue, value -> value);
        put(FieldType.EVEN_SIZE, JsonType::isInt, "an integer", JsonNode::intValue, value -> value);
        put(
                FieldType.ROAD_VARIANT,
                value -> roads(value).findFirst().isPresent(),
                "road_1, road_2 or road_4",
                value -> roads(value).findFirst().orElseThrow(),
                RoadVariant::peftName);
        put(FieldType.RANK_OR_NONE, JsonType::isInt, "an integer", JsonNode::intValue, value -> value);
        put(FieldType.SEED, JsonType::isInt, "an integer", JsonNode::intValue, value -> value);
        put(FieldType.ALPHA, JsonNode::isNumber, "a number", JsonNode::doubleValue, JsonType::number);
        put(FieldType.DROPOUT, JsonNode::isNumber, "a number", JsonNode::doubleValue, value -> value);
        put(FieldType.DROPOUT_IN_FILE, JsonNode::isNumber, "a number", JsonNode::doubleValue, value -> value);
        put(FieldType.NUMBER, JsonNode::isNumber, "a number", JsonNode::doubleValue, value -> value);
        put(FieldType.FLAG, JsonNode::isBoolean, "true or false", JsonNode::booleanValue, value -> value);
        put(FieldType.TEXT, JsonNode::isTextual, "a text", JsonNode::textValue, value -> value);
        put(
                FieldType.SCALING,
                JsonNode::isBoolean,
                "true or false",
                value -> value.booleanValue() ? Scaling.RANK_STABILIZED : Scaling.STANDARD,
                rule -> rule == Scaling.RANK_STABILIZED);
        put(
                FieldType.MISS_VARIANT,
                value -> variants(value).findFirst().isPresent(),
                "true, false, bat or mini",
                value -> variants(value).findFirst().orElseThrow(),
                variant -> flagOrName(variant.peftName()));
        List.of(FieldType.START, FieldType.LOKR_START, FieldType.HIRA_START, FieldType.C3A_START)
                .forEach(type -> put(
                        type,
                        value -> value.isBoolean() || value.isTextual(),
                        "true, false or a name",
                        value -> Stream.of(Initialization.values())
                                .filter(start -> names(start.peftName(), value))
                                .findFirst()
                                .orElse(null),
                        JsonType::start));
        put(
                FieldType.DEFAULT_START,
                JsonNode::isBoolean,
                "true or false",
                value -> value.booleanValue() ? Initialization.KAIMING_UNIFORM : Initialization.RANDOM,
                JsonType::start);
        put(FieldType.NAMES, JsonType::isNames, "a list of names", JsonType::names, JsonType::orNull);
        put(
                FieldType.LAYERS,
                value -> value.isArray() ? values(value).allMatch(JsonType::isInt) : isInt(value),
                "an integer or a list of integers",
                value -> list(value, JsonNode::intValue),
                JsonType::orNull);
        put(
                FieldType.INDICES,
                JsonType::isInts,
                "a list of integers",
                value -> list(value, JsonNode::intValue),
                rows -> rows);
        put(
                FieldType.LAYER_LISTS,
                JsonType::isSelector,
                "a name or a list of names",
                JsonType::names,
                JsonType::orNull);
        put(
                FieldType.TARGETS,
                JsonType::isSelector,
                "names or an expression",
                value -> selector(value, true),
                selector -> selector(selector, List.of()));
        put(
                FieldType.MODULES,
                JsonType::isSelector,
                "names or an expression",
                value -> selector(value, false),
                selector -> selector(selector, null));
        put(
                FieldType.RANKS,
                value -> isMapOf(value, JsonType::isInt),
                "integers by expression",
                value -> map(value, JsonNode::intValue),
                ranks -> ranks);
        put(
                FieldType.ALPHAS,
                value -> isMapOf(value, JsonNode::isNumber),
                "numbers by expression",
                value -> map(value, JsonNode::doubleValue),
                JsonType::numbers);
        put(
                FieldType.KEPT,
                value -> isMapOf(value, list -> list.isArray() && values(list).allMatch(JsonNode::isBoolean)),
                "lists of true and false by name",
                value -> map(value, list -> list(list, JsonNode::booleanValue)),
                kept -> kept.isEmpty() ? null : kept);
        put(
                FieldType.TOKENS,
                value -> isInts(value) || isMapOf(value, JsonType::isInts),
                "a list of token ids, or lists by module",
                value -> value.isArray()
                        ? new TrainableTokens(list(value, JsonNode::intValue), Map.of())
                        : TrainableTokens.of(map(value, ids -> list(ids, JsonNode::intValue))),
                tokens -> tokens.byModule().isEmpty() ? orNull(tokens.ofInputEmbedding()) : tokens.byModule());
        put(
                FieldType.KASA,
                value -> isMapOf(value, JsonNode::isNumber)
                        && Set.of("beta", "gamma")
                                .containsAll(map(value, number -> number).keySet()),
                "beta and gamma as numbers",
                value -> {
                    KasaOptions initial = new KasaOptions();
                    Map<String, Double> numbers = map(value, JsonNode::doubleValue);
                    return new KasaOptions(
                            numbers.getOrDefault("beta", initial.beta()),
                            numbers.getOrDefault("gamma", initial.gamma()));
                },
                options -> options == null
                        ? null
                        : new TreeMap<>(Map.of("beta", options.beta(), "gamma", options.gamma())));
        put(
                FieldType.REPLICATION,
                value -> value.isArray() && values(value).allMatch(JsonType::isInts),
                "a list of ranges [from, to]",
                value -> new LayerReplication(list(value, range -> list(range, JsonNode::intValue))),
                layers -> orNull(layers.ranges()));
    }

    private static <V> void put(
            FieldType<V> type,
            Predicate<JsonNode> allowed,
            String expected,
            Function<JsonNode, V> read,
            Function<V, Object> write) {
        TABLE.put(type, new JsonType<>(allowed, expected, read, write));
    }

    /** How values of a type stand in a file of a method. */
    @SuppressWarnings("unchecked") // As put() puts them; BIAS is of BiasTraining.
    static <V> JsonType<V> of(FieldType<V> type, PeftMethod method) {
        return (JsonType<V>) (type == FieldType.BIAS ? biases(method.entry().adaptedBiases()) : TABLE.get(type));
    }

    /** Which biases learn; those of adapted modules alone by the method's own name. */
    private static JsonType<BiasTraining> biases(String only) {
        return new JsonType<>(
                value -> biases(value, only).findFirst().isPresent(),
                "none, all or " + only,
                value -> biases(value, only).findFirst().orElseThrow(),
                bias -> name(bias, only));
    }

    private static Stream<RoadVariant> roads(JsonNode value) {
        return Stream.of(RoadVariant.values())
                .filter(variant -> value.isTextual() && variant.peftName().equals(value.textValue()));
    }

    private static Stream<BiasTraining> biases(JsonNode value, String only) {
        return Stream.of(BiasTraining.values())
                .filter(bias -> value.isTextual() && name(bias, only).equals(value.textValue()));
    }

    private static String name(BiasTraining bias, String only) {
        return bias == BiasTraining.ADAPTED_ONLY ? only : bias.peftName();
    }

    private static Stream<MissVariant> variants(JsonNode value) {
        return Stream.of(MissVariant.values()).filter(variant -> names(variant.peftName(), value));
    }

    /** Whether a value is a flag or a name, written as text. */
    private static boolean names(String written, JsonNode value) {
        return value.isTextual() == flagOrName(written) instanceof String
                && written.equals(value.asText().toLowerCase(Locale.ROOT));
    }

    private static Object start(Initialization initialization) {
        return flagOrName(initialization.peftName());
    }

    private static Object flagOrName(String written) {
        return written.equals("true") || written.equals("false") ? (Object) Boolean.valueOf(written) : written;
    }

    private static ModuleSelector selector(JsonNode value, boolean mayBeAllLinear) {
        if (value.isArray()) {
            return ModuleSelector.suffixes(names(value));
        }
        boolean all = mayBeAllLinear && value.textValue().equalsIgnoreCase(ModuleSelector.AllLinear.PEFT_NAME);
        return all ? ModuleSelector.allLinear() : ModuleSelector.regex(value.textValue());
    }

    private static Object selector(ModuleSelector selector, Object none) {
        if (selector instanceof ModuleSelector.Suffixes suffixes) {
            return suffixes.names().stream().sorted().toList();
        }
        if (selector instanceof ModuleSelector.Regex regex) {
            return regex.expression();
        }
        return selector instanceof ModuleSelector.AllLinear ? ModuleSelector.AllLinear.PEFT_NAME : none;
    }

    private static boolean isSelector(JsonNode value) {
        return value.isTextual() || isNames(value);
    }

    private static boolean isNames(JsonNode value) {
        return value.isArray() && values(value).allMatch(JsonNode::isTextual);
    }

    private static boolean isInts(JsonNode value) {
        return value.isArray() && values(value).allMatch(JsonType::isInt);
    }

    private static boolean isInt(JsonNode value) {
        return value.isIntegralNumber() && value.canConvertToInt();
    }

    private static boolean isMapOf(JsonNode value, Predicate<JsonNode> allowed) {
        return value.isObject() && values(value).allMatch(allowed);
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

    private static List<?> orNull(List<?> list) {
        return list.isEmpty() ? null : list;
    }

    private static Map<String, Object> numbers(Map<String, Double> values) {
        Map<String, Object> numbers = new LinkedHashMap<>();
        values.forEach((key, value) -> numbers.put(key, number(value)));
        return numbers;
    }

    /** PEFT declares alphas as integers; a fraction is written only where there is one. */
    private static Object number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1L << 53 ? (Object) (long) value : (Object) value;
    }

    /** The values of an array or an object; {@code valueStream} of newer versions of Jackson is not there on clusters of Spark. */
    static Stream<JsonNode> values(JsonNode node) {
        return StreamSupport.stream(node.spliterator(), false);
    }
}
