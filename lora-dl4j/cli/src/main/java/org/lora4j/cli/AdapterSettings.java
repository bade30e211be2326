/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.FieldType.Field;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.internal.format.peft.PeftConfigJson;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.MethodEntry;
import org.lora4j.train.FitSettings;

/** The adapter that settings ask for, of any method: its fields by PEFT's names, read as a file of PEFT is. */
final class AdapterSettings {

    static final String HEAD = "head";
    static final String FULL = "full";

    private static final String LORA = "LORA";
    private static final String DORA = "dora";
    private static final String ALL_LINEAR = "all-linear";

    /** What methods adapt by default that do not adapt linear modules: normalizations, and the words that PEFT's default names. */
    private static final Map<String, String> TARGETS =
            Map.of("LN_TUNING", ".*([Nn]orm|ln_[12f])", "TRAINABLE_TOKENS", "");

    private AdapterSettings() {}

    /** All names that {@code --method} takes. */
    static List<String> names() {
        return Stream.concat(
                        Stream.of(DORA, HEAD, FULL),
                        AdapterMethods.entries().stream()
                                .map(entry -> entry.peftType().toLowerCase(Locale.ROOT)))
                .sorted()
                .toList();
    }

    static String method(CliSettings settings) {
        return settings.textOr(Setting.METHOD).toLowerCase(Locale.ROOT);
    }

    /** The config; empty if the settings ask for none, so that the task's own default learns. */
    static Optional<AdapterConfig> config(CliSettings settings) {
        boolean asked = Stream.of(
                        Setting.METHOD,
                        Setting.RANK,
                        Setting.ALPHA,
                        Setting.DROPOUT,
                        Setting.TARGET_MODULES,
                        Setting.EXCLUDE_MODULES,
                        Setting.METHOD_OPTIONS)
                .anyMatch(settings::has);
        return asked ? Optional.of(of(method(settings), settings)) : Optional.empty();
    }

    private static AdapterConfig of(String method, CliSettings settings) {
        String type = method.equals(DORA) ? LORA : method.toUpperCase(Locale.ROOT);
        MethodEntry<?> entry = AdapterMethods.entry(type)
                .orElseThrow(() -> CliException.usage("method " + MessageText.name(method)
                        + ": there is none of this name" + ClosestNames.hint(method, names()) + "; there are: "
                        + String.join(", ", names())));
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("peft_type", type);
        List<Field<?>> known = entry.newConfig().fields();
        if (method.equals(DORA)) {
            fields.put("use_dora", true);
        }
        if (type.equals(LORA)) {
            int rank = settings.integer(Setting.RANK).orElse(FitSettings.RANK);
            fields.put("r", rank);
            fields.put("lora_alpha", 2 * rank);
        }
        targets(type, settings)
                .ifPresent(targets -> named(known, "targetModules").ifPresent(name -> fields.put(name, targets)));
        Problems problems = new Problems();
        put(Setting.RANK, "rank", known, settings, method, fields, problems);
        put(Setting.ALPHA, "alpha", known, settings, method, fields, problems);
        put(Setting.DROPOUT, "dropout", known, settings, method, fields, problems);
        put(Setting.EXCLUDE_MODULES, "excludeModules", known, settings, method, fields, problems);
        settings.map(Setting.METHOD_OPTIONS).forEach((name, value) -> {
            List<String> names = known.stream().map(Field::peftName).toList();
            if (names.contains(name)) {
                fields.put(name, value);
            } else {
                problems.add("method-options: " + method + " has no option " + MessageText.name(name)
                        + ClosestNames.hint(name, names) + "; it has: " + String.join(", ", names));
            }
        });
        if (!problems.isEmpty()) {
            throw CliException.usage(problems.message("method " + method));
        }
        try {
            return PeftConfigJson.read(
                            "method " + method, JsonObjects.write(fields).getBytes(StandardCharsets.UTF_8))
                    .config();
        } catch (IOException e) {
            throw CliException.usage(e.getMessage().replace(" Correct the file or save the adapter again.", ""));
        }
    }

    private static Optional<Object> targets(String type, CliSettings settings) {
        List<String> names = settings.list(Setting.TARGET_MODULES);
        if (names.isEmpty()) {
            String usual = TARGETS.getOrDefault(type, ALL_LINEAR);
            return usual.isEmpty() ? Optional.empty() : Optional.of(usual);
        }
        return Optional.of(names.equals(List.of(ALL_LINEAR)) ? ALL_LINEAR : names);
    }

    private static void put(
            Setting setting,
            String field,
            List<Field<?>> known,
            CliSettings settings,
            String method,
            Map<String, Object> fields,
            Problems problems) {
        if (!settings.has(setting)) {
            return;
        }
        Optional<String> name = named(known, field);
        problems.check(name.isPresent(), setting.key() + " is set, and " + method + " has none; leave it out");
        name.ifPresent(found -> fields.put(found, settings.given().get(setting).value()));
    }

    private static Optional<String> named(List<Field<?>> known, String field) {
        return known.stream()
                .filter(one -> one.name().equals(field))
                .map(Field::peftName)
                .findFirst();
    }
}
