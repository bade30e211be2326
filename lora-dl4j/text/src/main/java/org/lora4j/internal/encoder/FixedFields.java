/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.encoder;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.lora4j.error.Problems;

/**
 * Fields of a {@code config.json} that change what Python computes, and of which only some values are computed here. Those that are
 * missing or null are what Python has by itself.
 *
 * @apiNote Status: internal
 */
public final class FixedFields {

    /** Of every model of Transformers. */
    private static final FixedFields OF_ALL = new FixedFields()
            .only("quantization_config")
            .only("pruned_heads", Map.of())
            .only("add_cross_attention", false)
            .only("is_decoder", false);

    private final Map<String, List<Object>> values = new LinkedHashMap<>();

    /** None at first. */
    FixedFields() {}

    /**
     * Adds a field.
     *
     * @param allowed the values that it may have; without any it may only be null
     */
    FixedFields only(String name, Object... allowed) {
        values.put(name, List.of(allowed));
        return this;
    }

    /** Takes a field out. */
    void remove(String name) {
        values.remove(name);
    }

    /** Adds what of the fields of every model is not computed. */
    public static void checkAll(Map<String, Object> fields, Problems problems) {
        OF_ALL.check(fields, problems);
    }

    /** Adds what of these is not computed. */
    void check(Map<?, ?> fields, Problems problems) {
        check(fields, "", problems);
    }

    /** The same for fields of an object that is the value of another field. */
    void check(Map<?, ?> fields, String within, Problems problems) {
        values.forEach((name, allowed) -> {
            Object value = fields.get(name);
            problems.check(
                    value == null || allowed.stream().anyMatch(only -> same(value, only)),
                    within + name + " is " + EncoderFields.quoted(value) + ", expected " + expected(allowed)
                            + ": it would change the numbers and is not supported");
        });
    }

    private static String expected(List<Object> allowed) {
        return allowed.isEmpty()
                ? "none"
                : allowed.stream()
                        .map(only -> only instanceof String ? EncoderFields.quoted(only) : String.valueOf(only))
                        .collect(Collectors.joining(" or "));
    }

    private static boolean same(Object value, Object only) {
        return value instanceof Number number && only instanceof Number other
                ? number.doubleValue() == other.doubleValue()
                : Objects.equals(value, only);
    }

    /** Their names. */
    List<String> names() {
        return List.copyOf(values.keySet());
    }

    @Override
    public String toString() {
        return Arrays.toString(values.keySet().toArray());
    }
}
