/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.encoder;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;

/**
 * The fields of an encoder's config by their common names and types. What a file leaves out has the family's value, what the
 * family does not know is absent, and what does not fit becomes a problem and some value.
 */
final class EncoderFields {

    /** The most tokens of a sequence, and the farthest distance. */
    static final int LONGEST = 1 << 20;

    private final Map<String, Object> all;
    private final EncoderFamily family;
    private final Problems problems;

    EncoderFields(Map<String, Object> all, EncoderFamily family, Problems problems) {
        this.all = all;
        this.family = family;
        this.problems = problems;
    }

    Problems problems() {
        return problems;
    }

    EncoderFamily family() {
        return family;
    }

    /** All fields by their names in the file. */
    Map<String, Object> all() {
        return all;
    }

    /** A field by its name in the file. */
    Object raw(String key) {
        return all.get(key);
    }

    /** Name of a field in the file, for messages. */
    String key(String name) {
        Optional<String> other = family.otherKey(name).filter(key -> all.get(key) != null);
        return all.get(family.key(name)) == null ? other.orElse(family.key(name)) : family.key(name);
    }

    Object value(String name) {
        if (!family.reads(name)) {
            return null;
        }
        Object given = all.get(key(name));
        return given == null ? family.fallback(name) : given;
    }

    /** A value that a file takes away by null, and leaves to the family by saying nothing. */
    Object nullable(String name) {
        return all.containsKey(key(name)) ? all.get(key(name)) : value(name);
    }

    /** An integer, 1 or more. */
    int size(String name) {
        return size(name, 1);
    }

    /** An integer, as much as this or more. */
    int size(String name, int least) {
        Object value = value(name);
        if (value instanceof Integer number && number >= least) {
            return number;
        }
        problems.add(key(name) + " is " + quoted(value) + ", expected an integer, " + least + " or more");
        return Math.max(1, least);
    }

    OptionalInt optionalSize(String name) {
        return value(name) == null ? OptionalInt.empty() : OptionalInt.of(size(name));
    }

    /** A number of tokens, small enough to make a table of distances. */
    int length(String name, int least) {
        int size = size(name, least);
        problems.check(size <= LONGEST, key(name) + " is " + size + ", expected at most " + LONGEST);
        return Math.min(size, LONGEST);
    }

    /** An integer of either sign. */
    int integer(String name) {
        Object value = value(name);
        if (value instanceof Integer number) {
            return number;
        }
        problems.add(key(name) + " is " + quoted(value) + ", expected an integer");
        return -1;
    }

    double number(String name) {
        Object value = value(name);
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        problems.add(key(name) + " is " + quoted(value) + ", expected a number");
        return 0;
    }

    boolean flag(String name) {
        Object value = value(name);
        if (value instanceof Boolean flag) {
            return flag;
        }
        problems.check(value == null, key(name) + " is " + quoted(value) + ", expected true or false");
        return false;
    }

    /** One of some texts. */
    String choice(String name, List<String> choices) {
        Object value = value(name);
        if (value instanceof String text && choices.contains(text)) {
            return text;
        }
        problems.add(key(name) + " is " + quoted(value) + ", expected one of " + Problems.quoted(choices));
        return choices.get(0);
    }

    EncoderActivation activation(String name) {
        return activation(key(name), value(name));
    }

    EncoderActivation activation(String where, Object name) {
        Optional<EncoderActivation> found =
                name instanceof String text ? EncoderActivation.named(text) : Optional.empty();
        if (found.isEmpty()) {
            problems.add(where + " is " + quoted(name) + ", expected one of "
                    + Problems.quoted(EncoderActivation.names())
                    + (name instanceof String text ? ClosestNames.hint(text, EncoderActivation.names()) : ""));
        }
        return found.orElse(EncoderActivation.GELU);
    }

    Map<?, ?> map(String name) {
        Object value = value(name);
        problems.check(
                value == null || value instanceof Map<?, ?>,
                key(name) + " is " + quoted(value) + ", expected an object or null");
        return value instanceof Map<?, ?> map ? map : Map.of();
    }

    /** A base of frequencies. */
    double theta(String name) {
        return positive(key(name), value(name), problems).orElse(10_000);
    }

    static OptionalDouble positive(String where, Object value, Problems problems) {
        if (value instanceof Number number && number.doubleValue() >= 1e-30 && number.doubleValue() <= 1e30) {
            return OptionalDouble.of(number.doubleValue());
        }
        problems.check(value == null, where + " is " + quoted(value) + ", expected a number from 1e-30 to 1e30");
        return OptionalDouble.empty();
    }

    static String quoted(Object value) {
        return value instanceof String ? MessageText.name(value) : MessageText.value(value);
    }
}
