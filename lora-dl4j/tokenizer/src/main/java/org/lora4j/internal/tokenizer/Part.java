/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.error.MessageText;

/**
 * An object of a {@code tokenizer.json} whose fields are asked for by name and type. What nobody asked for is refused at the
 * end, as it could change what the tokenizer does.
 */
final class Part {

    private final String where;
    private final Map<?, ?> fields;
    private final Set<String> asked = new HashSet<>();

    private Part(String where, Map<?, ?> fields) {
        this.where = where;
        this.fields = fields;
    }

    static Part of(String where, Object value) {
        if (!(value instanceof Map<?, ?> fields)) {
            throw new Refusal(where, Refusal.found(value), "expected an object");
        }
        return new Part(where, fields);
    }

    String where() {
        return where;
    }

    private String path(String name) {
        return where + "." + name;
    }

    private Object get(String name) {
        asked.add(name);
        return fields.get(name);
    }

    boolean has(String name) {
        return get(name) != null;
    }

    String type() {
        return text("type");
    }

    String text(String name) {
        Object value = get(name);
        if (!(value instanceof String text)) {
            throw new Refusal(path(name), Refusal.found(value), "expected a text");
        }
        return text;
    }

    String text(String name, String otherwise) {
        return has(name) ? text(name) : otherwise;
    }

    /** A text of one character. */
    int character(String name) {
        String text = text(name);
        if (text.isEmpty() || text.codePointCount(0, text.length()) != 1) {
            throw new Refusal(path(name), text, "expected one character");
        }
        return text.codePointAt(0);
    }

    boolean flag(String name) {
        Object value = get(name);
        if (!(value instanceof Boolean flag)) {
            throw new Refusal(path(name), Refusal.found(value), "expected true or false");
        }
        return flag;
    }

    boolean flag(String name, boolean otherwise) {
        return has(name) ? flag(name) : otherwise;
    }

    int whole(String name, long least, long most) {
        Object value = get(name);
        if (!(value instanceof Long number) || number < least || number > most) {
            throw new Refusal(path(name), Refusal.found(value), "expected an integer from " + least + " to " + most);
        }
        return Math.toIntExact(number);
    }

    int whole(String name, long least, long most, int otherwise) {
        return has(name) ? whole(name, least, most) : otherwise;
    }

    Object value(String name) {
        return get(name);
    }

    Part part(String name) {
        return of(path(name), get(name));
    }

    List<Object> list(String name) {
        Object value = get(name);
        if (!(value instanceof List<?> list)) {
            throw new Refusal(path(name), Refusal.found(value), "expected a list");
        }
        return new ArrayList<>(list);
    }

    List<Part> parts(String name) {
        List<Object> values = list(name);
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < values.size(); i++) {
            parts.add(of(path(name) + "[" + i + "]", values.get(i)));
        }
        return parts;
    }

    /** The constant of an enumeration whose name, as the file spells it, a field has. */
    <E extends Enum<E>> E choice(String name, Map<String, E> known, E otherwise) {
        if (otherwise != null && !has(name)) {
            return otherwise;
        }
        String text = text(name);
        E found = known.get(text);
        if (found == null) {
            throw new Refusal(
                    path(name),
                    text,
                    "expected one of "
                            + MessageText.values(
                                    known.keySet().stream().sorted().toList()));
        }
        return found;
    }

    /** Names of fields in the order of the file. */
    List<String> names() {
        return fields.keySet().stream().map(String::valueOf).toList();
    }

    /** Fields that change nothing. */
    Part ignore(String... names) {
        asked.addAll(List.of(names));
        return this;
    }

    Refusal refused(String name, String expected) {
        return new Refusal(path(name), Refusal.found(fields.get(name)), expected);
    }

    /** Ends the reading. */
    void end() {
        for (Object name : fields.keySet()) {
            if (!asked.contains(name)) {
                throw new Refusal(path(MessageText.value(name)), null, "is a field that is not known here");
            }
        }
    }
}
