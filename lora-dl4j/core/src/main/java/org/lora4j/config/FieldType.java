/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * A type of values that fields of configs have: how such a value is checked and copied, and, in {@code format.peft}, how it
 * stands in a file.
 *
 * @param <V> the values
 * @apiNote Status: stable
 */
public final class FieldType<V> {

    /** A hundred times the width of a model. */
    private static final int LARGEST_SIZE = 1 << 24;

    /** A rank. */
    public static final FieldType<Integer> RANK = size(rank -> rank >= 1, "1 or more");

    /** How a size is split in two factors: the first one, or -1. */
    public static final FieldType<Integer> FIRST_FACTOR =
            size(factor -> factor == -1 || factor >= 1, "1 or more, or -1 for factors as equal as can be");

    /** How many numbers RoAD has for a pair of outputs. */
    public static final FieldType<RoadVariant> ROAD_VARIANT = of(variant -> true, "a RoadVariant");

    /** A size that is halved. */
    public static final FieldType<Integer> EVEN_SIZE =
            size(size -> size >= 2 && size % 2 == 0, "an even number, 2 or more");

    /** A rank that may be missing. */
    public static final FieldType<Integer> RANK_OR_NONE = size(rank -> rank >= 0, "0 or more");

    /** The seed of PyTorch's generator, or null. */
    public static final FieldType<Integer> SEED =
            new FieldType<>(UnaryOperator.identity(), (value, name) -> List.of(), value -> value);

    /** The numerator of a scale. */
    public static final FieldType<Double> ALPHA = of(FieldType::isAlpha, "a finite number, 0 or more");

    /** A probability of dropping something while training. */
    public static final FieldType<Double> DROPOUT =
            of(dropout -> dropout >= 0 && dropout < 1, "the probability of dropping, in [0, 1)");

    /** A probability of leaving out parts of an update in training, kept for the file: there is no training with it here. */
    public static final FieldType<Double> DROPOUT_IN_FILE =
            of(dropout -> dropout >= 0 && dropout < 1, "the probability of dropping, in [0, 1)");

    /** A number that may have either sign. */
    public static final FieldType<Double> NUMBER = of(Double::isFinite, "a finite number");

    /** Yes or no. */
    public static final FieldType<Boolean> FLAG = of(flag -> true, "true or false");

    /** A text, or null. */
    public static final FieldType<String> TEXT =
            new FieldType<>(UnaryOperator.identity(), (value, name) -> List.of(), value -> value);

    /** How the scale follows from alpha and rank: a flag in files. */
    public static final FieldType<Scaling> SCALING = of(rule -> true, "a Scaling");

    /** Which biases learn. */
    public static final FieldType<BiasTraining> BIAS = of(bias -> true, "a BiasTraining");

    /** The kind of update of MiSS. */
    public static final FieldType<MissVariant> MISS_VARIANT = of(variant -> true, "a MissVariant");

    /** A start value by PEFT's name of it. */
    public static final FieldType<Initialization> START =
            of(start -> !Initialization.OF_OTHER_METHODS.contains(start), "a start value of A and B");

    /** A start value of LoKr by PEFT's name of it. */
    public static final FieldType<Initialization> LOKR_START =
            start(Initialization.KAIMING_UNIFORM, Initialization.RANDOM, Initialization.LYCORIS);

    /** A start value of HiRA by PEFT's name of it. */
    public static final FieldType<Initialization> HIRA_START =
            start(Initialization.KAIMING_UNIFORM, Initialization.GAUSSIAN, Initialization.RANDOM);

    /** A start value of C3A by PEFT's name of it. */
    public static final FieldType<Initialization> C3A_START = start(
            Initialization.KAIMING_UNIFORM,
            Initialization.XAVIER_UNIFORM,
            Initialization.FAN_IN_UNIFORM,
            Initialization.GAUSSIAN,
            Initialization.RANDOM);

    /** The start value of a method that has two: a flag in files. */
    public static final FieldType<Initialization> DEFAULT_START = of(
            start -> start == Initialization.KAIMING_UNIFORM || start == Initialization.RANDOM,
            "KAIMING_UNIFORM for the start of the method, or RANDOM");

