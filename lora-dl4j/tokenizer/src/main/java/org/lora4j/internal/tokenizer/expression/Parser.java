/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.expression;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.internal.tokenizer.expression.Node.Condition;
import org.lora4j.internal.tokenizer.expression.Node.Greed;

/**
 * Reads expressions as Oniguruma does with its own syntax, which is what Hugging Face's library gives them to: that part of it
 * which can be run in one pass over the text. Groups that are referred to, and groups that give nothing back around more
 * than one character, cannot; they are refused by name.
 */
final class Parser {

    /** Expressions of published tokenizers nest four deep. */
    private static final int DEEPEST = 100;

    private static final int MOST_REPETITIONS = 1_000;

    private static final String CHARACTERS_OF_LITERALS =
            "characters, classes, groups, choices, repetitions," + " lookahead, and lookbehind of one character";

    private final String expression;
    private final int[] points;
    private int at;
    private int depth;

    private Parser(String expression) {
        this.expression = expression;
        this.points = expression.codePoints().toArray();
    }

    /** Which letters are the same, and what a dot and blanks mean. */
    private record Options(boolean ignoreCase, boolean dotAll, boolean extended) {}

    static Node parse(String expression) throws UnsupportedExpressionException {
        Parser parser = new Parser(expression);
        Node node = parser.choice(new Options(false, false, false));
        if (parser.at < parser.points.length) {
            throw parser.refused("a closing parenthesis without its opening one", parser.at);
        }
        return node;
    }

    private UnsupportedExpressionException refused(String found, int where) {
        return new UnsupportedExpressionException(
                found + " at character " + where + "; supported are " + CHARACTERS_OF_LITERALS);
    }

    private boolean ended() {
        return at >= points.length;
    }

    private int peek() {
        return ended() ? -1 : points[at];
    }

    private int peek(int ahead) {
        return at + ahead < points.length ? points[at + ahead] : -1;
    }

    private boolean take(String literal) {
        for (int i = 0; i < literal.length(); i++) {
            if (peek(i) != literal.charAt(i)) {
                return false;
            }
        }
        at += literal.length();
        return true;
    }

    private Node choice(Options options) throws UnsupportedExpressionException {
        if (++depth > DEEPEST) {
            throw refused("parentheses nested more than " + DEEPEST + " deep", at);
        }
        List<Node> choices = new ArrayList<>();
        choices.add(sequence(options));
        while (take("|")) {
            choices.add(sequence(options));
        }
        depth--;
        return choices.size() == 1 ? choices.get(0) : new Node.Choice(choices);
    }

    private Node sequence(Options options) throws UnsupportedExpressionException {
        List<Node> parts = new ArrayList<>();
        StringBuilder letters = new StringBuilder();
        while (!ended() && peek() != '|' && peek() != ')') {
            if (options.extended && skippedBlank()) {
                continue;
            }
            int start = at;
            Options changed = inlineOptions(options);
            if (changed != null) {
                // They hold to the end of the group, and what follows is one choice of its own.
                parts.add(choice(changed));
                break;
            }
            if (take("(?#")) {
                comment(start);
                continue;
            }
            Node atom = atom(options);
            boolean letter = at == start + 1 && Character.isLetter(points[start]) && !isQuantifier();
            parts.add(quantified(atom, start));
            if (options.ignoreCase && letter) {
                letters.appendCodePoint(points[start]);
            } else {
                requireOneToOne(letters, start);
                letters.setLength(0);
            }
        }
        requireOneToOne(letters, at);
        return parts.size() == 1 ? parts.get(0) : parts.isEmpty() ? new Node.Empty() : new Node.Sequence(parts);
    }

    /** Without regard to case, "ss" is one letter, too; one letter for several is not run here. */
    private void requireOneToOne(CharSequence letters, int where) throws UnsupportedExpressionException {
        String found = CaseFolding.severalAsOne(letters.toString());
        if (found != null) {
            throw refused("without regard to case, \"" + found + "\", which is one letter in another case,", where);
        }
    }

    private boolean skippedBlank() {
        if (peek() == '#') {
            while (!ended() && peek() != '\n') {
                at++;
            }
            return true;
        }
        if (peek() == ' ' || peek() >= '\t' && peek() <= '\r') {
            at++;
            return true;
        }
        return false;
    }

