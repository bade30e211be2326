/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Normalizers by the names that files have for them. */
final class Normalizers {

    private static final Map<String, Function<Part, Normalizer>> KINDS = Map.ofEntries(
            Map.entry("BertNormalizer", Normalizers::bert),
            Map.entry("NFC", part -> UnicodeForm.NFC),
            Map.entry("NFD", part -> UnicodeForm.NFD),
            Map.entry("NFKC", part -> UnicodeForm.NFKC),
            Map.entry("NFKD", part -> UnicodeForm.NFKD),
            Map.entry("Lowercase", part -> Normalizers::lower),
            Map.entry("StripAccents", part -> Normalizer.removing(point -> point >= 0x300 && Letters.isMark(point))),
            Map.entry("Strip", Normalizers::strip),
            Map.entry("Replace", Normalizers::replace),
            Map.entry("Prepend", Normalizers::prepend),
            Map.entry(
                    "Precompiled",
                    part -> Charsmap.of(part.where() + ".precompiled_charsmap", part.text("precompiled_charsmap"))),
            Map.entry("Nmt", part -> Normalizers::nmt),
            Map.entry("ByteLevel", part -> ByteLevel::bytes),
            Map.entry("Sequence", part -> sequence(part.parts("normalizers"))));

    private static final Normalizer NMT_REMOVES = Normalizer.removing(point -> point >= 0x01 && point <= 0x08
            || point == 0x0B
            || point >= 0x0E && point <= 0x1F
            || point == 0x7F
            || point == 0x8F
            || point == 0x9F);

    private static final Normalizer NMT_BLANKS = Normalizer.mapping(point -> switch (point) {
        case 0x09,
                0x0A,
                0x0C,
                0x0D,
                0x1680,
                0x200B,
                0x200C,
                0x200D,
                0x200E,
                0x200F,
                0x2028,
                0x2029,
                0x2581,
                0xFEFF,
                0xFFFD -> ' ';
        default -> point;
    });

    private Normalizers() {}

    static Normalizer of(Part part) {
        return Kinds.read(part, KINDS);
    }

    private static Normalizer sequence(List<Part> parts) {
        List<Normalizer> normalizers = new ArrayList<>();
        parts.forEach(part -> normalizers.add(of(part)));
        return text -> {
            AlignedText made = text;
            for (Normalizer normalizer : normalizers) {
                made = normalizer.normalize(made);
            }
            return made;
        };
    }

    private static Normalizer bert(Part part) {
        boolean clean = part.flag("clean_text");
        boolean ideographs = part.flag("handle_chinese_chars");
        boolean lower = part.flag("lowercase");
        boolean accents = part.flag("strip_accents", lower);
        return text -> {
            AlignedText made = text;
            if (isPlain(text)) {
                // Nothing but lower case can change it.
                return lower ? lower(made) : made;
            }
            if (clean) {
                made = cleaned(made);
            }
            if (ideographs) {
                made = spaced(made);
            }
            if (accents) {
                made = Normalizer.removing(point -> point >= 0x300 && Letters.isNonspacing(point))
                        .normalize(UnicodeForm.NFD.normalize(made));
            }
            return lower ? lower(made) : made;
        };
    }

    private static boolean isPlain(AlignedText text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.at(i) < ' ' || text.at(i) > '~') {
                return false;
            }
        }
        return true;
    }

    private static AlignedText cleaned(AlignedText text) {
        TextBuilder made = new TextBuilder(text);
        for (int i = 0; i < text.length(); i++) {
            int point = text.at(i);
            boolean blank = point == '\t' || point == '\n' || point == '\r';
            if (point == 0 || point == 0xFFFD || !blank && Letters.isOther(point)) {
                made.skip(1);
            } else {
                made.replace(blank || Letters.isSpace(point) ? ' ' : point);
            }
        }
        return made.text();
    }

    private static AlignedText spaced(AlignedText text) {
        TextBuilder made = new TextBuilder(text);
        for (int i = 0; i < text.length(); i++) {
            int point = text.at(i);
            if (Letters.isIdeograph(point)) {
                made.replace(' ');
                made.insert(point);
                made.insert(' ');
            } else {
                made.replace(point);
            }
        }
        return made.text();
    }

    private static AlignedText lower(AlignedText text) {
        boolean low = true;
        for (int i = 0; i < text.length() && low; i++) {
            int point = text.at(i);
            low = point < 0x80 && (point < 'A' || point > 'Z');
        }
        if (low) {
            return text;
        }
        TextBuilder made = new TextBuilder(text);
        for (int i = 0; i < text.length(); i++) {
            int point = text.at(i);
            if (point == 0x130) {
                // The only letter whose lower case is two: i, and a dot above.
                made.replace('i');
                made.insert(0x307);
            } else {
                made.replace(Letters.lower(point));
            }
        }
        return made.text();
    }

    private static AlignedText nmt(AlignedText text) {
        return NMT_BLANKS.normalize(NMT_REMOVES.normalize(text));
    }

    private static Normalizer strip(Part part) {
        boolean left = part.flag("strip_left");
        boolean right = part.flag("strip_right");
        return text -> {
            int start = 0;
            int end = text.length();
            while (left && start < end && Letters.isSpace(text.at(start))) {
                start++;
            }
            while (right && end > start && Letters.isSpace(text.at(end - 1))) {
                end--;
            }
            if (start == 0 && end == text.length()) {
                return text;
            }
            TextBuilder made = new TextBuilder(text);
            made.skip(start);
            made.copy(end);
            return made.text();
        };
    }

    private static Normalizer replace(Part part) {
        TextPattern pattern = TextPattern.of(part, "pattern");
        int[] content = part.text("content").codePoints().toArray();
        return text -> {
            TextBuilder made = new TextBuilder(text);
            pattern.find(text, (start, end) -> {
                made.copy(start - text.from());
                made.skip(end - start);
                for (int point : content) {
                    made.insert(point);
                }
            });
            made.copy(text.length());
            return made.text();
        };
    }

    private static Normalizer prepend(Part part) {
        String prefix = part.text("prepend");
        if (prefix.isEmpty()) {
            throw part.refused("prepend", "expected a text of one character or more");
        }
        return text -> prepended(text, prefix);
    }

    /** Characters before a text, which belong to its first one; an empty text stays empty. */
    static AlignedText prepended(AlignedText text, String prefix) {
        if (text.isEmpty()) {
            return text;
        }
        TextBuilder made = new TextBuilder(text);
        int[] points = prefix.codePoints().toArray();
        made.replace(points[0]);
        for (int i = 1; i < points.length; i++) {
            made.insert(points[i]);
        }
        made.insert(text.at(0));
        made.copy(text.length());
        return made.text();
    }
}