    /** Names of modules or parameters. */
    public static final FieldType<List<String>> NAMES =
            list((names, field) -> names.stream().noneMatch(name -> name == null || name.isBlank())
                    ? List.of()
                    : List.of(field + " has an empty name among " + names + ", expected names"));

    /** Numbers of layers. */
    public static final FieldType<List<Integer>> LAYERS =
            list((layers, field) -> layers.stream().noneMatch(layer -> layer == null || layer < 0)
                    ? List.of()
                    : List.of(field + " = " + layers + ", expected indices of 0 or more"));

    /** Ids of rows. */
    public static final FieldType<List<Integer>> INDICES =
            list((rows, field) -> rows.stream().allMatch(row -> row != null && row >= 0)
                            && rows.stream().distinct().count() == rows.size()
                    ? List.of()
                    : List.of(field + " = " + rows + ", expected ids of 0 or more, each once"));

    /** Names of the lists whose index is a layer, as regular expressions. */
    public static final FieldType<List<String>> LAYER_LISTS = list(FieldType::problemsOfLists);

    /** Which modules; in files "all-linear" may stand for the selector of that name. */
    public static final FieldType<ModuleSelector> TARGETS = selector(false);

    /** Which modules, by name or expression. */
    public static final FieldType<ModuleSelector> MODULES = selector(true);

    /** Ranks by regular expression. */
    public static final FieldType<Map<String, Integer>> RANKS = pattern(RANK);

    /** Alphas by regular expression. */
    public static final FieldType<Map<String, Double>> ALPHAS = pattern(ALPHA);

    /** Which triplets are kept, by name. */
    public static final FieldType<Map<String, List<Boolean>>> KEPT = new FieldType<>(
            values -> {
                Map<String, List<Boolean>> copy = new LinkedHashMap<>();
                values.forEach((key, kept) -> copy.put(key, List.copyOf(kept)));
                return Collections.unmodifiableMap(copy);
            },
            (values, field) -> List.of(),
            value -> value);

    /** Rows of embeddings. */
    public static final FieldType<TrainableTokens> TOKENS = new FieldType<>(
            UnaryOperator.identity(),
            (tokens, field) -> tokens == null
                    ? List.of(field + " = null, expected TrainableTokens (none() for none)")
                    : prefixed(field, tokens.problems()),
            value -> value);

    /** The numbers of KaSA, or null. */
    public static final FieldType<KasaOptions> KASA = new FieldType<>(
            UnaryOperator.identity(),
            (options, field) -> options == null ? List.of() : prefixed(field, options.problems()),
            value -> value);

    /** Layers that are repeated. */
    public static final FieldType<LayerReplication> REPLICATION = new FieldType<>(
            UnaryOperator.identity(),
            (layers, field) -> layers == null
                    ? List.of(field + " = null, expected a LayerReplication (none() for none)")
                    : prefixed(field, layers.problems()),
            value -> value);

    private final UnaryOperator<V> copy;
    private final BiFunction<V, String, List<String>> problems;
    private final UnaryOperator<Object> compared;

    private FieldType(
            UnaryOperator<V> copy, BiFunction<V, String, List<String>> problems, UnaryOperator<Object> compared) {
        this.copy = copy;
        this.problems = problems;
        this.compared = compared;
    }

    private static <V> FieldType<V> of(Predicate<V> allowed, String expected) {
        return new FieldType<>(
                UnaryOperator.identity(),
                (value, field) -> value != null && allowed.test(value)
                        ? List.of()
                        : List.of(field + " = " + value + ", expected " + expected),
                value -> value);
    }

    /** A size; those of files are numbers of strangers, and what is computed from them has to stay within an {@code int}. */
    private static FieldType<Integer> size(Predicate<Integer> allowed, String expected) {
        return new FieldType<>(
                UnaryOperator.identity(),
                (value, field) -> {
                    boolean fits = value != null && allowed.test(value);
                    return fits && value <= LARGEST_SIZE
                            ? List.of()
                            : List.of(field + " = " + value + ", expected "
                                    + (fits ? "at most " + LARGEST_SIZE : expected));
                },
                value -> value);
    }

