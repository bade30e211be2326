/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.advice;

import java.text.Normalizer;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.lora4j.error.ClosestNames;

/**
 * Texts without what a copy may differ in: case, spaces, punctuation, forms of one character.
 *
 * @apiNote Status: internal
 */
public final class PlainText {

    /** Beyond this, edits are counted in the beginning only: the work grows with the square. */
    private static final int LONGEST = 400;

    private static final Pattern BETWEEN_WORDS = Pattern.compile("[\\p{P}\\p{Z}\\p{C}\\s]+");

    private PlainText() {}

    /**
     * A text in plain words.
     *
     * @param text any text
     * @return its words in lower case with a space between them; the text itself where it has none, such as {@code "?!"}
     */
    public static String of(String text) {
        String compatible = Normalizer.normalize(text, Normalizer.Form.NFKC).toLowerCase(Locale.ROOT);
        String plain = BETWEEN_WORDS.matcher(compatible).replaceAll(" ").strip();
        return plain.isEmpty() ? text : plain;
    }

    /**
     * The words of a plain text.
     *
     * @param plain as of {@link #of}
     * @return one or more
     */
    public static List<String> words(String plain) {
        return List.of(plain.split(" "));
    }

    /**
     * How much of two plain texts is the same.
     *
     * @param a a plain text
     * @param b another
     * @return 1 minus the number of edits for each character of the longer one
     */
    public static double likeness(String a, String b) {
        int longest = Math.max(a.length(), b.length());
        int shortest = Math.min(a.length(), b.length());
        if (longest == 0 || 2 * shortest < longest) {
            return longest == 0 ? 1 : 0;
        }
        String first = a.substring(0, Math.min(LONGEST, a.length()));
        String second = b.substring(0, Math.min(LONGEST, b.length()));
        return 1 - (double) ClosestNames.distance(first, second) / Math.max(first.length(), second.length());
    }
}
