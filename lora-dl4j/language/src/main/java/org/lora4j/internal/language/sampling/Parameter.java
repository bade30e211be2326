/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.sampling;

import java.math.BigInteger;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;

/**
 * What a generation may be told: one constant each, with the name that transformers has for it.
 *
 * @param <T> type of its values
 * @apiNote Status: internal
 */
public final class Parameter<T> {

    private static final Pattern UNDERSCORE = Pattern.compile("_(.)");

    private static final String FACTOR = "[1e-30, 1e30]";

    /** Texts of one prompt, each of which has a state of its own. */
    private static final int MOST_SEQUENCES = 10_000;

    /** As far as OpenAI's interface lets a bias go, which with any logits of a model is as good as never or always. */
    private static final double MOST_BIAS = 100;

    private static final String AT_LEAST_0 = "an integer, 0 or more";

    /** Whether tokens are drawn; the best one is taken if not. */
    public static final Parameter<Boolean> DO_SAMPLE = flag("do_sample", null);

    /** Divides positive and multiplies negative logits of tokens seen before. */
    public static final Parameter<Double> REPETITION_PENALTY =
            number("repetition_penalty", 1, Parameter::isFactor, FACTOR);

    /** What is taken from the logit of a token that came after the prompt; 0 is off. */
    public static final Parameter<Double> PRESENCE_PENALTY = penalty("presencePenalty");

    /** What is taken from the logit of a token for each time that it came after the prompt; 0 is off. */
    public static final Parameter<Double> FREQUENCY_PENALTY = penalty("frequencyPenalty");

    /** What is added to logits, by token. */
    public static final Parameter<Map<Integer, Double>> LOGIT_BIAS = new Parameter<>(
            null,
            "logitBias",
            Map.of(),
            value -> Optional.empty(),
            biases -> biases.entrySet().stream()
                    .allMatch(bias -> bias.getKey() >= 0 && Math.abs(bias.getValue()) <= MOST_BIAS),
            "ids of tokens, 0 or more, each with a number in [-100, 100]",
            false);

    /** The length of the runs of tokens that may not come twice; 0 is off. */
    public static final Parameter<Integer> NO_REPEAT_NGRAM_SIZE = count("no_repeat_ngram_size", 0, 0);

    /** How many tokens come before one that ends the text may. */
    public static final Parameter<Integer> MIN_NEW_TOKENS = count("min_new_tokens", 0, 0);

    /** Divides the logits. */
    public static final Parameter<Double> TEMPERATURE = number(
                    "temperature", 1, Parameter::isFactor, FACTOR + "; for the best token each time doSample(false)")
            .ofSampling();

    /** How many of the best tokens stay; 0 is off. */
    public static final Parameter<Integer> TOP_K = count("top_k", 0, 0).ofSampling();

    /** The probability that the best tokens reach together; 1 is off. */
    public static final Parameter<Double> TOP_P =
            number("top_p", 1, value -> value >= 0 && value <= 1, "[0, 1]").ofSampling();

    /** The share of the best token's probability that others must have; 0 is off. */
    public static final Parameter<Double> MIN_P =
            number("min_p", 0, value -> value >= 0 && value <= 1, "[0, 1]").ofSampling();

    /** The probability that the most typical tokens reach together; 1 is off. */
    public static final Parameter<Double> TYPICAL_P =
            number("typical_p", 1, value -> value > 0 && value <= 1, "(0, 1]").ofSampling();

    /** The least probability; 0 is off. */
    public static final Parameter<Double> EPSILON_CUTOFF = number(
                    "epsilon_cutoff", 0, value -> value >= 0 && value < 1, "[0, 1)")
            .ofSampling();

    /** The least probability where the next token is certain, lower where it is not; 0 is off. */
    public static final Parameter<Double> ETA_CUTOFF =
            number("eta_cutoff", 0, value -> value >= 0 && value < 1, "[0, 1)").ofSampling();

    /** Where the random numbers start; null if not said, and then each call draws one. */
    public static final Parameter<Long> SEED =
            new Parameter<>(null, "seed", null, value -> Optional.empty(), value -> true, "an integer", false);

    /** How many texts each prompt gets. */
    public static final Parameter<Integer> NUM_RETURN_SEQUENCES =
            count("num_return_sequences", 1, 1, MOST_SEQUENCES, "an integer, 1 to " + MOST_SEQUENCES);

    /** The most tokens after the prompt; null if not said. */
    public static final Parameter<Integer> MAX_NEW_TOKENS = count("max_new_tokens", null, 1);

    /** The most tokens with the prompt; null if not said. */
    public static final Parameter<Integer> MAX_LENGTH = count("max_length", null, 1);

    /** Tokens that end a text; null if not said, as the model knows its own. */
    public static final Parameter<List<Integer>> EOS_TOKEN_IDS = new Parameter<>(
            "eos_token_id",
            "eosTokenIds",
            null,
            value -> listOf(value, Parameter::integer),
            ids -> ids.stream().allMatch(id -> id != null && id >= 0),
            "ids of tokens, 0 or more",
            false);

    /** Texts before which a text is cut. */
    public static final Parameter<List<String>> STOP_STRINGS = new Parameter<>(
            "stop_strings",
            "stopStrings",
            List.of(),
            value -> listOf(value, Parameter::text),
            texts -> texts.stream().allMatch(text -> text != null && !text.isEmpty()),
            "texts of a character or more",
            false);

    /** Whether the probabilities of the tokens are wanted. */
    public static final Parameter<Boolean> LOG_PROBABILITIES =
            new Parameter<>(null, "logProbabilities", false, value -> Optional.empty(), value -> true, "", false);