    private static FieldType<Initialization> start(Initialization... allowed) {
        return of(List.of(allowed)::contains, "one of " + List.of(allowed));
    }

    private static <V> FieldType<List<V>> list(BiFunction<List<V>, String, List<String>> problems) {
        return new FieldType<>(
                // Not List.copyOf, which stops at a null before the check can tell of it.
                values -> Collections.unmodifiableList(new ArrayList<>(values)),
                problems,
                value -> value);
    }

    private static FieldType<ModuleSelector> selector(boolean noneIsAllLinear) {
        return new FieldType<>(
                UnaryOperator.identity(),
                (selector, field) -> {
                    if (selector == null) {
                        return List.of(field + " = null, expected a ModuleSelector (none() for nothing)");
                    }
                    return noneIsAllLinear && selector instanceof ModuleSelector.AllLinear
                            ? List.of(field + " = all-linear, expected names or a regular expression")
                            : prefixed(field, selector.problems());
                },
                value -> value);
    }

    /** The order of the keys is part of the value: the first one that matches counts. */
    private static <V> FieldType<Map<String, V>> pattern(FieldType<V> single) {
        return new FieldType<>(
                values -> Collections.unmodifiableMap(new LinkedHashMap<>(values)),
                (values, field) -> {
                    List<String> problems = new ArrayList<>();
                    values.forEach(
                            (key, value) -> problems.addAll(single.problemsOf(field + " \"" + key + "\"", value)));
                    if (values.keySet().stream().anyMatch(Objects::isNull)) {
                        problems.add(field + " has a null key, expected a regular expression");
                    } else {
                        problems.addAll(prefixed(field, new ModulePatterns<>(values).problems()));
                    }
                    return problems;
                },
                value -> new ArrayList<>(((Map<?, ?>) value).entrySet()));
    }

    private static List<String> problemsOfLists(List<String> names, String field) {
        return names.stream().anyMatch(name -> name == null || name.isBlank())
                ? List.of(field + " has an empty name among " + names + ", expected names of layer lists")
                : prefixed(field, new LayerFilter(List.of(), names).problems());
    }

    private static List<String> prefixed(String field, List<String> problems) {
        return problems.stream().map(problem -> field + " " + problem).toList();
    }

    private static boolean isAlpha(double alpha) {
        return alpha >= 0 && alpha < Double.POSITIVE_INFINITY;
    }

    V copied(V value) {
        return copy.apply(value);
    }

    List<String> problemsOf(String field, V value) {
        return problems.apply(value, field);
    }

    /** What equality and hash compare. */
    Optional<Object> compared(V value) {
        return Optional.ofNullable(value).map(compared);
    }

    /**
     * A field of a config: the one line from which it is checked, copied, compared, told as text, read and written.
     *
     * @param name its name in Java, and in messages about values
     * @param peftName its name in files
     * @param type its type
     * @param initial its default
     * @param <V> its values
     * @apiNote Status: stable
     */
    public record Field<V>(String name, String peftName, FieldType<V> type, V initial) {

        /**
         * The same field where a method's file has it by another name.
         *
         * @param otherName its name in files
         * @return the field
         */
        public Field<V> as(String otherName) {
            return as(otherName, type);
        }

        /** The same field where a method's file has it by another name and allows other values. */
        Field<V> as(String otherName, FieldType<V> otherType) {
            return new Field<>(name, otherName, otherType, initial);
        }

        /**
         * The same field with the default of another method.
         *
         * @param otherInitial the default
         * @return the field
         */
        public Field<V> from(V otherInitial) {
            return new Field<>(name, peftName, type, otherInitial);
        }

        /**
         * The table of a config: common fields, in whose place one of the same name comes, then its own.
         *
         * @param common fields that other methods have, too
         * @param own its own
         * @return the table
         */
        public static List<Field<?>> table(List<Field<?>> common, Field<?>... own) {
            Map<String, Field<?>> byName = new LinkedHashMap<>();
            common.forEach(field -> byName.put(field.name(), field));
            Stream.of(own).forEach(field -> byName.put(field.name(), field));
            return List.copyOf(byName.values());
        }
    }
}