    private void comment(int start) throws UnsupportedExpressionException {
        while (!ended() && peek() != ')') {
            at++;
        }
        if (!take(")")) {
            throw refused("a comment without an end", start);
        }
    }

    /** Options until the end of the group, as {@code (?i)}; null if there are none here. */
    private Options inlineOptions(Options options) throws UnsupportedExpressionException {
        int start = at;
        Options changed = options(options);
        if (changed != null && take(")")) {
            return changed;
        }
        at = start;
        return null;
    }

    /** Reads {@code (?im-x}, without what follows; null, and perhaps moved, if it is something else. */
    private Options options(Options options) throws UnsupportedExpressionException {
        int start = at;
        if (!take("(?")) {
            return null;
        }
        boolean on = true;
        Options changed = options;
        while (true) {
            int letter = peek();
            switch (letter) {
                case '-' -> on = false;
                case 'i' -> changed = new Options(on, changed.dotAll, changed.extended);
                case 'm' -> changed = new Options(changed.ignoreCase, on, changed.extended);
                case 'x' -> changed = new Options(changed.ignoreCase, changed.dotAll, on);
                case ')', ':' -> {
                    return changed;
                }
                default -> {
                    if (letter >= 'A' && letter <= 'Z' || letter >= 'a' && letter <= 'z') {
                        throw refused("an option or group (?" + Character.toString(letter), start);
                    }
                    return null;
                }
            }
            at++;
        }
    }

    /** One thing that can be repeated. */
    private Node atom(Options options) throws UnsupportedExpressionException {
        int start = at;
        int point = points[at++];
        switch (point) {
            case '(':
                at--;
                return group(options);
            case '[':
                return new Node.Chars(new ClassParser(start).parse(options));
            case '.':
                return new Node.Chars(
                        options.dotAll
                                ? CodePointSet.ALL
                                : CodePointSet.of('\n').not());
            case '^':
                return new Node.Place(Condition.LINE_START, CodePointSet.NONE);
            case '$':
                return new Node.Place(Condition.LINE_END, CodePointSet.NONE);
            case '\\':
                return escape(options, start);
            case '*', '+', '?':
                throw refused("a repetition of nothing", start);
            case '{':
                at--;
                if (interval() != null) {
                    throw refused("a repetition of nothing", start);
                }
                at = start + 1;
                return literal(point, options, start);
            default:
                return literal(point, options, start);
        }
    }

    private Node literal(int point, Options options, int where) throws UnsupportedExpressionException {
        if (!options.ignoreCase) {
            return new Node.Chars(CodePointSet.of(point));
        }
        requireOneToOne(CodePointSet.of(point), where);
        return new Node.Chars(CaseFolding.anyCase(CodePointSet.of(point)));
    }

    private void requireOneToOne(CodePointSet set, int where) throws UnsupportedExpressionException {
        if (CaseFolding.hasLetterOfSeveral(set)) {
            throw refused("without regard to case, a letter that is several in another case,", where);
        }
    }

    private Node group(Options options) throws UnsupportedExpressionException {
        int start = at;
        if (!take("(?")) {
            at++;
            return closed(choice(options), start);
        }
        if (take("=")) {
            return ahead(closed(choice(options), start), false);
        }
        if (take("!")) {
            return ahead(closed(choice(options), start), true);
        }
        if (take("<=")) {
            return behind(closed(choice(options), start), false, start);
        }
        if (take("<!")) {
            return behind(closed(choice(options), start), true, start);
        }
        if (take(">")) {
            return keeping(closed(choice(options), start), start);
        }
        if (take("<")) {
            while (!ended() && (Character.isLetterOrDigit(peek()) || peek() == '_')) {
                at++;
            }
            if (!take(">")) {
                throw refused("a group without the end of its name", start);
            }
            return closed(choice(options), start);
        }
        at = start;
        Options changed = options(options);
        if (changed == null || !take(":")) {
            throw refused("a group of an unknown kind", start);
        }
        return closed(choice(changed), start);
    }

