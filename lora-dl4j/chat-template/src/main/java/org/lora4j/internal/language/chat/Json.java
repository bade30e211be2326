/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** The filter {@code tojson} as {@code transformers} has it: Python's {@code json.dumps} with {@code ensure_ascii=False}. */
final class Json {

    private final StringBuilder out = new StringBuilder();
    private final Budget budget;
    private final boolean ascii;
    private final String indent;
    private final String comma;
    private final String colon;
    private final boolean sorted;

    private Json(CallArguments given, Budget budget) {
        this.budget = budget;
        this.ascii = given.flag(0, "ensure_ascii", false);
        Object indentation = given.get(1, "indent", null);
        this.indent = Values.number(indentation) instanceof Long blanks
                ? " ".repeat((int) Math.max(0, Math.min(blanks, 100)))
                : indentation == null ? null : Values.requireText(indentation);
        Object separators = given.get(2, "separators", null);
        if (separators != null && !(separators instanceof List<?> pair && pair.size() == 2)) {
            throw Values.notA("two separators", separators);
        }
        List<?> two = separators == null ? List.of(indent == null ? ", " : ",", ": ") : (List<?>) separators;
        this.comma = Values.requireText(two.get(0));
        this.colon = Values.requireText(two.get(1));
        this.sorted = given.flag(3, "sort_keys", false);
    }

    static String of(Object value, CallArguments given, Budget budget) {
        Json json = new Json(given, budget);
        json.write(value, 0);
        return json.out.toString();
    }

    private void write(Object value, int depth) {
        if (value instanceof Map<?, ?> map) {
            List<Map.Entry<?, ?>> fields = new ArrayList<>(map.entrySet());
            if (sorted) {
                fields.sort((a, b) -> Values.compare(a.getKey(), b.getKey(), budget));
            }
            all('{', '}', fields, depth, field -> {
                text(key(field.getKey()));
                budget.spend(colon.length());
                out.append(colon);
                write(field.getValue(), depth + 1);
            });
        } else if (value instanceof List<?> list) {
            all('[', ']', list, depth, element -> write(element, depth + 1));
        } else if (value instanceof String text) {
            text(text);
        } else if (value == null || Values.isNumber(value)) {
            out.append(scalar(value));
        } else {
            throw value instanceof Undefined undefined
                    ? undefined.failure()
                    : TemplateFailure.value("a value of type '" + Values.type(value) + "' is no JSON");
        }
        budget.spend(Budget.ELEMENT);
    }

    private <T> void all(char open, char close, List<T> elements, int depth, Consumer<T> writer) {
        budget.enter();
        out.append(open);
        String separator = "";
        for (T element : elements) {
            budget.spend(separator.length());
            line(out.append(separator), depth + 1);
            writer.accept(element);
            separator = comma;
        }
        if (!elements.isEmpty()) {
            line(out, depth);
        }
        out.append(close);
        budget.leave();
    }

    private void line(StringBuilder to, int depth) {
        if (indent != null) {
            budget.spend(1 + (long) indent.length() * depth);
            to.append('\n').append(indent.repeat(depth));
        }
    }

    private String key(Object key) {
        if (key instanceof String text) {
            return text;
        }
        if (key == null || Values.isNumber(key)) {
            return scalar(key);
        }
        throw TemplateFailure.value("keys of JSON must be texts or numbers, not '" + Values.type(key) + "'");
    }

    private String scalar(Object value) {
        budget.spend(value instanceof Number number ? Values.spelling(number) : Budget.STEP);
        if (value instanceof Double number && !Double.isFinite(number)) {
            return Double.isNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
        }
        return value instanceof Double number ? Values.repr(number) : String.valueOf(value);
    }

    private void text(String text) {
        budget.spend(text.length());
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char unit = text.charAt(i);
            int simple = "\"\\\n\r\t\f\b".indexOf(unit);
            if (simple >= 0) {
                out.append('\\').append("\"\\nrtfb".charAt(simple));
            } else if (unit < ' ' || ascii && unit > '~') {
                Texts.hexadecimal(unit, 4, out.append("\\u"));
            } else {
                out.append(unit);
            }
        }
        out.append('"');
    }
}
