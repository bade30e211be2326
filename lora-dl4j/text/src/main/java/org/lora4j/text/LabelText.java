/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

/** Labels as people write them into tables: white space around one is no part of it. */
final class LabelText {

    private static final int BYTE_ORDER_MARK = 0xFEFF;

    private LabelText() {}

    /** The label without white space at its ends, also of the kinds that {@link String#strip} leaves: spaces that do not break. */
    static String trimmed(String label) {
        int from = 0;
        int to = label.length();
        while (from < to && isSpace(label.charAt(from))) {
            from++;
        }
        while (from < to && isSpace(label.charAt(to - 1))) {
            to--;
        }
        return label.substring(from, to);
    }

    private static boolean isSpace(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == BYTE_ORDER_MARK;
    }
}
