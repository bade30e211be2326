/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.trust;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.lora4j.error.MessageText;

/** Plain values of JSON: copied, checked, and in one form of text in which equal values are equal. */
final class ReceiptValues {

    private static final Pattern HASH = Pattern.compile("[0-9a-f]{32}|[0-9a-f]{64}");
    private static final int DEEPEST = 16;

    private ReceiptValues() {}

    static void requireHash(String name, String hash) {
        if (hash == null || !HASH.matcher(hash).matches()) {
            throw new IllegalArgumentException(name + " is " + MessageText.name(hash)
                    + "; expected a hash of 32 or 64 hexadecimal digits in lower case.");
        }
    }

    /** Plain values that nobody changes any more. */
    static Object copy(String name, Object value, int depth) {
        if (depth > DEEPEST) {
            throw new IllegalArgumentException(name + ": values are nested more than " + DEEPEST + " deep.");
        }
        if (value instanceof Map<?, ?> map) {
            Map<String, Object> copy = new LinkedHashMap<>();
            map.forEach((key, of) -> copy.put(String.valueOf(key), copy(name, of, depth + 1)));
            return Collections.unmodifiableMap(copy);
        }
        if (value instanceof Collection<?> list) {
            List<Object> copy = new ArrayList<>();
            list.forEach(of -> copy.add(copy(name, of, depth + 1)));
            return Collections.unmodifiableList(copy);
        }
        if (value instanceof Number number) {
            return number(name, number);
        }
        if (value == null || value instanceof String || value instanceof Boolean) {
            return value;
        }
        throw new IllegalArgumentException(name + " has a value of "
                + value.getClass().getName() + "; expected texts, numbers, truth values, lists and maps.");
    }

    private static Number number(String name, Number number) {
        if (number instanceof Double || number instanceof Float) {
            if (!Double.isFinite(number.doubleValue())) {
                throw new IllegalArgumentException(name + " has the number " + number + "; expected finite ones.");
            }
            return number.doubleValue();
        }
        if (number instanceof Long || number instanceof Integer || number instanceof Short || number instanceof Byte) {
            return number.longValue();
        }
        throw new IllegalArgumentException(
                name + " has the number " + MessageText.value(number) + "; expected one of at most 64 bits.");
    }

    /** One text for equal values: names sorted, nothing between them. */
    static void canonical(Object value, StringBuilder text) {
        if (value instanceof Map<?, ?> map) {
            text.append('{');
            new TreeMap<>(map).forEach((key, of) -> {
                canonical(key, text);
                text.append(':');
                canonical(of, text);
                text.append(',');
            });
            text.append('}');
        } else if (value instanceof List<?> list) {
            text.append('[');
            list.forEach(of -> {
                canonical(of, text);
                text.append(',');
            });
            text.append(']');
        } else if (value instanceof String words) {
            // With its length: no text runs into the next.
            text.append(words.length()).append('"').append(words).append('"');
        } else {
            text.append(value);
        }
    }
}
