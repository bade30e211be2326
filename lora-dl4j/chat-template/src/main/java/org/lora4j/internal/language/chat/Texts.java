/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.util.Locale;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;

/** Texts as Python sees them: sequences of code points, with Python's idea of blanks, words and escapes. */
final class Texts {

    /** So many characters are looked for one by one. */
    private static final int FEW = 8;

    /** Punctuation within words that has no case and takes none away: Unicode's MidLetter, MidNumLet and Single_Quote. */
    private static final String IN_WORDS =
            "'.:\u00B7\u0387\u055F\u05F4\u2018\u2019\u2024\u2027\uFE13\uFE52\uFE55\uFF07\uFF0E\uFF1A";

    private Texts() {}

    static boolean isSpace(int character) {
        return Character.isWhitespace(character) || Character.isSpaceChar(character) || character == 0x85;
    }

    /** Python's {@code strip}: without certain characters at its ends. */
    static String strip(String text, IntPredicate strips, boolean start, boolean end) {
        int from = 0;
        int to = text.length();
        while (start && from < to && strips.test(text.codePointAt(from))) {
            from += Character.charCount(text.codePointAt(from));
        }
        while (end && to > from && strips.test(text.codePointBefore(to))) {
            to -= Character.charCount(text.codePointBefore(to));
        }
        return text.substring(from, to);
    }

    static String strip(String text) {
        return strip(text, Texts::isSpace, true, true);
    }

    /** Whether a character is one of those of a text; whether it is a blank if that is null. */
    static IntPredicate oneOf(String characters, Scope scope) {
        if (characters == null) {
            return Texts::isSpace;
        }
        if (characters.length() <= FEW) {
            return character -> characters.indexOf(character) >= 0;
        }
        scope.spend((long) characters.length() * Budget.ELEMENT);
        Set<Integer> all = characters.codePoints().boxed().collect(Collectors.toSet());
        return all::contains;
    }

    static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    /** The characters from one index to another, both within the text, counted in code points. */
    static String substring(String text, int from, int to) {
        int start = text.offsetByCodePoints(0, from);
        return text.substring(start, text.offsetByCodePoints(start, to - from));
    }

