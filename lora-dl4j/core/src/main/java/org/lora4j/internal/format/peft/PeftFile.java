/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.peft;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.Problems;
import org.lora4j.method.FileField;

/**
 * The content of an {@code adapter_config.json}: the config, and whatever else stood in the file and shall stand there
 * again.
 *
 * @param config the part that we understand
 * @param extras further fields by PEFT's name, as plain JSON values (String, Number, Boolean, List, Map, null): fields
 *     without effect on the numbers and fields unknown to us
 * @apiNote Status: internal
 */
public record PeftFile(AdapterConfig config, Map<String, Object> extras) {

    /**
     * Copies the extras, deeply.
     *
     * @throws IllegalArgumentException if extras hold a field that belongs to the config or is not supported
     */
    public PeftFile {
        Problems problems = new Problems();
        for (FileField field : PeftMethod.of(config).fields()) {
            boolean own = field.use() != FileField.Use.CARRIED;
            problems.check(
                    !own
                            || !extras.containsKey(field.name())
                            || PeftConfigJson.isStartWithoutEffect(field, extras)
                            || PeftConfigJson.isFactorsAskedFor(field, config, extras),
                    "extras hold \"" + field.name() + "\", which is not a field to carry along");
        }
        problems.throwIfAny("PeftFile");
        extras = frozenMap(extras);
    }

    /** Makes the content of a file for a config of our own. */
    public static PeftFile of(AdapterConfig config) {
        return new PeftFile(config, Map.of());
    }

    private static Map<String, Object> frozenMap(Map<?, ?> map) {
        Map<String, Object> copy = new LinkedHashMap<>();
        map.forEach((key, value) -> copy.put(String.valueOf(key), frozen(value)));
        return Collections.unmodifiableMap(copy);
    }

    private static Object frozen(Object value) {
        if (value instanceof Map<?, ?> map) {
            return frozenMap(map);
        }
        if (value instanceof List<?> list) {
            List<Object> copy = new ArrayList<>();
            list.forEach(element -> copy.add(frozen(element)));
            return Collections.unmodifiableList(copy);
        }
        return value;
    }
}
