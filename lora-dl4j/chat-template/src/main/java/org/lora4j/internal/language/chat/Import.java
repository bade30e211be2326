/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Copies values of a caller for a template, so that no object of the caller's is within its reach, and counts their text. */
final class Import {

    private static final String EXPECTED = "; expected texts, numbers, truth values, lists and maps of them";

    /** As many bits as 4,300 digits have. */
    private static final int LONGEST_INTEGER = 14_285;

    private static final int DEEPEST = Budget.DEEPEST / 2;

    private long characters;
    private int depth;

    long characters() {
        return characters;
    }

    Object value(Object value) {
        if (value == null || value instanceof Boolean || value instanceof Double) {
            return value;
        }
        if (value instanceof String text) {
            characters += text.length();
            return text;
        }
        if (value instanceof Long || value instanceof Integer || value instanceof Short || value instanceof Byte) {
            return ((Number) value).longValue();
        }
        if (value instanceof BigInteger integer) {
            if (integer.bitLength() > LONGEST_INTEGER) {
                throw new IllegalArgumentException("an integer has " + integer.bitLength() + " bits; expected at most "
                        + LONGEST_INTEGER + ", as Python spells no longer ones");
            }
            return integer(integer);
        }
        if (value instanceof Float || value instanceof BigDecimal) {
            return Double.valueOf(value.toString());
        }
        if (++depth > DEEPEST) {
            throw new IllegalArgumentException(
                    "a value is nested deeper than " + DEEPEST + ", or holds itself" + EXPECTED);
        }
        Object copy = collection(value);
        depth--;
        return copy;
    }

    static Number integer(BigInteger integer) {
        return integer.bitLength() < Long.SIZE ? (Number) integer.longValue() : integer;
    }

    private Object collection(Object value) {
        if (value instanceof Collection<?> elements) {
            List<Object> list = new ArrayList<>(elements.size());
            elements.forEach(element -> list.add(value(element)));
            characters += elements.size();
            return list;
        }
        if (value instanceof Map<?, ?> fields) {
            Map<Object, Object> map = new LinkedHashMap<>();
            fields.forEach((name, field) -> {
                if (!(name instanceof String)) {
                    throw new IllegalArgumentException("a map has a key of "
                            + (name == null ? "null" : name.getClass().getName()) + "; expected texts as keys");
                }
                map.put(value(name), value(field));
            });
            return map;
        }
        throw new IllegalArgumentException("a value is of " + value.getClass().getName() + EXPECTED);
    }
}
