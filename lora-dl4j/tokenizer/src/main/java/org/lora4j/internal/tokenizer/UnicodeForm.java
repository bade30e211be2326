/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.lora4j.internal.tokenizer.expression.CodePointSet;
import org.lora4j.internal.tokenizer.expression.UnicodeSets;

/**
 * The normalization forms of Unicode with the places of what they made. Which characters have a decomposition, and their
 * combining classes, are those that Hugging Face's library knows (Unicode 9); the decompositions themselves never change and
 * are Java's.
 */
enum UnicodeForm implements Normalizer {
    /** Canonical decomposition. */
    NFD(java.text.Normalizer.Form.NFD, false),
    /** Compatibility decomposition. */
    NFKD(java.text.Normalizer.Form.NFKD, false),
    /** Canonical decomposition and composition. */
    NFC(java.text.Normalizer.Form.NFD, true),
    /** Compatibility decomposition and canonical composition. */
    NFKC(java.text.Normalizer.Form.NFKD, true);

    /** The first character that is decomposed; a letter of Latin-1 with an accent, decomposed, is composed again. */
    private static final int FIRST_DECOMPOSED = 0xA0;

    private static final int FIRST_COMPOSED = 0x300;

    private static final int NONE = -1;

    private final java.text.Normalizer.Form form;
    private final boolean composes;
    private final Map<Integer, int[]> decompositions = new ConcurrentHashMap<>();

    UnicodeForm(java.text.Normalizer.Form form, boolean composes) {
        this.form = form;
        this.composes = composes;
    }

    private static final class Tables {
        private static final CodePointSet DECOMPOSED = UnicodeSets.get("normalization.decomposed");
        private static final Map<Integer, Integer> CLASSES = UnicodeSets.table("normalization.class");
    }

    @Override
    public AlignedText normalize(AlignedText text) {
        boolean plain = true;
        for (int i = 0; i < text.length() && plain; i++) {
            plain = text.at(i) < (this == NFC ? FIRST_COMPOSED : FIRST_DECOMPOSED);
        }
        if (plain) {
            return text;
        }
        TextBuilder made = new TextBuilder(text);
        Sink sink = composes ? new Composer(made) : made::change;
        decompose(text, sink);
        if (sink instanceof Composer composer) {
            composer.end();
        }
        return made.text();
    }

    /** Gets characters with what they change. */
    @FunctionalInterface
    private interface Sink {
        void add(int point, int change);
    }

    private void decompose(AlignedText text, Sink sink) {
        Pending pending = new Pending(sink);
        for (int i = 0; i < text.length(); i++) {
            int point = text.at(i);
            if (point < FIRST_DECOMPOSED || !Tables.DECOMPOSED.contains(point)) {
                pending.add(point, 0);
            } else {
                int[] parts = decompositions.computeIfAbsent(point, this::decomposition);
                for (int j = 0; j < parts.length; j++) {
                    pending.add(parts[j], j == 0 ? 0 : 1);
                }
            }
        }
        pending.flush();
    }

    private int[] decomposition(int point) {
        return java.text.Normalizer.normalize(Character.toString(point), form)
                .codePoints()
                .toArray();
    }

    private static int combiningClass(int point) {
        return point < 0x300 ? 0 : Tables.CLASSES.getOrDefault(point, 0);
    }

    /** Marks behind a character, which are sorted by class and given when the next one begins. */
    private static final class Pending {

        private final Sink sink;

        /** Class, change and character of each in one number; sorted by the class alone, as it stands in front. */
        private long[] marks = new long[8];

        private int count;

        Pending(Sink sink) {
            this.sink = sink;
        }

        void add(int point, int change) {
            int combining = combiningClass(point);
            if (combining == 0) {
                flush();
                sink.add(point, change);
                return;
            }
            if (count == marks.length) {
                marks = Arrays.copyOf(marks, 2 * count);
            }
            // The position keeps the order within a class.
            marks[count] = (long) combining << 54 | (long) count << 22 | (long) change << 21 | point;
            count++;
        }

