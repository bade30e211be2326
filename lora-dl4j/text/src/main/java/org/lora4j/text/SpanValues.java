/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.error.MessageText;
import org.lora4j.text.LabeledWords.Span;

/** Entities at characters as values of JSON, in the forms that tools for annotation write. */
final class SpanValues {

    private static final List<String> FROM = List.of("start", "from", "begin", "start_offset");
    private static final List<String> TO = List.of("end", "to", "end_offset");
    private static final List<String> TYPE = List.of("label", "type", "entity", "tag", "entity_group");

    private SpanValues() {}

    static List<Span> read(Object value) {
        if (!(value instanceof List<?> list)) {
            throw new IllegalArgumentException(MessageText.value(value) + ", expected a list of spans");
        }
        List<Span> spans = new ArrayList<>();
        for (Object one : list) {
            Object from = part(one, 0, FROM);
            Object to = part(one, 1, TO);
            Object type = part(one, 2, TYPE);
            if (!(from instanceof Integer start && to instanceof Integer end && type instanceof String name)
                    || LabelText.trimmed(name).isEmpty()) {
                throw new IllegalArgumentException("span " + MessageText.value(one)
                        + ", expected [0, 5, \"type\"] or {\"start\": 0, \"end\": 5, \"label\": \"type\"}");
            }
            spans.add(new Span(LabelText.trimmed(name), start, end));
        }
        return spans;
    }

    private static Object part(Object span, int at, List<String> names) {
        if (span instanceof List<?> list) {
            return list.size() == 3 ? list.get(at) : null;
        }
        if (span instanceof Map<?, ?> map) {
            Optional<String> name = names.stream().filter(map::containsKey).findFirst();
            return name.<Object>map(map::get).orElse(null);
        }
        return null;
    }
}
