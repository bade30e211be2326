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
            problems.add(key(name) + " is missing, expected an integer, 1 or more");
        }
        return size.orElse(1);
    }

    OptionalInt optionalSize(String name) {
        Object value = value(name);
        if (value instanceof Integer number && number >= 1) {
            return OptionalInt.of(number);
        }
        if (value != null) {
            problems.add(key(name) + " is " + quoted(value) + ", expected an integer, 1 or more");
        }
        return OptionalInt.empty();
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
        if (value instanceof Number number && number.doubleValue() > 0 && Double.isFinite(number.doubleValue())) {
            return OptionalDouble.of(number.doubleValue());
        }
        if (value != null) {
            problems.add(where + " is " + quoted(value) + ", expected a finite number above 0");
        }
        return OptionalDouble.empty();
    }

    double positive(String name, double absent) {
        return positive(name).orElse(absent);
    }

    Optional<List<?>> list(String name) {
        Object value = value(name);
        if (value != null && !(value instanceof List<?>)) {
            problems.add(key(name) + " is " + quoted(value) + ", expected a list");
        }
        return value instanceof List<?> list ? Optional.of(list) : Optional.empty();
    }

    static String quoted(Object value) {
        return value instanceof String ? MessageText.name(value) : MessageText.value(value);
    }
}