        void flush() {
            if (count > 1) {
                Arrays.sort(marks, 0, count);
            }
            for (int i = 0; i < count; i++) {
                sink.add((int) (marks[i] & 0x1FFFFF), (int) (marks[i] >> 21 & 1));
            }
            count = 0;
        }
    }

    /** Puts characters together again; a mark that is blocked from its letter by another one stays. */
    private static final class Composer implements Sink {

        private final TextBuilder made;
        private int[] marks = new int[8];
        private int count;
        private int letter = NONE;
        private int letterChange;
        private int lastClass = NONE;

        Composer(TextBuilder made) {
            this.made = made;
        }

        @Override
        public void add(int point, int change) {
            int combining = combiningClass(point);
            if (letter == NONE) {
                if (combining != 0) {
                    made.change(point, change);
                } else {
                    letter = point;
                    letterChange = change;
                }
                return;
            }
            boolean blocked = lastClass != NONE && lastClass >= combining;
            int composed = blocked ? NONE : composition(letter, point);
            if (composed != NONE) {
                letter = composed;
                letterChange += change - 1;
            } else if (combining == 0) {
                end();
                letter = point;
                letterChange = change;
            } else {
                if (2 * count == marks.length) {
                    marks = Arrays.copyOf(marks, 4 * count);
                }
                marks[2 * count] = point;
                marks[2 * count + 1] = change;
                count++;
                lastClass = combining;
            }
        }

        void end() {
            if (letter != NONE) {
                made.change(letter, letterChange);
            }
            for (int i = 0; i < count; i++) {
                made.change(marks[2 * i], marks[2 * i + 1]);
            }
            count = 0;
            letter = NONE;
            lastClass = NONE;
        }
    }

    /** The character that two are together, or {@link #NONE}. */
    private static int composition(int first, int second) {
        if (second < 0x300) {
            return NONE;
        }
        return Hangul.isPart(second)
                ? Hangul.composition(first, second)
                : Compositions.TABLE.getOrDefault((long) first << 32 | second, NONE);
    }

    /** Pairs of characters that are one; those of Hangul are computed. */
    private static final class Compositions {

        private static final Map<Long, Integer> TABLE = new HashMap<>();

        static {
            int[] changes = Tables.DECOMPOSED.changes();
            for (int i = 0; i < changes.length; i += 2) {
                for (int point = changes[i]; point < changes[i + 1]; point++) {
                    if (point < Hangul.FIRST || point > Hangul.LAST) {
                        put(point);
                    }
                }
            }
        }

        private static void put(int point) {
            String whole = Character.toString(point);
            int[] parts = canonical(whole).codePoints().toArray();
            // Those that Unicode keeps apart are taken apart again by Java.
            if (parts.length > 1 && composed(whole).equals(whole)) {
                int[] first = composed(new String(parts, 0, parts.length - 1))
                        .codePoints()
                        .toArray();
                if (first.length == 1) {
                    TABLE.put((long) first[0] << 32 | parts[parts.length - 1], point);
                }
            }
        }

        private static String composed(String text) {
            return java.text.Normalizer.normalize(text, java.text.Normalizer.Form.NFC);
        }
    }

    /** Syllables of Korean, which are numbered by their letters (Unicode, section 3.12). */
    private static final class Hangul {

        static final int FIRST = 0xAC00;
        static final int LAST = 0xD7A3;
        private static final int LEADING = 0x1100;
        private static final int VOWEL = 0x1161;
        private static final int TRAILING = 0x11A7;
        private static final int VOWELS = 21;
        private static final int TRAILINGS = 28;

        static boolean isPart(int point) {
            return point >= VOWEL && point < TRAILING + TRAILINGS;
        }

        static int composition(int first, int second) {
            int vowel = second - VOWEL;
            int leading = first - LEADING;
            if (vowel < VOWELS) {
                return leading >= 0 && leading < 19 ? FIRST + (leading * VOWELS + vowel) * TRAILINGS : NONE;
            }
            boolean open = first >= FIRST && first <= LAST && (first - FIRST) % TRAILINGS == 0;
            return open && second > TRAILING ? first + second - TRAILING : NONE;
        }
    }

    private static String canonical(String text) {
        return java.text.Normalizer.normalize(text, java.text.Normalizer.Form.NFD);
    }
}
