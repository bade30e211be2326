/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.Map;
import org.lora4j.internal.tokenizer.expression.CodePointSet;
import org.lora4j.internal.tokenizer.expression.UnicodeSets;

/** Kinds of characters as Hugging Face's library and the language that it is written in have them. */
final class Letters {

    private static final CodePointSet SPACES = CodePointSet.ofRanges(
            0x09, 0x0D, 0x20, 0x20, 0x85, 0x85, 0xA0, 0xA0, 0x1680, 0x1680, 0x2000, 0x200A, 0x2028, 0x2029, 0x202F,
            0x202F, 0x205F, 0x205F, 0x3000, 0x3000);

    /** Ideographs around which models of BERT's kind put blanks; a mistake in the fifth range is BERT's own. */
    private static final CodePointSet IDEOGRAPHS = CodePointSet.ofRanges(
            0x4E00, 0x9FFF, 0x3400, 0x4DBF, 0x20000, 0x2A6DF, 0x2A700, 0x2B73F, 0x2B740, 0x2B81F, 0x2B920, 0x2CEAF,
            0xF900, 0xFAFF, 0x2F800, 0x2FA1F);

    private Letters() {}

    /** Sets that not every tokenizer needs. */
    private static final class Other {
        private static final CodePointSet OTHER = UnicodeSets.get("categories.other");
        private static final CodePointSet NONSPACING = UnicodeSets.get("categories.nonspacing");
    }

    private static final class Punctuation {
        private static final CodePointSet SET = UnicodeSets.get("categories.punctuation");
    }

    private static final class Marks {
        private static final CodePointSet SET = UnicodeSets.get("normalization.mark");
    }

    private static final class Words {
        private static final CodePointSet SET = UnicodeSets.get("rust.word");
    }

    private static final class Numbers {
        private static final CodePointSet SET = UnicodeSets.get("rust.numeric");
    }

    private static final class LowerCase {
        private static final Map<Integer, Integer> TABLE = UnicodeSets.table("rust.lower");
    }

    static boolean isSpace(int point) {
        return SPACES.contains(point);
    }

    static boolean isIdeograph(int point) {
        return IDEOGRAPHS.contains(point);
    }

    /** Control, format and private characters. */
    static boolean isOther(int point) {
        return Other.OTHER.contains(point);
    }

    /** Combining marks of all kinds. */
    static boolean isMark(int point) {
        return Marks.SET.contains(point);
    }

    static boolean isNonspacing(int point) {
        return Other.NONSPACING.contains(point);
    }

    static boolean isPunctuation(int point) {
        return Punctuation.SET.contains(point);
    }

    static boolean isOfWord(int point) {
        return Words.SET.contains(point);
    }

    static boolean isNumber(int point) {
        return Numbers.SET.contains(point);
    }

    /** The lower case of a character that has one of a single character. */
    static int lower(int point) {
        if (point < 0x80) {
            return point >= 'A' && point <= 'Z' ? point + 0x20 : point;
        }
        Integer known = LowerCase.TABLE.get(point);
        return known == null ? Character.toLowerCase(point) : known;
    }
}
