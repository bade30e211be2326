/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;

/**
 * The options of a method's variant, as they stand behind the colon of {@link MethodTraits#id}: {@code block=4,shared=true}.
 *
 * @param values text by name
 * @param bias whether the method adds to biases ({@link AdapterMethod.BiasEffect#ADDS})
 * @apiNote Status: experimental
 */
public record MethodOptions(Map<String, String> values, boolean bias) {

    /**
     * Copies the values.
     *
     * @param values text by name
     * @param bias whether the method adds to biases
     */
    public MethodOptions {
        values = Map.copyOf(Arguments.required(values, "MethodOptions: values", "text by name"));
    }

    /** The options of an id; none if there is no colon. */
    static MethodOptions of(String id, boolean bias) {
        int colon = id.indexOf(':');
        Map<String, String> values = new TreeMap<>();
        for (String option : colon < 0 ? new String[0] : id.substring(colon + 1).split(",")) {
            int equals = option.indexOf('=');
            if (equals < 1 || values.put(option.substring(0, equals), option.substring(equals + 1)) != null) {
                throw new IllegalArgumentException("method = " + MessageText.value(id)
                        + ": the options are not name=value, each once. The network was saved by a newer version of"
                        + " lora4j: use that.");
            }
        }
        return new MethodOptions(values, bias);
    }

    /** The id of a name with options. */
    static String id(String name, Map<String, ?> values) {
        return name + ":"
                + new TreeMap<>(values)
                        .entrySet().stream()
                                .map(option -> option.getKey() + "=" + option.getValue())
                                .collect(Collectors.joining(","));
    }

    /**
     * An option that is a whole number.
     *
     * @param name the name of the option
     * @return the number
     * @throws IllegalArgumentException if there is none of this name, or its text is something else
     */
    public int integer(String name) {
        return Math.toIntExact(whole(name, Integer.MIN_VALUE, Integer.MAX_VALUE));
    }

    /**
     * An option that is a whole number of 64 bits.
     *
     * @param name the name of the option
     * @return the number
     * @throws IllegalArgumentException if there is none of this name, or its text is something else
     */
    public long integral(String name) {
        return whole(name, Long.MIN_VALUE, Long.MAX_VALUE);
    }

    /**
     * An option that is a number.
     *
     * @param name the name of the option
     * @return the number
     * @throws IllegalArgumentException if there is none of this name, or its text is something else
     */
    public double number(String name) {
        double number;
        try {
            number = Double.parseDouble(text(name));
        } catch (NumberFormatException notOne) {
            number = Double.NaN;
        }
        if (!Double.isFinite(number)) {
            throw unexpected(name, "a finite number");
        }
        return number;
    }

    /**
     * An option that is true or false.
     *
     * @param name the name of the option
     * @return the flag
     * @throws IllegalArgumentException if there is none of this name, or its text is something else
     */
    public boolean flag(String name) {
        String text = text(name);
        if (!text.equals("true") && !text.equals("false")) {
            throw unexpected(name, "true or false");
        }
        return text.equals("true");
    }

    /**
     * An option that is a constant.
     *
     * @param name the name of the option
     * @param of the type of the constant
     * @param <E> the same
     * @return the constant
     * @throws IllegalArgumentException if there is none of this name, or its text is something else
     */
    public <E extends Enum<E>> E constant(String name, Class<E> of) {
        String text = text(name);
        return Stream.of(of.getEnumConstants())
                .filter(constant -> constant.name().equals(text))
                .findFirst()
                .orElseThrow(() -> unexpected(name, "one of " + List.of(of.getEnumConstants())));
    }

    private long whole(String name, long least, long most) {
        try {
            long number = Long.parseLong(text(name));
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException notOne) {
            throw unexpected(name, "a whole number");
        }
        throw unexpected(name, "a whole number from " + least + " to " + most);
    }

    private IllegalArgumentException unexpected(String name, String expected) {
        return new IllegalArgumentException(
                "the option " + name + " is " + MessageText.value(text(name)) + "; expected " + expected
                        + ". The network is damaged, or was saved by another version of lora4j: use that.");
    }

    /**
     * An option as it stands.
     *
     * @param name the name of the option
     * @return its text
     * @throws IllegalArgumentException if there is none of this name, or its text is something else
     */
    public String text(String name) {
        String value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("found the options " + values + ", expected one called " + name
                    + ". The network was saved by another version of lora4j: use that.");
        }
        return value;
    }
}
