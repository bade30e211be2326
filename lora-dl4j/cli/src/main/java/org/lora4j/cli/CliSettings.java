/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;

/** The settings of one run: what was given, each with the place that gave it. <b>State.</b> Immutable. */
final class CliSettings {

    /** A value, checked for its kind, and where it stands. */
    record Given(Object value, String where) {}

    private static final Path HERE = Path.of("");

    private final Map<Setting, Given> given;

    private CliSettings(Map<Setting, Given> given) {
        this.given = Collections.unmodifiableMap(given);
    }

    /** Collects settings from flags and files; later ones win. */
    static final class Builder {

        private final Map<Setting, Given> given = new EnumMap<>(Setting.class);
        private final Map<String, String> seen = new LinkedHashMap<>();
        private final List<String> translated = new ArrayList<>();
        private final Problems problems = new Problems();

        /** Takes a value by the name of a setting, ours or PEFT's, as YAML or a flag has it. */
        Builder put(String key, Object value, String where) {
            String ours = key.replace('_', '-');
            Optional<Setting> setting = Setting.named(ours);
            if (setting.isEmpty()) {
                setting = Setting.ofWord(key);
                setting.ifPresent(known -> translated.add(key + " is called " + known.key() + " here"));
            }
            if (setting.isEmpty()) {
                problems.add(where + ": there is no setting " + MessageText.name(key)
                        + ClosestNames.hint(ours, Setting.keys()) + "; \"lora4j help settings\" lists all");
                return this;
            }
            String before = seen.put(setting.get().key() + " of " + origin(where), key);
            if (before != null && !before.equals(key)) {
                problems.add(where + ": " + MessageText.name(before) + " and " + MessageText.name(key)
                        + " are the same setting, expected one of them");
            }
            return put(setting.get(), value, where);
        }

        private static String origin(String where) {
            return where.replaceFirst(", line \\d+$", "");
        }

        Builder put(Setting setting, Object value, String where) {
            if (value == null) {
                given.remove(setting);
                return this;
            }
            Optional<Object> read = SettingValues.read(setting, value);
            if (read.isPresent()) {
                given.put(setting, new Given(read.get(), where));
            } else {
                problems.add(where + ": " + setting.key() + " = " + MessageText.value(value) + ", expected "
                        + setting.kind().expected());
            }
            return this;
        }

        /** Takes all of other settings; these win. */
        Builder putAll(CliSettings others) {
            given.putAll(others.given);
            return this;
        }

        /** Lines that say which words of others were understood. */
        List<String> translated() {
            return translated.stream().distinct().toList();
        }

        CliSettings build() {
            if (!problems.isEmpty()) {
                throw CliException.usage(problems.message("settings"));
            }
            Map<Setting, Given> copy = new EnumMap<>(Setting.class);
            copy.putAll(given);
            return new CliSettings(copy);
        }
    }

    static Builder builder() {
        return new Builder();
    }

    CliSettings without(List<Setting> some) {
        Map<Setting, Given> left = new EnumMap<>(Setting.class);
        left.putAll(given);
        left.keySet().removeAll(some);
        return new CliSettings(left);
    }

    boolean has(Setting setting) {
        return given.containsKey(setting);
    }

    Map<Setting, Given> given() {
        return given;
    }

    private <T> Optional<T> get(Setting setting, Class<T> type) {
        return Optional.ofNullable(given.get(setting)).map(Given::value).map(type::cast);
    }

    Optional<String> text(Setting setting) {
        return get(setting, String.class);
    }

    /** The text, or the default of the table. */
    String textOr(Setting setting) {
        return text(setting).orElse(setting.initial());
    }

    OptionalInt integer(Setting setting) {
        Optional<Long> value = get(setting, Long.class);
        if (value.isEmpty()) {
            return OptionalInt.empty();
        }
        if (value.get() != value.get().intValue()) {
            throw CliException.usage(given.get(setting).where() + ": " + setting.key() + " = " + value.get()
                    + ", expected at most " + Integer.MAX_VALUE);
        }
        return OptionalInt.of(value.get().intValue());
    }

    OptionalLong wide(Setting setting) {
        Optional<Long> value = get(setting, Long.class);
        return value.isPresent() ? OptionalLong.of(value.get()) : OptionalLong.empty();
    }

    OptionalDouble number(Setting setting) {
        Optional<Double> value = get(setting, Double.class);
        return value.isPresent() ? OptionalDouble.of(value.get()) : OptionalDouble.empty();
    }

    boolean flag(Setting setting) {
        return get(setting, Boolean.class).orElse(Boolean.parseBoolean(setting.initial()));
    }

    @SuppressWarnings("unchecked")
    List<String> list(Setting setting) {
        return (List<String>) get(setting, List.class).orElse(List.of());
    }

    @SuppressWarnings("unchecked")
    Map<String, Object> map(Setting setting) {
        return (Map<String, Object>) get(setting, Map.class).orElse(Map.of());
    }

    Optional<Path> path(Setting setting) {
        return text(setting).map(text -> path(text, given.get(setting).where()));
    }

    Path required(Setting setting, String example) {
        return path(setting)
                .orElseThrow(() -> CliException.usage("--" + setting.key() + " is missing: " + setting.meaning()
                        + "; such as --" + setting.key() + " " + example));
    }

    static Path path(String text, String where) {
        try {
            return HERE.resolve(text);
        } catch (InvalidPathException e) {
            throw CliException.usage(where + ": " + MessageText.name(text) + " is no path: " + e.getReason());
        }
    }
}
