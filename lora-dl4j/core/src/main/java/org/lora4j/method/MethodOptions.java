/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.lora4j.error.MessageText;

/**
 * The options of a method's variant, as they stand behind the colon of {@link AdapterMethod#id}: {@code
 * block=4,shared=true}.
 *
 * @param values text by name
 */
record MethodOptions(Map<String, String> values) {

    MethodOptions {
        values = Map.copyOf(values);
    }

    /** The options of an id; none if there is no colon. */
    static MethodOptions of(String id) {
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
        return new MethodOptions(values);
    }

    /** The id of a name with options. */
    static String id(String name, Map<String, ?> values) {
        return name + ":"
                + new TreeMap<>(values)
                        .entrySet().stream()
                                .map(option -> option.getKey() + "=" + option.getValue())
                                .collect(Collectors.joining(","));
    }

    int integer(String name) {
        return Integer.parseInt(text(name));
    }

    long integral(String name) {
        return Long.parseLong(text(name));
    }

    double number(String name) {
        return Double.parseDouble(text(name));
    }

    boolean flag(String name) {
        return Boolean.parseBoolean(text(name));
    }

    <E extends Enum<E>> E constant(String name, Class<E> of) {
        return Enum.valueOf(of, text(name));
    }

    String text(String name) {
        String value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("found the options " + values + ", expected one called " + name
                    + ". The network was saved by another version of lora4j: use that.");
        }
        return value;
    }
}