    static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }

    static String lower(String text) {
        return withSmallSigmas(text).toLowerCase(Locale.ROOT);
    }

    /** The text with small letters for all capital sigmas, which have another form at the end of a word. */
    private static String withSmallSigmas(String text) {
        if (text.indexOf('Σ') < 0) {
            return text;
        }
        // The JDK looks for the word of each capital sigma anew, which takes quadratic time in a long one.
        StringBuilder sigmas = new StringBuilder(text);
        boolean inWord = false;
        int last = -1;
        for (int at = 0; at < text.length(); at += Character.charCount(text.codePointAt(at))) {
            int character = text.codePointAt(at);
            if (isCaseIgnorable(character)) {
                continue;
            }
            // At the end of a word with a letter before it, a sigma has another form.
            boolean isCased = isCased(character);
            if (last >= 0) {
                sigmas.setCharAt(last, isCased ? 'σ' : 'ς');
            }
            last = character == 'Σ' && inWord ? at : -1;
            if (character == 'Σ' && !inWord) {
                sigmas.setCharAt(at, 'σ');
            }
            inWord = isCased;
        }
        if (last >= 0) {
            sigmas.setCharAt(last, 'ς');
        }
        return sigmas.toString();
    }

    private static boolean isCaseIgnorable(int character) {
        return switch (Character.getType(character)) {
            case Character.NON_SPACING_MARK,
                    Character.ENCLOSING_MARK,
                    Character.FORMAT,
                    Character.MODIFIER_LETTER,
                    Character.MODIFIER_SYMBOL -> true;
            case Character.OTHER_PUNCTUATION, Character.INITIAL_QUOTE_PUNCTUATION, Character.FINAL_QUOTE_PUNCTUATION ->
                IN_WORDS.indexOf(character) >= 0;
            default -> false;
        };
    }

    /** The number of words, made of letters, digits, marks and underscores. */
    static long words(String text) {
        long words = 0;
        boolean inWord = false;
        for (int at = 0; at < text.length(); at += Character.charCount(text.codePointAt(at))) {
            boolean belongs = isInWord(text.codePointAt(at));
            words += belongs && !inWord ? 1 : 0;
            inWord = belongs;
        }
        return words;
    }

    private static boolean isInWord(int character) {
        return switch (Character.getType(character)) {
            case Character.NON_SPACING_MARK,
                    Character.ENCLOSING_MARK,
                    Character.COMBINING_SPACING_MARK,
                    Character.DECIMAL_DIGIT_NUMBER,
                    Character.CONNECTOR_PUNCTUATION -> true;
            default -> Character.isAlphabetic(character) || character == 0x200C || character == 0x200D;
        };
    }

    static boolean isDigits(String text, int from, int to) {
        boolean digits = from < to;
        for (int at = from; digits && at < to; at++) {
            digits = text.charAt(at) >= '0' && text.charAt(at) <= '9';
        }
        return digits;
    }

    static boolean hasCase(String text) {
        return text.codePoints().anyMatch(Texts::isCased);
    }

    private static boolean isCased(int character) {
        return Character.isUpperCase(character) || Character.isLowerCase(character) || Character.isTitleCase(character);
    }

    static String swapped(String text) {
        String small = withSmallSigmas(text);
        StringBuilder swapped = new StringBuilder();
        for (int at = 0; at < text.length(); ) {
            int character = text.codePointAt(at);
            int end = at + Character.charCount(character);
            String letter = text.substring(at, end);
            swapped.append(Character.isUpperCase(character) ? lower(small.substring(at, end)) : upper(letter));
            at = end;
        }
        return swapped.toString();
    }

    static String capitalized(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = Character.charCount(text.codePointAt(0));
        return titleCase(text.substring(0, first)) + lower(withSmallSigmas(text).substring(first));
    }

    /** Python's {@code str.title}: a capital letter behind everything that is no cased letter. */
    static String title(String text) {
        String small = withSmallSigmas(text);
        StringBuilder title = new StringBuilder();
        boolean inWord = false;
        for (int at = 0; at < text.length(); ) {
            int character = text.codePointAt(at);
            String letter = Character.toString(character);
            int end = at + letter.length();
            title.append(inWord ? lower(small.substring(at, end)) : titleCase(letter));
            inWord = isCased(character);
            at = end;
        }
        return title.toString();
    }

    private static String titleCase(String letter) {
        int title = Character.toTitleCase(letter.codePointAt(0));
        // A letter without a title form of its own may become two: ß becomes Ss.
        String upper = upper(letter);
        return title == letter.codePointAt(0) && length(upper) > 1
                ? upper.charAt(0) + lower(upper.substring(1))
                : Character.toString(title);
    }

    /** Jinja's filter {@code title}: a capital letter where the text begins, and behind blanks, hyphens and brackets. */
    static String titleOfWords(String text) {
        StringBuilder title = new StringBuilder();
        for (int at = 0; at < text.length(); ) {
            int first = at + Character.charCount(text.codePointAt(at));
            int end = first;
            boolean separates = separatesWords(text.codePointAt(at));
            while (!separates && end < text.length() && !separatesWords(text.codePointAt(end))) {
                end += Character.charCount(text.codePointAt(end));
            }
            String letter = text.substring(at, first);
            title.append(separates ? lower(letter) : upper(letter)).append(lower(text.substring(first, end)));
            at = end;
        }
        return title.toString();
    }

    private static boolean separatesWords(int character) {
        return isSpace(character) || "-({[<".indexOf(character) >= 0;
    }

    /** The value of a text as it is spelled between quotes. An escape that Python does not know stands for itself. */
    static String unescaped(String spelled) {
        StringBuilder value = new StringBuilder();
        for (int at = 0; at < spelled.length(); at++) {
            char character = spelled.charAt(at);
            if (character != '\\' || at + 1 == spelled.length()) {
                value.append(character);
                continue;
            }
            char escape = spelled.charAt(++at);
            int simple = "ntr\\'\"abfv".indexOf(escape);
            int digits = escape == 'x' ? 2 : escape == 'u' ? 4 : escape == 'U' ? 8 : 0;
            if (escape == '\n') {
                continue;
            } else if (simple >= 0) {
                value.append("\n\t\r\\'\"\u0007\b\f\u000B".charAt(simple));
            } else if (escape >= '0' && escape <= '7') {
                int end = at;
                while (end < spelled.length() && end < at + 3 && "01234567".indexOf(spelled.charAt(end)) >= 0) {
                    end++;
                }
                value.append((char) Integer.parseInt(spelled.substring(at, end), 8));
                at = end - 1;
            } else if (digits > 0) {
                value.appendCodePoint(codePoint(spelled, at + 1, digits));
                at += digits;
            } else {
                value.append('\\').append(escape);
            }
        }
        return value.toString();
    }

    private static int codePoint(String spelled, int from, int digits) {
        try {
            int character = Integer.parseInt(spelled.substring(from, from + digits), 16);
            if (Character.isValidCodePoint(character)) {
                return character;
            }
        } catch (NumberFormatException | StringIndexOutOfBoundsException e) {
            // Told below, as for a number beyond Unicode.
        }
        throw TemplateFailure.value("an escape in a text is no character of Unicode");
    }

    /** The text as Python's {@code repr} spells it. */
    static String repr(String text) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        StringBuilder spelled = new StringBuilder().append(quote);
        text.codePoints().forEach(character -> {
            int simple = "\n\t\r\\".indexOf(character);
            if (simple >= 0) {
                spelled.append('\\').append("ntr\\".charAt(simple));
            } else if (character == quote) {
                spelled.append('\\').append(quote);
            } else if (isPrintable(character)) {
                spelled.appendCodePoint(character);
            } else {
                int digits = character < 0x100 ? 2 : character < 0x10000 ? 4 : 8;
                spelled.append('\\').append("xxuuUUUU".charAt(digits - 1));
                hexadecimal(character, digits, spelled);
            }
        });
        return spelled.append(quote).toString();
    }

    static void hexadecimal(int number, int digits, StringBuilder to) {
        for (int digit = digits - 1; digit >= 0; digit--) {
            to.append(Character.forDigit(number >> 4 * digit & 15, 16));
        }
    }

    private static boolean isPrintable(int character) {
        return switch (Character.getType(character)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            case Character.SPACE_SEPARATOR -> character == ' ';
            default -> true;
        };
    }
}
