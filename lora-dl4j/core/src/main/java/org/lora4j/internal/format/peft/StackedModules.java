/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.peft;

import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.error.Problems;

/**
 * The modules whose factors are those of several linear maps, stacked: A has {@code rank * parts} rows. PEFT has such modules
 * among target parameters only, without dropout; a locally connected layer is one as a whole, and PEFT has no such layer.
 *
 * <p>A file names them in a field of our own, {@value #FIELD}, as otherwise a module with a wrong rank could not be told from
 * one of several parts.
 *
 * @param parts number of parts, 2 or more, by module path
 * @apiNote Status: internal
 */
public record StackedModules(Map<String, Integer> parts) {

    /** The field in {@code adapter_config.json}: an object with a number for each module path. */
    public static final String FIELD = "lora4j_stacked_modules";

    /** Copies the map. */
    public StackedModules {
        parts = Map.copyOf(parts);
    }

    /**
     * Reads the field.
     *
     * @param problems takes up what is wrong with it
     * @return the modules; none if there is no such field or it is wrong
     */
    public static StackedModules of(PeftFile file, Problems problems) {
        Object field = file.extras().get(FIELD);
        Map<String, Integer> parts = new LinkedHashMap<>();
        if (field instanceof Map<?, ?> map) {
            map.forEach((path, value) -> {
                boolean whole = value instanceof Number number
                        && number.doubleValue() == number.intValue()
                        && number.intValue() > 1;
                if (whole) {
                    parts.put(String.valueOf(path), ((Number) value).intValue());
                } else {
                    problems.add(FIELD + ": \"" + path + "\" = " + value + ", expected a whole number above 1");
                }
            });
        } else if (field != null) {
            problems.add(FIELD + " = " + field + ", expected numbers of parts by module path");
        }
        return new StackedModules(parts);
    }

    /**
     * Adds the field to the content of a file.
     *
     * @return the content with the field, or {@code file} itself if there are no such modules
     */
    public PeftFile in(PeftFile file) {
        if (parts.isEmpty()) {
            return file;
        }
        Map<String, Object> extras = new LinkedHashMap<>(file.extras());
        extras.put(FIELD, parts);
        return new PeftFile(file.config(), extras);
    }

    /**
     * The number of linear maps in a module.
     *
     * @return 1 unless it is stacked
     */
    public int parts(String path) {
        return parts.getOrDefault(path, 1);
    }
}