    /** How many of the most probable tokens are wanted for each one, with their probabilities. */
    public static final Parameter<Integer> TOP_LOG_PROBABILITIES = new Parameter<>(
            null, "topLogProbabilities", 0, value -> Optional.empty(), value -> value >= 0, AT_LEAST_0, false);

    /** Whether the oldest tokens of a prompt that is too long are dropped. */
    public static final Parameter<Boolean> DROP_OLDEST =
            new Parameter<>(null, "dropOldest", false, value -> Optional.empty(), value -> true, "", false);

    /** All of them, those that change logits in the order in which they do. */
    static final List<Parameter<?>> ALL = List.of(
            DO_SAMPLE,
            LOGIT_BIAS,
            REPETITION_PENALTY,
            FREQUENCY_PENALTY,
            PRESENCE_PENALTY,
            NO_REPEAT_NGRAM_SIZE,
            MIN_NEW_TOKENS,
            TEMPERATURE,
            TOP_K,
            TOP_P,
            MIN_P,
            TYPICAL_P,
            EPSILON_CUTOFF,
            ETA_CUTOFF,
            SEED,
            NUM_RETURN_SEQUENCES,
            MAX_NEW_TOKENS,
            MAX_LENGTH,
            EOS_TOKEN_IDS,
            STOP_STRINGS,
            LOG_PROBABILITIES,
            TOP_LOG_PROBABILITIES,
            DROP_OLDEST);

    private final String key;
    private final String name;
    private final T initial;
    private final Function<Object, Optional<T>> reader;
    private final Predicate<T> allowed;
    private final String expected;
    private final boolean samplingOnly;

    private Parameter(
            String key,
            String name,
            T initial,
            Function<Object, Optional<T>> reader,
            Predicate<T> allowed,
            String expected,
            boolean samplingOnly) {
        this.key = key;
        this.name = name;
        this.initial = initial;
        this.reader = reader;
        this.allowed = allowed;
        this.expected = expected;
        this.samplingOnly = samplingOnly;
    }

    private static Parameter<Boolean> flag(String key, Boolean initial) {
        return new Parameter<>(
                key,
                camel(key),
                initial,
                value -> value instanceof Boolean flag ? Optional.of(flag) : Optional.empty(),
                value -> true,
                "true or false",
                false);
    }

    private static Parameter<Integer> count(String key, Integer initial, int least) {
        return count(key, initial, least, Integer.MAX_VALUE, "an integer, " + least + " or more");
    }

    private static Parameter<Integer> count(String key, Integer initial, int least, int most, String expected) {
        return new Parameter<>(
                key,
                camel(key),
                initial,
                Parameter::integer,
                value -> value >= least && value <= most,
                expected,
                false);
    }

    private static Parameter<Double> number(String key, double initial, Predicate<Double> allowed, String expected) {
        return new Parameter<>(
                key,
                camel(key),
                initial,
                value -> value instanceof Number number ? Optional.of(number.doubleValue()) : Optional.empty(),
                allowed,
                expected,
                false);
    }

    /** In the bounds of OpenAI's interface, from which it comes; no file of a model has it. */
    private static Parameter<Double> penalty(String name) {
        return new Parameter<>(
                null, name, 0.0, value -> Optional.empty(), value -> value >= -2 && value <= 2, "[-2, 2]", false);
    }

    private Parameter<T> ofSampling() {
        return new Parameter<>(key, name, initial, reader, allowed, expected, true);
    }

    /** In bounds between which no product or quotient with a logit of a model is infinite. */
    private static boolean isFactor(double value) {
        return value >= 1e-30 && value <= 1e30;
    }

    private static String camel(String key) {
        return UNDERSCORE.matcher(key).replaceAll(found -> found.group(1).toUpperCase(Locale.ROOT));
    }

    private static Optional<Integer> integer(Object value) {
        if (value instanceof Integer number) {
            return Optional.of(number);
        }
        // Other tools write 32000.0, or lengths that mean "without bound" and exceed an int.
        boolean whole = value instanceof Long
                || value instanceof BigInteger
                || value instanceof Double number && number == Math.rint(number);
        return whole ? Optional.of((int) ((Number) value).doubleValue()) : Optional.empty();
    }

    private static Optional<String> text(Object value) {
        return value instanceof String text ? Optional.of(text) : Optional.empty();
    }

    private static <V> Optional<List<V>> listOf(Object value, Function<Object, Optional<V>> reader) {
        List<?> all = value instanceof List<?> list ? list : List.of(value);
        List<V> read =
                all.stream().flatMap(entry -> reader.apply(entry).stream()).toList();
        return read.size() == all.size() ? Optional.of(read) : Optional.empty();
    }

    /** Its name in {@code generation_config.json}; null if it has none. */
    String key() {
        return key;
    }

    /** Its name in messages: that of the setter. */
    String name() {
        return name;
    }

    /** What it is if nobody says otherwise; null where a generation finds that out. */
    T initial() {
        return initial;
    }

    /** Whether it has an effect only where tokens are drawn. */
    boolean isOfSampling() {
        return samplingOnly;
    }

    boolean allows(T value) {
        return value == null || allowed.test(value);
    }

    void check(T value, Problems problems) {
        if (!allows(value)) {
            problems.add(problem(name, value));
        }
    }

    /** A value of JSON, which may be of any type; empty if of none that this can be. */
    Optional<T> read(Object json) {
        return reader.apply(json);
    }

    String problem(String where, Object value) {
        return where + " = " + MessageText.value(shown(value)) + ", expected " + expected;
    }

    /** Texts in quotes, so that an empty one is seen. */
    static Object shown(Object value) {
        return value instanceof List<?> list && list.stream().anyMatch(String.class::isInstance)
                ? "[" + Problems.quoted(list) + "]"
                : value;
    }

    @Override
    public String toString() {
        return name;
    }
}
