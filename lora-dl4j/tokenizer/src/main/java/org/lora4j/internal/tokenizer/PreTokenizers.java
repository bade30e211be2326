/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.lora4j.internal.tokenizer.expression.RegularExpression;
import org.lora4j.internal.tokenizer.expression.UnsupportedExpressionException;

/** Pre-tokenizers by the names that files have for them. */
final class PreTokenizers {

    private static final Map<String, Function<Part, PreTokenizer>> KINDS = Map.ofEntries(
            Map.entry("BertPreTokenizer", part -> pieces -> pieces.split(PreTokenizers::bert)),
            Map.entry("ByteLevel", PreTokenizers::byteLevel),
            Map.entry("Metaspace", part -> Metaspace.of(part)),
            Map.entry("Whitespace", part -> pieces -> pieces.split(PreTokenizers::words)),
            Map.entry("WhitespaceSplit", part -> splitting(TextPattern.each(Letters::isSpace), SplitBehavior.REMOVED)),
            Map.entry("Split", PreTokenizers::split),
            Map.entry(
                    "Digits",
                    part -> splitting(
                            TextPattern.each(Letters::isNumber),
                            part.flag("individual_digits") ? SplitBehavior.ISOLATED : SplitBehavior.CONTIGUOUS)),
            Map.entry(
                    "Punctuation",
                    part -> splitting(
                            TextPattern.each(Letters::isPunctuation),
                            part.choice("behavior", SplitBehavior.NAMES, SplitBehavior.ISOLATED))),
            Map.entry("CharDelimiterSplit", PreTokenizers::delimiter),
            Map.entry("FixedLength", PreTokenizers::fixedLength),
            Map.entry("Sequence", part -> sequence(part.parts("pretokenizers"))));

    private PreTokenizers() {}

    static PreTokenizer of(Part part) {
        return Kinds.read(part, KINDS);
    }

    private static PreTokenizer sequence(List<Part> parts) {
        List<PreTokenizer> cuts = new ArrayList<>();
        parts.forEach(part -> cuts.add(of(part)));
        return pieces -> cuts.forEach(each -> each.cut(pieces));
    }

    private static PreTokenizer splitting(TextPattern pattern, SplitBehavior behavior) {
        return pieces -> pieces.split((text, parts) -> behavior.split(text, pattern, false, parts));
    }

    private static PreTokenizer split(Part part) {
        TextPattern pattern = TextPattern.of(part, "pattern");
        SplitBehavior behavior = part.choice("behavior", SplitBehavior.NAMES, null);
        boolean inverted = part.flag("invert");
        return pieces -> pieces.split((text, parts) -> behavior.split(text, pattern, inverted, parts));
    }

    private static PreTokenizer delimiter(Part part) {
        int delimiter = part.character("delimiter");
        return splitting(TextPattern.each(point -> point == delimiter), SplitBehavior.REMOVED);
    }

    private static PreTokenizer fixedLength(Part part) {
        int length = part.whole("length", 1, Integer.MAX_VALUE, 5);
        return pieces -> pieces.split((text, parts) -> {
            for (int at = text.from(); at < text.to(); at += Math.min(length, text.to() - at)) {
                parts.accept(text.slice(at, at + Math.min(length, text.to() - at)));
            }
        });
    }

    /** Words between blanks, and each sign by itself. */
    private static void bert(AlignedText text, Consumer<AlignedText> parts) {
        int[] points = text.points();
        int start = text.from();
        for (int at = text.from(); at < text.to(); at++) {
            int point = points[at];
            if (point < 0x80 ? isPlain(point) : !Letters.isSpace(point) && !Letters.isPunctuation(point)) {
                continue;
            }
            parts.accept(text.slice(start, at));
            start = at + 1;
            if (!Letters.isSpace(point)) {
                parts.accept(text.slice(at, at + 1));
            }
        }
        parts.accept(text.slice(start, text.to()));
    }

    private static boolean isPlain(int point) {
        return point >= 'a' && point <= 'z'
                || point >= 'A' && point <= 'Z'
                || point >= '0' && point <= '9'
                || !Letters.isSpace(point) && !Letters.isPunctuation(point);
    }

    /** Runs of letters and digits, and runs of signs. */
    private static void words(AlignedText text, Consumer<AlignedText> parts) {
        int[] points = text.points();
        int at = text.from();
        while (at < text.to()) {
            int start = at;
            boolean word = Letters.isOfWord(points[at]);
            boolean blank = Letters.isSpace(points[at]);
            while (at < text.to() && Letters.isOfWord(points[at]) == word && Letters.isSpace(points[at]) == blank) {
                at++;
            }
            if (!blank) {
                parts.accept(text.slice(start, at));
            }
        }
    }

    /** The expression of GPT-2. */
    private static final class Gpt2 {

        private static final RegularExpression WORDS = words();

        private static RegularExpression words() {
            try {
                return RegularExpression.compile(
                        "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");
            } catch (UnsupportedExpressionException e) {
                throw new IllegalStateException("the expression of GPT-2 is not read", e);
            }
        }
    }

    private static PreTokenizer byteLevel(Part part) {
        part.ignore("trim_offsets");
        boolean prefix = part.flag("add_prefix_space");
        boolean words = part.flag("use_regex", true);
        TextPattern pattern = (text, matches) -> Gpt2.WORDS.find(text.points(), text.from(), text.to(), matches);
        return pieces -> {
            pieces.split((text, parts) -> {
                boolean begins = !prefix || !text.isEmpty() && text.at(0) == ' ';
                AlignedText whole = begins ? text : Normalizers.prepended(text, " ");
                if (words) {
                    SplitBehavior.ISOLATED.split(whole, pattern, false, parts);
                } else {
                    parts.accept(whole);
                }
            });
            pieces.map(ByteLevel::bytes);
        };
    }
}
