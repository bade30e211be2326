/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.lora4j.config.AdapterConfig;

/** The methods that there are, by all their names. Adding one makes a new table, so that no reader waits. */
final class RegisteredMethods {

    private final List<MethodEntry<?>> entries;
    private final Map<String, MethodEntry<?>> byType = new LinkedHashMap<>();
    private final Map<String, MethodEntry<?>> byTensor = new HashMap<>();
    private final Map<String, Function<MethodOptions, AdapterMethod>> saved = new HashMap<>();

    RegisteredMethods(List<MethodEntry<?>> entries) {
        this.entries = List.copyOf(entries);
        for (MethodEntry<?> entry : entries) {
            byType.put(entry.peftType(), entry);
            entry.suffixes().forEach(suffix -> byTensor.put(suffix, entry));
            saved.putAll(entry.saved());
        }
    }

    /** The table with one more. */
    RegisteredMethods with(MethodEntry<?> entry) {
        new MethodEntryChecks(entry, this).throwIfAny();
        List<MethodEntry<?>> more = new ArrayList<>(entries);
        more.add(entry);
        return new RegisteredMethods(more);
    }

    List<MethodEntry<?>> entries() {
        return entries;
    }

    Optional<MethodEntry<?>> entry(String peftType) {
        return Optional.ofNullable(byType.get(peftType));
    }

    Optional<MethodEntry<?>> withTensor(String suffix) {
        return Optional.ofNullable(byTensor.get(suffix));
    }

    Map<String, Function<MethodOptions, AdapterMethod>> saved() {
        return saved;
    }

    MethodEntry<?> of(AdapterConfig config) {
        return entry(config.peftType())
                .filter(entry -> entry.config() == config.getClass())
                .orElseThrow(
                        () -> new IllegalArgumentException("method " + config.peftType() + ": no class computes what "
                                + config.getClass().getSimpleName() + " asks for; expected one of the configs of "
                                + entries.stream()
                                        .map(entry -> entry.config().getSimpleName())
                                        .toList()
                                + ". Use one of these, or add your own: AdapterMethods.register."));
    }

    AdapterMethod method(AdapterConfig config, String path) {
        MethodEntry<?> entry = of(config);
        if (!entry.hasMethod()) {
            throw new IllegalArgumentException(
                    "method " + config.peftType() + ": its config trains targets themselves, and no"
                            + " class computes factors for \"" + path
                            + "\"; expected a method with factors. Ask for one of another"
                            + " config.");
        }
        AdapterMethod method = entry.method(config, path);
        if (!MethodTable.LINES.contains(entry)) {
            MethodEntryChecks.requireSame(entry, method);
        }
        return method;
    }
}
