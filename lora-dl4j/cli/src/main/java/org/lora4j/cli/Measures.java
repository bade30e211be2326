/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Measures of an evaluation in words. */
final class Measures {

    private Measures() {}

    /** All plain numbers in a line. */
    static String line(Map<String, Object> measures) {
        return measures.entrySet().stream()
                .filter(entry -> entry.getValue() instanceof Number)
                .map(entry -> entry.getKey().replace('_', ' ') + " " + number((Number) entry.getValue()))
                .collect(Collectors.joining(", "));
    }

    static String number(Number value) {
        return value instanceof Double || value instanceof Float
                ? String.format(Locale.ROOT, "%.4f", value.doubleValue())
                : String.valueOf(value);
    }
}
