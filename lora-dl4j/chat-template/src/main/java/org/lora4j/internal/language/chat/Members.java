/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What {@code value.name}, {@code value[key]} and {@code value[from:to:step]} are. */
final class Members {

    /** The member that a value lacks; null is None, which a member may be. */
    static final Object ABSENT = new Object();

    private static final int MOST_SHOWN = 100;

    private Members() {}

    /** Methods come before the keys of a dictionary, as in Jinja2. */
    static Object attribute(Object value, String name, Scope scope) {
        Object member = member(value, name, scope);
        if (member != ABSENT) {
            return member;
        }
        if (value instanceof Map<?, ?> map && Values.holds(map, name, scope.budget())) {
            return map.get(name);
        }
        return missing(value, name);
    }

    /** Keys come before methods. */
    static Object item(Object value, Object key, Scope scope) {
        if (value instanceof Map<?, ?> map && Values.holds(map, key, scope.budget())) {
            return map.get(key);
        }
        if (value instanceof Iteration range && range.isRange()) {
            return item(range.kept(), key, scope);
        }
        if (Values.number(key) instanceof Long index && (value instanceof List || value instanceof String)) {
            long length = Values.length(value, scope);
            long at = index < 0 ? index + length : index;
            if (at < 0 || at >= length) {
                return new Undefined("'" + Values.type(value) + " object' has no element " + index);
            }
            return value instanceof List<?> list
                    ? list.get((int) at)
                    : Texts.substring((String) value, (int) at, (int) at + 1);
        }
        if (value instanceof Undefined undefined) {
            throw undefined.failure();
        }
        Object member = key instanceof String name ? member(value, name, scope) : ABSENT;
        return member != ABSENT ? member : missing(value, key);
    }

    /** The value's own member, not what it holds under the name. */
    static Object member(Object value, String name, Scope scope) {
        if (value instanceof Undefined undefined) {
            throw undefined.failure();
        }
        if (value instanceof Namespace namespace && Values.holds(namespace.variables, name, scope.budget())) {
            return namespace.variables.get(name);
        }
        if (value instanceof Loop loop) {
            return loop.attribute(name);
        }
        return Methods.of(value, name);
    }

    static Object missing(Object value, Object key) {
        // To spell a real or a long integer takes time.
        boolean isShort = key instanceof String || key instanceof Boolean || key instanceof Long;
        String shown = isShort ? key.toString() : Values.type(key);
        // It may be as long as a text of the template's making.
        shown = shown.length() > MOST_SHOWN ? shown.substring(0, MOST_SHOWN) + "..." : shown;
        return new Undefined(
                value == null
                        ? "'None' has no attribute '" + shown + "'"
                        : "'" + Values.type(value) + " object' has no attribute '" + shown + "'");
    }

    /** A part of a text or list; limits and step are null where they are not given. */
    static Object slice(Object value, Object from, Object to, Object step, Scope scope) {
        if (value instanceof Iteration range && range.isRange()) {
            return slice(range.kept(), from, to, step, scope);
        }
        if (!(value instanceof List || value instanceof String)) {
            throw Values.notA("a text or a list", value);
        }
        long by = step == null ? 1 : Values.requireInteger(step);
        if (by == 0) {
            throw TemplateFailure.value("slice step cannot be zero");
        }
        long length = Values.length(value, scope);
        long start = limit(from, by > 0 ? 0 : length - 1, length, by);
        long end = limit(to, by > 0 ? length : -1, length, by);
        if (value instanceof String text && by == 1) {
            scope.spend(end / Budget.READ + Math.max(0, end - start));
            return start < end ? Texts.substring(text, (int) start, (int) end) : "";
        }
        List<Object> all = Values.elements(value, scope);
        List<Object> part = new ArrayList<>();
        for (long at = start; by > 0 ? at < end : at > end; at += by) {
            scope.spend(Budget.ELEMENT);
            part.add(all.get((int) at));
            if (Math.abs(by) > length) {
                break;
            }
        }
        if (value instanceof String) {
            StringBuilder text = new StringBuilder();
            part.forEach(text::append);
            return text.toString();
        }
        return value instanceof Tuple ? new Tuple(part) : part;
    }

    static long limit(Object given, long fallback, long length, long by) {
        if (given == null) {
            return fallback;
        }
        long index = Values.requireInteger(given);
        long at = index < 0 ? index + length : index;
        return by > 0 ? Math.max(0, Math.min(at, length)) : Math.max(-1, Math.min(at, length - 1));
    }
}
