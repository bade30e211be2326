/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.util.List;
import java.util.Map;

/**
 * What a call is given.
 *
 * @param positional values by position
 * @param named values by name
 */
record CallArguments(List<Object> positional, Map<String, Object> named) {

    static final CallArguments NONE = new CallArguments(List.of(), Map.of());

    /** The value at a position or of a name; the fallback where neither is given. */
    Object get(int position, String name, Object fallback) {
        if (position < positional.size()) {
            return positional.get(position);
        }
        return named.containsKey(name) ? named.get(name) : fallback;
    }

    Object required(int position, String name) {
        if (position >= positional.size() && !named.containsKey(name)) {
            throw TemplateFailure.value("a call lacks its argument '" + name + "'");
        }
        return get(position, name, null);
    }

    String text(int position, String name) {
        return Values.requireText(required(position, name));
    }

    /** A text that may be missing or none, which is null. */
    String textOrNull(int position, String name) {
        Object value = get(position, name, null);
        return value == null ? null : Values.requireText(value);
    }

    long integer(int position, String name, long fallback) {
        return Values.requireInteger(get(position, name, fallback));
    }

    boolean flag(int position, String name, boolean fallback) {
        return Values.isTrue(get(position, name, fallback));
    }

    /** The arguments behind the first so many. */
    CallArguments from(int position) {
        return new CallArguments(positional.subList(Math.min(position, positional.size()), positional.size()), named);
    }
}
