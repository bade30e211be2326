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
        List<String> words = List.of(plain.split(" "));
        // A text of blanks has no parts.
        return words.isEmpty() ? List.of(plain) : words;
    }

    /**
     * Whether much of two plain texts is the same.
     *
     * @param share how many characters of the longer one need no edit, 0.9 for nine in ten
     * @return whether they are as many or more
     */
    public static boolean areAlike(String a, String b, double share) {
        String first = a.substring(0, Math.min(LONGEST, a.length()));
        String second = b.substring(0, Math.min(LONGEST, b.length()));
        int edits = (int) Math.floor((1 - share) * Math.max(first.length(), second.length()) + 1e-9);
        return Math.abs(a.length() - b.length()) <= Math.max(a.length(), b.length()) / 2
                && Math.abs(first.length() - second.length()) <= edits
                && ClosestNames.distance(first, second, edits) <= edits;
    }
}