    private Node closed(Node body, int start) throws UnsupportedExpressionException {
        if (!take(")")) {
            throw refused("a parenthesis that is not closed", start);
        }
        return body;
    }

    private static Node ahead(Node body, boolean negative) {
        CodePointSet single = single(body);
        return single == null
                ? new Node.Ahead(body, negative)
                : new Node.Place(negative ? Condition.NEXT_NOT_IN : Condition.NEXT_IN, single);
    }

    private Node behind(Node body, boolean negative, int start) throws UnsupportedExpressionException {
        CodePointSet single = single(body);
        if (single != null) {
            return new Node.Place(negative ? Condition.PREVIOUS_NOT_IN : Condition.PREVIOUS_IN, single);
        }
        if (body instanceof Node.Choice choice && !negative) {
            List<Node> places = new ArrayList<>();
            for (Node option : choice.options()) {
                CodePointSet set = single(option);
                if (set == null && !(option instanceof Node.Place)) {
                    throw refused("a lookbehind of more than one character", start);
                }
                places.add(set == null ? option : new Node.Place(Condition.PREVIOUS_IN, set));
            }
            return new Node.Choice(places);
        }
        throw refused("a lookbehind of more than one character", start);
    }

    /** The set, if a node is always one character of one; null else. */
    private static CodePointSet single(Node node) {
        if (node instanceof Node.Chars chars) {
            return chars.set();
        }
        if (node instanceof Node.Choice choice) {
            CodePointSet all = CodePointSet.NONE;
            for (Node option : choice.options()) {
                CodePointSet set = single(option);
                if (set == null) {
                    return null;
                }
                all = all.or(set);
            }
            return all;
        }
        return null;
    }

    /** A group that gives nothing back, {@code (?>...)}. */
    private Node keeping(Node body, int start) throws UnsupportedExpressionException {
        if (single(body) != null) {
            return body;
        }
        if (body instanceof Node.Repeat repeat && single(repeat.body()) != null && repeat.greed() != Greed.LAZY) {
            return new Node.Repeat(
                    new Node.Chars(single(repeat.body())), repeat.least(), repeat.most(), Greed.POSSESSIVE);
        }
        throw refused("a group that gives nothing back, around more than repetitions of one character,", start);
    }

    private boolean isQuantifier() {
        int start = at;
        boolean found = peek() == '*' || peek() == '+' || peek() == '?' || interval() != null;
        at = start;
        return found;
    }

    private Node quantified(Node atom, int start) throws UnsupportedExpressionException {
        Node node = atom;
        while (isQuantifier()) {
            if (node instanceof Node.Place || node instanceof Node.Ahead) {
                throw refused("a repetition of a condition", at);
            }
            node = quantifiedOnce(node, start);
        }
        return node;
    }

    private Node quantifiedOnce(Node node, int start) throws UnsupportedExpressionException {
        int[] interval = interval();
        if (interval != null) {
            if (interval[0] > MOST_REPETITIONS
                    || interval[1] > MOST_REPETITIONS
                    || interval[1] >= 0 && interval[1] < interval[0]) {
                throw refused(
                        "a repetition {" + interval[0] + "," + interval[1] + "}, beyond 0 to " + MOST_REPETITIONS
                                + " or downwards,",
                        start);
            }
            if (peek() == '?') {
                at++;
                // {n}? may be left out, {n,m}? takes as little as it can.
                return interval[2] == 1
                        ? new Node.Repeat(
                                new Node.Repeat(node, interval[0], interval[1], Greed.GREEDY), 0, 1, Greed.GREEDY)
                        : new Node.Repeat(node, interval[0], interval[1], Greed.LAZY);
            }
            return new Node.Repeat(node, interval[0], interval[1], Greed.GREEDY);
        }
        int sign = points[at++];
        int least = sign == '+' ? 1 : 0;
        int most = sign == '?' ? 1 : -1;
        if (take("?")) {
            return new Node.Repeat(node, least, most, Greed.LAZY);
        }
        if (take("+")) {
            return keeping(new Node.Repeat(node, least, most, Greed.GREEDY), start);
        }
        return new Node.Repeat(node, least, most, Greed.GREEDY);
    }

