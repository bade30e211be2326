/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

/**
 * A text that the filters {@code safe} and {@code escape} give. What is added to it by {@code +} is escaped for HTML first, as
 * in Jinja2; for everything else it is its text.
 *
 * @param text the text
 */
record Markup(String text) {

    /** The value without the mark. */
    static Object plain(Object value) {
        return value instanceof Markup markup ? markup.text() : value;
    }

    static Markup escape(Object value, Scope scope) {
        if (value instanceof Markup markup) {
            return markup;
        }
        StringBuilder escaped = new StringBuilder();
        for (char unit : Values.text(value, scope.budget()).toCharArray()) {
            String spelled = switch (unit) {
                case '&' -> "&amp;";
                case '<' -> "&lt;";
                case '>' -> "&gt;";
                case '\'' -> "&#39;";
                case '"' -> "&#34;";
                default -> String.valueOf(unit);
            };
            scope.spend(spelled.length());
            escaped.append(spelled);
        }
        return new Markup(escaped.toString());
    }
}
