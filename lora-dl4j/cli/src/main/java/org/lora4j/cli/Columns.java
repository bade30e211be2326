/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

/** A name with words behind it that stay in their column. */
final class Columns {

    private Columns() {}

    static String line(String name, int column, String words, int width) {
        StringBuilder text = new StringBuilder(name);
        pad(text, column, text.length());
        int room = Math.max(column + 20, width - 1);
        int at = Math.max(column, name.length());
        boolean first = true;
        for (String word : words.split(" ")) {
            if (!first && at + 1 + word.length() > room) {
                text.append('\n');
                pad(text, column, 0);
                at = column;
                first = true;
            }
            text.append(first ? "" : " ").append(word);
            at += word.length() + (first ? 0 : 1);
            first = false;
        }
        return text.append('\n').toString();
    }

    private static void pad(StringBuilder text, int column, int from) {
        if (column > 0 && from >= column) {
            text.append(' ');
        }
        text.append(" ".repeat(Math.max(0, column - from)));
    }
}
