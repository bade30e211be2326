/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.util.List;

/**
 * A text that the filters {@code safe} and {@code escape} give. What is added to it by {@code +} is escaped for HTML first, as
 * in Jinja2; for everything else it is its text.
 *
 * @param text the text
 */
record Markup(String text) {

    private static final List<String> SPELLED = List.of("&amp;", "&lt;", "&gt;", "&#39;", "&#34;");

    /** The value without the mark. */
    static Object plain(Object value) {
        return value instanceof Markup markup ? markup.text() : value;
    }

    static Markup escape(Object value, Scope scope) {
        if (value instanceof Markup markup) {
            return markup;
        }
        StringBuilder escaped = new StringBuilder();
        String text = Values.text(value, scope.budget());
        scope.spend(text.length());
        for (int at = 0; at < text.length(); at++) {
            char unit = text.charAt(at);
            int special = "&<>'\"".indexOf(unit);
            if (special < 0) {
                escaped.append(unit);
            } else {
                scope.spend(Budget.ELEMENT);
                escaped.append(SPELLED.get(special));
            }
        }
        return new Markup(escaped.toString());
    }
}
