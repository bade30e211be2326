/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.json.StrictJson;
import org.lora4j.text.LabeledWords.Span;

/** Entities as tools for annotation write them, in a list of JSON, or in a cell of a table that holds one as text. */
final class Spans {

    private static final int DEEPEST = 8;
    private static final String EXPECTED = ", expected a list such as [[0, 5, \"city\"]]";

    private Spans() {}

    static List<Span> read(Object cell) {
        Object value = cell instanceof String text ? parsed(text) : cell;
        if (value == null) {
            return List.of();
        }
        if (!(value instanceof List<?> list)) {
            throw new IllegalArgumentException(MessageText.value(value) + EXPECTED);
        }
        List<Span> spans = new ArrayList<>();
        for (Object one : list) {
            spans.add(one(one).orElseThrow(() -> new IllegalArgumentException(MessageText.value(one) + EXPECTED)));
        }
        return spans;
    }

    private static Object parsed(String text) {
        if (text.isBlank()) {
            return null;
        }
        try {
            return StrictJson.mapper(DEEPEST).readValue(text, Object.class);
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw new IllegalArgumentException(MessageText.value(text) + EXPECTED, e);
        }
    }

    private static Optional<Span> one(Object value) {
        if (value instanceof List<?> parts && parts.size() == 3) {
            return span(parts.get(2), parts.get(0), parts.get(1));
        }
        if (value instanceof Map<?, ?> fields) {
            return span(
                    first(fields, "label", "type", "slot", "tag", "entity"),
                    first(fields, "start", "from"),
                    first(fields, "end", "to"));
        }
        return Optional.empty();
    }

    private static Object first(Map<?, ?> fields, String... names) {
        return Stream.of(names)
                .map(name -> (Object) fields.get(name))
                .filter(value -> value != null)
                .findFirst()
                .orElse(null);
    }

    private static Optional<Span> span(Object type, Object from, Object to) {
        return type instanceof String name && from instanceof Integer start && to instanceof Integer end
                ? Optional.of(new Span(name, start, end))
                : Optional.empty();
    }
}
