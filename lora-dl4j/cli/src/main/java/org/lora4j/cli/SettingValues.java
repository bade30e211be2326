/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Values of settings by kind, from texts of flags and from plain values of YAML. */
final class SettingValues {

    private SettingValues() {}

    /** The value as the kind has it; empty if it is none. */
    static Optional<Object> read(Setting setting, Object value) {
        return switch (setting.kind()) {
            case TEXT, FILE -> text(value).map(text -> (Object) text);
            case INTEGER -> integer(value).map(number -> (Object) number);
            case NUMBER -> number(value).map(number -> (Object) number);
            case FLAG -> flag(value).map(flag -> (Object) flag);
            case LIST -> list(value).map(list -> (Object) list);
            case MAP -> map(value).map(map -> (Object) map);
        };
    }

    private static Optional<String> text(Object value) {
        return value instanceof String || value instanceof Number || value instanceof Boolean
                ? Optional.of(String.valueOf(value))
                : Optional.empty();
    }

    private static Optional<Long> integer(Object value) {
        if (value instanceof Long number) {
            return Optional.of(number);
        }
        try {
            // "1e3" and "3.0" are whole numbers, too, as transformers' files have them.
            double number = Double.parseDouble(String.valueOf(value).strip());
            return number == Math.rint(number) && Math.abs(number) < 1L << 53
                    ? Optional.of(exact(String.valueOf(value).strip(), number))
                    : Optional.empty();
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static long exact(String text, double number) {
        return text.matches("[+-]?\\d{1,18}") ? Long.parseLong(text) : (long) number;
    }

    static Optional<Double> number(Object value) {
        try {
            double number = Double.parseDouble(String.valueOf(value).strip());
            return Double.isFinite(number) ? Optional.of(number) : Optional.empty();
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static Optional<Boolean> flag(Object value) {
        return switch (String.valueOf(value).toLowerCase(Locale.ROOT)) {
            case "true" -> Optional.of(true);
            case "false" -> Optional.of(false);
            default -> Optional.empty();
        };
    }

    private static Optional<List<String>> list(Object value) {
        if (value instanceof List<?> values) {
            List<String> texts = new ArrayList<>();
            for (Object one : values) {
                Optional<String> text = text(one);
                if (text.isEmpty()) {
                    return Optional.empty();
                }
                texts.add(text.get());
            }
            return Optional.of(List.copyOf(texts));
        }
        return text(value)
                .map(text -> Arrays.stream(text.split(","))
                        .map(String::strip)
                        .filter(name -> !name.isEmpty())
                        .toList());
    }

    /** From YAML, or {@code a=1,b=2} behind {@code --set}. */
    private static Optional<Map<String, Object>> map(Object value) {
        Map<String, Object> named = new LinkedHashMap<>();
        if (value instanceof Map<?, ?> values) {
            values.forEach((name, of) -> named.put(String.valueOf(name), of));
            return Optional.of(named);
        }
        for (String entry : String.valueOf(value).split(",")) {
            int at = entry.indexOf('=');
            if (at < 1) {
                return Optional.empty();
            }
            named.put(
                    entry.substring(0, at).strip(),
                    YamlFile.scalar(entry.substring(at + 1).strip()));
        }
        return Optional.of(named);
    }
}
