/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

/**
 * Finds a text in others in time that is linear in both, whatever they are: {@code String.indexOf} compares the whole needle
 * at each place of {@code 'a' * 100000} where it looks for {@code 'a' * 50000 + 'b'}.
 *
 * <p>Source: Knuth, Morris and Pratt 1977, Fast pattern matching in strings.
 */
final class Needle {

    /** Up to this length, the search of the JDK compares few characters at each place, and is faster. */
    private static final int SHORT = 4;

    private final String needle;
    private final Scope scope;

    /** For each beginning of the needle, the length of the longest shorter one that it ends with; null for short ones. */
    private final int[] borders;

    /** Whether texts are read from their ends. */
    private final boolean backwards;

    private Needle(String needle, boolean backwards, Scope scope) {
        this.needle = needle;
        this.backwards = backwards;
        this.scope = scope;
        scope.spend(2L * needle.length());
        this.borders = needle.length() <= SHORT ? null : borders();
    }

    /** What finds the first place of a text. */
    static Needle first(String needle, Scope scope) {
        return new Needle(needle, false, scope);
    }

    /** What finds the last place of a text. */
    static Needle last(String needle, Scope scope) {
        return new Needle(needle, true, scope);
    }

    private char at(String text, int index) {
        return text.charAt(backwards ? text.length() - 1 - index : index);
    }

    private int[] borders() {
        int[] lengths = new int[needle.length()];
        for (int i = 1, length = 0; i < lengths.length; i++) {
            while (length > 0 && at(needle, i) != at(needle, length)) {
                length = lengths[length - 1];
            }
            length += at(needle, i) == at(needle, length) ? 1 : 0;
            lengths[i] = length;
        }
        return lengths;
    }

    /** Where the needle begins in a text, at the earliest at a place; below 0 if nowhere. Only of what finds the first. */
    int in(String text, int from) {
        int place = borders == null ? text.indexOf(needle, from) : search(text, from, text.length());
        scope.spend((place < 0 ? text.length() : place + needle.length()) - Math.min(from, text.length()));
        return place;
    }

    /** Where the needle begins that ends at the latest at a place; below 0 if nowhere. Only of what finds the last. */
    int before(String text, int end) {
        int place;
        if (borders == null) {
            place = text.lastIndexOf(needle, end - needle.length());
        } else {
            int read = search(text, text.length() - end, text.length());
            place = read < 0 ? -1 : text.length() - read - needle.length();
        }
        scope.spend(end - Math.max(place, 0));
        return place;
    }

    /** By indices in the order of reading. */
    private int search(String text, int from, int end) {
        int matched = 0;
        for (int i = from; i < end; i++) {
            while (matched > 0 && at(text, i) != at(needle, matched)) {
                matched = borders[matched - 1];
            }
            matched += at(text, i) == at(needle, matched) ? 1 : 0;
            if (matched == needle.length()) {
                return i - matched + 1;
            }
        }
        return -1;
    }
}
