/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.util.Collection;
import java.util.Map;
import java.util.stream.Collectors;

/** Values that hold others, as values by names with spaces: {@code data train rows}. */
final class FlatValues {

    private FlatValues() {}

    static void add(String name, Object value, Map<String, Object> flat) {
        if (value instanceof Map<?, ?> inner) {
            inner.forEach((key, one) -> add(name + " " + key, one, flat));
        } else if (value instanceof Collection<?> list) {
            flat.put(name, list.stream().map(String::valueOf).collect(Collectors.joining(", ")));
        } else {
            flat.put(name, value);
        }
    }
}
