/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import ai.djl.huggingface.tokenizers.Encoding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.internal.tokenizer.expression.UnicodeSets;

/**
 * Writes {@code unicode.txt}, the sets of code points by which texts are tokenized, by asking Hugging Face's library about each
 * code point. Run it by hand where the library is on the class path; its only argument is the file.
 */
final class UnicodeFileMaker {

    /** A character that nothing changes, between those that are asked about. */
    private static final String MARK = "\u4E02";

    private static final int BLOCK = 2_048;

    private static final List<String> CATEGORIES = List.of(
            "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po",
            "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co");

    private static final List<String> POSIX = List.of(
            "alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
            "xdigit");

    private static final List<String> SCRIPTS = List.of(
            "Arabic",
            "Armenian",
            "Bengali",
            "Bopomofo",
            "Common",
            "Cyrillic",
            "Devanagari",
            "Ethiopic",
            "Georgian",
            "Greek",
            "Gujarati",
            "Gurmukhi",
            "Han",
            "Hangul",
            "Hebrew",
            "Hiragana",
            "Inherited",
            "Kannada",
            "Katakana",
            "Khmer",
            "Lao",
            "Latin",
            "Malayalam",
            "Mongolian",
            "Myanmar",
            "Sinhala",
            "Tamil",
            "Telugu",
            "Thai",
            "Tibetan");

    private final Map<String, String> lines = new TreeMap<>();

    private UnicodeFileMaker() {}

    public static void main(String[] arguments) throws IOException {
        UnicodeFileMaker maker = new UnicodeFileMaker();
        maker.ask();
        StringBuilder file = new StringBuilder();
        maker.lines.forEach(
                (name, line) -> file.append(name).append(' ').append(line).append('\n'));
        Files.writeString(Path.of(arguments[0]), file);
    }

    /** Whether a code point, between two marks, is of a set; {@code made} is what became of the three. */
    private interface Member {
        boolean test(int point, String made);
    }

    private void ask() throws IOException {
        for (String category : CATEGORIES) {
            put("category." + category.toLowerCase(Locale.ROOT), removedBy("\\\\p{" + category + "}"));
        }
        for (String name : POSIX) {
            put("posix." + name, removedBy("[[:" + name + ":]]"));
        }
        for (String script : SCRIPTS) {
            put("script." + script.toLowerCase(Locale.ROOT), removedBy("\\\\p{" + script + "}"));
        }
        // Oniguruma has its own table of Latin-1 for it, but not between brackets.
        put("escape.word", removedBy("\\\\w"));
        put("posix.space", removedBy("\\\\s"));
        put("posix.digit", removedBy("\\\\d"));
        put("posix.xdigit", removedBy("\\\\h"));
        String clean = "{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":false,"
                + "\"strip_accents\":false,\"lowercase\":false}";
        put("categories.other", normalized(clean, (point, made) -> made.isEmpty()));
        put(
                "categories.nonspacing",
                normalized(
                        clean.replace("\"clean_text\":true", "\"clean_text\":false")
                                .replace("\"strip_accents\":false", "\"strip_accents\":true"),
                        (point, made) -> made.isEmpty()));
        put("normalization.mark", normalized("{\"type\":\"StripAccents\"}", (point, made) -> made.isEmpty()));
        put(
                "normalization.decomposed",
                normalized("{\"type\":\"NFKD\"}", (point, made) -> !made.equals(Character.toString(point))));
        put("categories.punctuation", cutOff("{\"type\":\"Punctuation\",\"behavior\":\"Isolated\"}"));
        put("rust.numeric", cutOff("{\"type\":\"Digits\",\"individual_digits\":true}"));
        BitSet word = cutOff("{\"type\":\"Whitespace\"}");
        word.flip(0, Character.MAX_CODE_POINT + 1);
        word.clear(Character.MIN_SURROGATE, Character.MAX_SURROGATE + 1);
        word.clear(0x40000, 0xE0000);
        word.clear(0xE1000, Character.MAX_CODE_POINT + 1);
        put("rust.word", word);
        lower();
        classes();
    }

    private BitSet removedBy(String expression) throws IOException {
        return normalized(
                "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"" + expression + "\"},\"content\":\"\"}",
                (point, made) -> made.isEmpty());
    }