    /** Reads {@code {n,m}}: least, most (-1 without an end) and whether one number stood for both; null for anything else. */
    private int[] interval() {
        int start = at;
        if (!take("{")) {
            return null;
        }
        int least = number();
        int most = least;
        boolean one = true;
        if (take(",")) {
            one = false;
            most = number();
        }
        if (!take("}") || least < 0 && most < 0) {
            at = start;
            return null;
        }
        return new int[] {Math.max(least, 0), most, one ? 1 : 0};
    }

    /** A number, -1 if there is none; one beyond all limits is cut. */
    private int number() {
        int value = -1;
        while (peek() >= '0' && peek() <= '9') {
            value = Math.min(Math.max(value, 0) * 10 + peek() - '0', 1_000_000);
            at++;
        }
        return value;
    }

    private Node escape(Options options, int start) throws UnsupportedExpressionException {
        int letter = peek();
        switch (letter) {
            case 'b', 'B' -> {
                at++;
                return new Node.Place(letter == 'b' ? Condition.WORD_EDGE : Condition.NO_WORD_EDGE, CodePointSet.NONE);
            }
            case 'A' -> {
                at++;
                return new Node.Place(Condition.TEXT_START, CodePointSet.NONE);
            }
            case 'z' -> {
                at++;
                return new Node.Place(Condition.TEXT_END, CodePointSet.NONE);
            }
            case 'Z' -> {
                at++;
                Node newline = new Node.Chars(CodePointSet.of('\n'));
                return new Node.Ahead(
                        new Node.Sequence(List.of(
                                new Node.Repeat(newline, 0, 1, Greed.GREEDY),
                                new Node.Place(Condition.TEXT_END, CodePointSet.NONE))),
                        false);
            }
            default -> {
                CodePointSet set = escapedSet(start, "escape.word");
                if (set != null) {
                    return new Node.Chars(set);
                }
                return literal(escapedCharacter(start), options, start);
            }
        }
    }

    /**
     * The set of an escape as {@code \s}; null if it is none, and then nothing is read.
     *
     * @param word the set of {@code \w}, to which superscript digits of Latin-1 belong, but not between brackets
     */
    private CodePointSet escapedSet(int start, String word) throws UnsupportedExpressionException {
        CodePointSet set = switch (peek()) {
            case 's' -> UnicodeSets.get("posix.space");
            case 'S' -> UnicodeSets.get("posix.space").not();
            case 'w' -> UnicodeSets.get(word);
            case 'W' -> UnicodeSets.get(word).not();
            case 'd' -> UnicodeSets.get("posix.digit");
            case 'D' -> UnicodeSets.get("posix.digit").not();
            case 'h' -> UnicodeSets.get("posix.xdigit");
            case 'H' -> UnicodeSets.get("posix.xdigit").not();
            case 'p', 'P' -> property(start);
            default -> null;
        };
        // The letter of the escape, or the brace behind a name.
        at += set == null ? 0 : 1;
        return set;
    }

    /** Reads {@code p{Name}} up to its closing brace, which is left. */
    private CodePointSet property(int start) throws UnsupportedExpressionException {
        boolean negative = peek() == 'P';
        at++;
        if (!take("{")) {
            throw refused("\\p without a name in braces", start);
        }
        if (take("^")) {
            negative = !negative;
        }
        StringBuilder name = new StringBuilder();
        while (!ended() && peek() != '}') {
            name.appendCodePoint(peek());
            at++;
        }
        CodePointSet set = Properties.find(name.toString());
        if (ended() || set == null) {
            throw refused("the property \\p{" + name + "}, which is not known,", start);
        }
        return negative ? set.not() : set;
    }

    /** A character behind a backslash. */
    private int escapedCharacter(int start) throws UnsupportedExpressionException {
        if (ended()) {
            throw refused("a backslash at the end", start);
        }
        int letter = points[at++];
        return switch (letter) {
            case 't' -> '\t';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 'f' -> '\f';
            case 'v' -> 0x0B;
            case 'a' -> 0x07;
            case 'e' -> 0x1B;
            case 'x' -> hexadecimal(start);
            case 'u' -> digits(4, 4, start, Character.MAX_CODE_POINT);
            default -> {
                if (letter < 0x80 && Character.isLetterOrDigit(letter)) {
                    throw refused("\\" + Character.toString(letter), start);
                }
                yield letter;
            }
        };
    }

