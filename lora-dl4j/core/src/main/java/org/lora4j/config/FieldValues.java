/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.lora4j.config.FieldType.Field;
import org.lora4j.error.Problems;

/** The values of a config or of its builder, by the table of the fields that the method has. */
final class FieldValues {

    final String peftType;
    final List<Field<?>> fields;
    private final Map<String, Object> byName;
    private final Set<Field<?>> strange = new LinkedHashSet<>();

    FieldValues(String peftType, List<Field<?>> fields) {
        this(peftType, fields, new HashMap<>());
        fields.forEach(field -> byName.put(field.name(), field.initial()));
    }

    private FieldValues(String peftType, List<Field<?>> fields, Map<String, Object> byName) {
        this.peftType = peftType;
        this.fields = fields;
        this.byName = byName;
    }

    FieldValues copy() {
        return new FieldValues(peftType, fields, new HashMap<>(byName));
    }

    void putAll(FieldValues others) {
        byName.putAll(others.byName);
    }

    <V> void put(Field<V> field, V value) {
        byName.put(field.name(), field.type().copied(value));
        if (fields.stream().noneMatch(own -> own.name().equals(field.name()))) {
            strange.add(field);
        }
    }

    /** What was put, the default if nothing was. */
    @SuppressWarnings("unchecked") // As put() puts it.
    <V> V get(Field<V> field) {
        return (V) byName.getOrDefault(field.name(), field.initial());
    }

    void check(Problems problems) {
        fields.forEach(field -> check(field, problems));
        strange.stream()
                .filter(this::isChanged)
                .forEach(field -> problems.add(field.name() + " = " + get(field) + ", for which PEFT's " + peftType
                        + " has no field, expected " + field.initial()));
    }

    private <V> void check(Field<V> field, Problems problems) {
        problems.addAll(field.type().problemsOf(field.name(), get(field)));
    }

    <V> boolean isChanged(Field<V> field) {
        return !compared(field).equals(field.type().compared(field.initial()));
    }

    private <V> Optional<Object> compared(Field<V> field) {
        return field.type().compared(get(field));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FieldValues that && compared().equals(that.compared());
    }

    @Override
    public int hashCode() {
        return compared().hashCode();
    }

    private List<Object> compared() {
        return fields.stream().<Object>map(field -> compared(field)).toList();
    }

    /** The fields that differ from the defaults. */
    @Override
    public String toString() {
        return fields.stream()
                .filter(this::isChanged)
                .map(field -> field.name() + "=" + get(field))
                .collect(Collectors.joining(", "));
    }
}
