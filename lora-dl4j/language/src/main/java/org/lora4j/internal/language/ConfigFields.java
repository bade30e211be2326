/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;

/**
 * The fields of a decoder's config by their common names and types. What a file leaves out has the family's value, what the
 * family does not know is absent, and what does not fit becomes a problem and some value.
 */
final class ConfigFields {

    /**
     * What a model may be without. A null in the file says so, and is no reason for the family's value: Mistral's 7B has no
     * window from version 0.2 on. Other fields that are null have the family's value.
     */
    private static final Set<String> OPTIONAL = Set.of(
            "sliding_window", "attn_logit_softcapping", "final_logit_softcapping", "num_key_value_heads", "head_dim");

    /** What counts tokens or layers, and the size of a head; other sizes are widths of matrices. */
    private static final Map<String, Integer> LARGEST = Map.of(
            "head_dim", DecoderConfig.LARGEST_HEAD,
            "max_position_embeddings", DecoderConfig.LONGEST,
            "original_max_position_embeddings", DecoderConfig.LONGEST,
            "sliding_window", DecoderConfig.LONGEST,
            "max_window_layers", DecoderConfig.LONGEST,
            "no_rope_layer_interval", DecoderConfig.LONGEST,
            "sliding_window_pattern", DecoderConfig.LONGEST,
            "_sliding_window_pattern", DecoderConfig.LONGEST);

    private static final double LEAST_FACTOR = 1e-30;

    private static final double LARGEST_FACTOR = 1e30;

    private final Map<String, Object> all;
    private final DecoderFamily family;
    private final Problems problems;

    ConfigFields(Map<String, Object> all, DecoderFamily family, Problems problems) {
        this.all = all;
        this.family = family;
        this.problems = problems;
    }

    Problems problems() {
        return problems;
    }

    DecoderFamily family() {
        return family;
    }

    /** Name of a field in the file, for messages. */
    String key(String name) {
        return family.key(name);
    }

    Object value(String name) {
        if (!family.reads(name)) {
            return null;
        }
        // Some files name a field as other families do; the Python class reads only its own name, but writes both.
        String key = key(name);
        boolean absent = all.get(key) == null && !(OPTIONAL.contains(name) && all.containsKey(key));
        return absent ? family.fallback(name) : all.get(key);
    }

    /** An integer, 1 or more, which has to be there. */
    int size(String name) {
        OptionalInt size = optionalSize(name);
        if (size.isEmpty() && value(name) == null) {
            problems.add(key(name) + " is missing, expected " + expected(name));
        }
        return size.orElse(1);
    }

    OptionalInt optionalSize(String name) {
        Object value = value(name);
        if (value instanceof Integer number && number >= 1 && number <= largest(name)) {
            return OptionalInt.of(number);
        }
        if (value != null) {
            problems.add(key(name) + " is " + quoted(value) + ", expected " + expected(name));
        }
        return OptionalInt.empty();
    }

    private static int largest(String name) {
        return LARGEST.getOrDefault(name, DecoderConfig.WIDEST);
    }

    private static String expected(String name) {
        return "an integer, 1 to " + largest(name);
    }

    boolean flag(String name) {
        Object value = value(name);
        if (value instanceof Boolean flag) {
            return flag;
        }
        if (value != null) {
            problems.add(key(name) + " is " + quoted(value) + ", expected true or false");
        }
        return false;
    }

    OptionalDouble positive(String name) {
        return positive(key(name), value(name), problems);
    }

    static OptionalDouble positive(String where, Object value, Problems problems) {
        if (isFactor(value)) {
            return OptionalDouble.of(((Number) value).doubleValue());
        }
        if (value != null) {
            problems.add(where + " is " + quoted(value) + ", expected a number from " + LEAST_FACTOR + " to "
                    + LARGEST_FACTOR);
        }
        return OptionalDouble.empty();
    }

    /** Whether a value is a number that single precision can multiply and divide by. */
    static boolean isFactor(Object value) {
        return value instanceof Number number
                && number.doubleValue() >= LEAST_FACTOR
                && number.doubleValue() <= LARGEST_FACTOR;
    }

    double positive(String name, double absent) {
        return positive(name).orElse(absent);
    }

    /** A list with an entry for each layer, or more; empty if there is none, or what is there became a problem. */
    Optional<List<Object>> perLayer(String name, List<?> allowed, int layers) {
        Object value = value(name);
        // A list of List.of() would throw when asked for null.
        boolean fits = value instanceof List<?> list
                && list.size() >= layers
                && list.stream().allMatch(entry -> entry != null && allowed.contains(entry));
        problems.check(
                value == null || fits,
                key(name) + " is " + quoted(value) + ", expected one of " + MessageText.values(allowed)
                        + " for each of " + layers + " layers");
        return fits ? Optional.of(List.<Object>copyOf((List<?>) value)) : Optional.empty();
    }

    static String quoted(Object value) {
        return value instanceof String ? MessageText.name(value) : MessageText.value(value);
    }
}
