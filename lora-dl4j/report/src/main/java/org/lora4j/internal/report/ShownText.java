/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.report;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Texts of strangers as a page may show them: what a reader cannot see, or what turns the direction of what follows, is spelled out;
 * halves of characters are replaced. What was shown once is shown the same the second time.
 *
 * @apiNote Status: internal
 */
public final class ShownText {

    /** Room for what says that a text was cut. */
    private static final int MARK = 40;

    private static final Pattern CUT = Pattern.compile("\u2026 \\([\\d,]{1,14} characters in all\\)$");

    private static final int REPLACEMENT = 0xFFFD;
    private static final int CONTROL_PICTURES = 0x2400;
    private static final int DELETE = 0x7F;

    private ShownText() {}

    /**
     * A text with everything visible.
     *
     * @param text any text, or null
     * @return a text without control characters but line feeds and tabs, marks of direction or halves of characters
     */
    public static String of(String text) {
        if (text == null) {
            return "null";
        }
        int plain = 0;
        while (plain < text.length() && isPlain(text.charAt(plain))) {
            plain++;
        }
        StringBuilder shown = null;
        for (int at = plain; at < text.length(); ) {
            int character = text.codePointAt(at);
            int length = Character.charCount(character);
            String instead = instead(character);
            if (instead != null && shown == null) {
                shown = new StringBuilder(text.length() + 16).append(text, 0, at);
            }
            if (shown != null) {
                shown.append(instead == null ? Character.toString(character) : instead);
            }
            at += length;
        }
        return shown == null ? text : shown.toString();
    }

    /**
     * A text that is cut where it is too long.
     *
     * @param text any text, or null
     * @param most how many characters the result may have, more than {@value #MARK}
     * @return the text, or its start with its whole length
     */
    public static String of(String text, int most) {
        if (text == null) {
            return of(text);
        }
        // What is cut is shown first: a character that is spelled out becomes several, and one that is left out none.
        String shown = of(text.length() <= most ? text : text.substring(0, most));
        if (text.length() <= most && shown.length() <= most) {
            return shown;
        }
        int end = Math.min(most - MARK, shown.length());
        end -= end > 0 && Character.isHighSurrogate(shown.charAt(end - 1)) ? 1 : 0;
        // What was cut before says how long it was before.
        Matcher before = CUT.matcher(text.substring(Math.max(0, text.length() - MARK)));
        return shown.substring(0, end)
                + (before.find()
                        ? before.group()
                        : String.format(Locale.ROOT, "\u2026 (%,d characters in all)", text.length()));
    }

    private static boolean isPlain(char character) {
        return character >= ' ' && character < DELETE || character == '\n' || character == '\t';
    }

    private static String instead(int character) {
        if (character == '\n' || character == '\t') {
            return null;
        }
        if (character == '\r') {
            return "";
        }
        if (character < ' ') {
            return Character.toString(CONTROL_PICTURES + character);
        }
        if (character == DELETE) {
            return "\u2421";
        }
        if (character == 0x2028 || character == 0x2029) {
            return "\n";
        }
        if (turns(character)) {
            return String.format(Locale.ROOT, "[U+%04X]", character);
        }
        boolean nothing = Character.getType(character) == Character.SURROGATE
                || character > DELETE && character < 0xA0
                || character >= 0xFDD0 && character <= 0xFDEF
                || (character & 0xFFFE) == 0xFFFE;
        return nothing ? Character.toString(REPLACEMENT) : null;
    }

    /** Whether a character has no face and turns the direction of others, or is a mark of byte order. */
    private static boolean turns(int character) {
        return character >= 0x202A && character <= 0x202E
                || character >= 0x2066 && character <= 0x2069
                || character == 0x200E
                || character == 0x200F
                || character == 0x061C
                || character == 0xFEFF;
    }
}