    private int hexadecimal(int start) throws UnsupportedExpressionException {
        if (take("{")) {
            int point = digits(1, 8, start, Character.MAX_CODE_POINT);
            if (!take("}")) {
                throw refused("\\x{ without its end", start);
            }
            return point;
        }
        // Above it is a byte, not a character.
        return digits(1, 2, start, 0x7F);
    }

    private int digits(int least, int most, int start, int highest) throws UnsupportedExpressionException {
        long value = 0;
        int count = 0;
        while (count < most && !ended() && Character.digit(peek(), 16) >= 0 && peek() < 0x80) {
            value = 16 * value + Character.digit(peek(), 16);
            at++;
            count++;
        }
        if (count < least || value > highest || value >= 0xD800 && value < 0xE000) {
            throw refused("a number of a character that is none", start);
        }
        return (int) value;
    }

    /** Reads what stands between brackets. */
    private final class ClassParser {

        private final int start;

        ClassParser(int start) {
            this.start = start;
        }

        CodePointSet parse(Options options) throws UnsupportedExpressionException {
            if (++depth > DEEPEST) {
                throw refused("brackets nested more than " + DEEPEST + " deep", at);
            }
            boolean negative = take("^");
            if (peek() == ']') {
                throw refused("a class of characters that begins with its end", start);
            }
            CodePointSet whole = null;
            CodePointSet part = CodePointSet.NONE;
            while (!take("]")) {
                if (ended()) {
                    throw refused("a class of characters without an end", start);
                }
                if (take("&&")) {
                    whole = whole == null ? part : whole.and(part);
                    part = CodePointSet.NONE;
                } else {
                    part = part.or(item(options));
                }
            }
            depth--;
            CodePointSet all = whole == null ? part : whole.and(part);
            if (options.ignoreCase) {
                if (!negative) {
                    requireOneToOne(all, start);
                }
                all = CaseFolding.anyCase(all);
            }
            return negative ? all.not() : all;
        }

        private CodePointSet item(Options options) throws UnsupportedExpressionException {
            int where = at;
            if (peek() == '[') {
                CodePointSet named = bracketed();
                if (named != null) {
                    return named;
                }
                at++;
                return new ClassParser(where).parse(options);
            }
            if (peek() == '\\') {
                at++;
                CodePointSet set = escapedSet(where, "posix.word");
                if (set != null) {
                    return set;
                }
            }
            int first = character(where);
            if (peek() != '-' || peek(1) == ']' || peek(1) == -1) {
                return CodePointSet.of(first);
            }
            at++;
            int end = at;
            if (peek() == '[' || peek() == '\\' && "sSwWdDhHpP".indexOf(peek(1)) >= 0) {
                throw refused("a range of characters that ends with a class", end);
            }
            if (peek() == '\\') {
                at++;
                end = at - 1;
            }
            int last = character(end);
            if (last < first) {
                throw refused("a range of characters downwards", where);
            }
            return CodePointSet.ofRanges(first, last);
        }

        /** The character here, or the one that an escape which began at {@code where} stands for. */
        private int character(int where) throws UnsupportedExpressionException {
            if (ended()) {
                throw refused("a class of characters without an end", start);
            }
            if (where == at) {
                return points[at++];
            }
            if (peek() == 'b') {
                at++;
                return '\b';
            }
            return escapedCharacter(where);
        }

        /** A class of POSIX, as {@code [:alpha:]}; null if it is none. */
        private CodePointSet bracketed() throws UnsupportedExpressionException {
            int before = at;
            if (!take("[:")) {
                return null;
            }
            boolean negative = take("^");
            StringBuilder name = new StringBuilder();
            while (peek() >= 'a' && peek() <= 'z') {
                name.appendCodePoint(peek());
                at++;
            }
            if (!take(":]")) {
                at = before;
                return null;
            }
            CodePointSet set = UnicodeSets.find("posix." + name);
            if (set == null) {
                throw refused("the class [:" + name + ":], which is not known,", before);
            }
            return negative ? set.not() : set;
        }
    }

    @Override
    public String toString() {
        return expression;
    }
}
