/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where the characters that a reader sees begin and end (extended grapheme clusters). */
final class Graphemes {

    private static final Pattern CLUSTER = Pattern.compile("\\X");

    /** Below it characters stand alone, but for a carriage return before a line feed. */
    private static final int FIRST_JOINING = 0x300;

    private Graphemes() {}

    /** Gets the parts of a text, one after the other. */
    @FunctionalInterface
    interface Parts {
        void add(int start, int end);
    }

    /** The clusters of a text, as indices of its code points. */
    static void each(AlignedText text, Parts parts) {
        boolean plain = true;
        for (int i = 0; i < text.length() && plain; i++) {
            plain = text.at(i) < FIRST_JOINING;
        }
        if (plain) {
            eachPlain(text, parts);
            return;
        }
        String whole = text.text();
        Matcher clusters = CLUSTER.matcher(whole);
        int at = 0;
        while (clusters.find()) {
            int count = whole.codePointCount(clusters.start(), clusters.end());
            parts.add(at, at + count);
            at += count;
        }
    }

    private static void eachPlain(AlignedText text, Parts parts) {
        for (int i = 0; i < text.length(); i++) {
            boolean both = text.at(i) == '\r' && i + 1 < text.length() && text.at(i + 1) == '\n';
            parts.add(i, both ? i + 2 : i + 1);
            i += both ? 1 : 0;
        }
    }
}