    /** Asks about all code points; where the mark itself is of a set, it is put back between what stays. */
    private BitSet normalized(String normalizer, Member member) throws IOException {
        BitSet found = new BitSet();
        try (DjlBytes library = new DjlBytes(normalizer, "null")) {
            boolean markStays = library.normalized(MARK).equals(MARK);
            String mark = markStays ? MARK : library.normalized("~").equals("~") ? "~" : "\n";
            for (int block = 0; block <= Character.MAX_CODE_POINT; block += BLOCK) {
                List<Integer> points = new ArrayList<>();
                StringBuilder text = new StringBuilder(mark);
                for (int point = block; point < block + BLOCK; point++) {
                    if (isAsked(point) && point != mark.codePointAt(0)) {
                        points.add(point);
                        text.appendCodePoint(point).append(mark);
                    }
                }
                if (points.isEmpty()) {
                    continue;
                }
                String[] made = library.normalized(text.toString()).split(mark, -1);
                for (int i = 0; i < points.size(); i++) {
                    if (made.length != points.size() + 2) {
                        throw new IllegalStateException(normalizer + ": " + made.length + " parts at " + block);
                    }
                    found.set(points.get(i), member.test(points.get(i), made[i + 1]));
                }
            }
            found.set(mark.codePointAt(0), member.test(mark.codePointAt(0), library.normalized(mark)));
        }
        return filled(found);
    }

    /** Planes without characters are not asked about, and of the two private ones the first character stands for all. */
    private static boolean isAsked(int point) {
        return point < Character.MIN_SURROGATE
                || point > Character.MAX_SURROGATE && point < 0x40000
                || point >= 0xE0000 && point < 0xE1000
                || (point & 0xFFFF) == 0 && point >= 0xF0000;
    }

    private static BitSet filled(BitSet found) {
        for (int plane = 0xF0000; plane <= 0x100000; plane += 0x10000) {
            found.set(plane, plane + 0xFFFE, found.get(plane));
        }
        return found;
    }

    /** Code points that do not stay in one word with the marks beside them. */
    private BitSet cutOff(String preTokenizer) throws IOException {
        BitSet found = new BitSet();
        try (DjlBytes library = new DjlBytes("null", preTokenizer)) {
            for (int block = 0; block <= Character.MAX_CODE_POINT; block += BLOCK) {
                for (int point = block; point < block + BLOCK; point += 64) {
                    cutOff(library, point, found);
                }
            }
        }
        return found;
    }

    /** In words between blanks no pre-tokenizer of these joins: each is asked about with two marks and a line feed. */
    private static void cutOff(DjlBytes library, int first, BitSet found) {
        for (int point = first; point < first + 64; point++) {
            if (!isAsked(point)) {
                continue;
            }
            Encoding encoding = library.encode(MARK + Character.toString(point) + MARK);
            long[] words = encoding.getWordIds();
            found.set(point, words[0] != words[words.length - 1]);
        }
    }

    private void lower() throws IOException {
        StringBuilder line = new StringBuilder();
        try (DjlBytes library = new DjlBytes("{\"type\":\"Lowercase\"}", "null")) {
            for (int point = 0x80; point < 0x1F000; point++) {
                if (point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE) {
                    continue;
                }
                String made = library.normalized(Character.toString(point));
                if (made.codePointCount(0, made.length()) != 1) {
                    if (point != 0x130) {
                        throw new IllegalStateException("lower case of " + point + ": " + made);
                    }
                } else if (made.codePointAt(0) != Character.toLowerCase(point)) {
                    line.append(line.isEmpty() ? "" : " ")
                            .append(Integer.toString(point, 36))
                            .append('=')
                            .append(Integer.toString(made.codePointAt(0), 36));
                }
            }
        }
        lines.put("rust.lower", line.isEmpty() ? "0=0" : line.toString());
    }

    /** Combining classes never change; the library may not know that a character has one. */
    private void classes() throws IOException {
        StringBuilder line = new StringBuilder();
        try (DjlBytes library = new DjlBytes("{\"type\":\"NFD\"}", "null")) {
            for (Map.Entry<Integer, Integer> entry :
                    new TreeMap<>(UnicodeSets.table("normalization.class")).entrySet()) {
                String mark = Character.toString(entry.getKey());
                boolean overlay = entry.getValue() == 1;
                String text = overlay ? "q\u0345" + mark : "q" + mark + "\u0334";
                if (!library.normalized(text).equals(text)) {
                    line.append(line.isEmpty() ? "" : " ")
                            .append(Integer.toString(entry.getKey(), 36))
                            .append('=')
                            .append(Integer.toString(entry.getValue(), 36));
                }
            }
        }
        lines.put("normalization.class", line.toString());
    }

    /** Ranges as {@link UnicodeSets} reads them. */
    private void put(String name, BitSet points) {
        StringBuilder line = new StringBuilder();
        int end = 0;
        for (int first = points.nextSetBit(0); first >= 0; first = points.nextSetBit(end)) {
            int next = points.nextClearBit(first);
            line.append(line.isEmpty() ? "" : " ").append(Integer.toString(first - end, 36));
            if (next > first + 1) {
                line.append('.').append(Integer.toString(next - 1 - first, 36));
            }
            end = next;
        }
        String before = lines.put(name, line.toString());
        if (before != null && !before.equals(line.toString())) {
            throw new IllegalStateException(name + " differs from what its other spelling says");
        }
    }
}
