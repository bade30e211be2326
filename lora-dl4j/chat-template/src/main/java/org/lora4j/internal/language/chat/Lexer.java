/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lora4j.internal.language.chat.Token.Kind;

/**
 * Parts a template into tokens as Jinja2 does with {@code trim_blocks} and {@code lstrip_blocks}: the line end behind a
 * statement or comment is dropped, and so are the blanks before one that begins its line; signs inside of the braces
 * overrule both. One line end at the end of the template is dropped, and all line ends become {@code \n}.
 */
final class Lexer {

    // All quantifiers are possessive: Java's backtracking ones recurse for each character and overflow the stack.
    private static final Pattern BEGIN = Pattern.compile("\\{([{%#])([-+]?)");
    private static final Pattern RAW = Pattern.compile("\\{%([-+]?)\\s*+raw\\s*+(-?)%\\}");
    private static final Pattern RAW_END = Pattern.compile("\\{%([-+]?)\\s*+endraw\\s*+([-+]?)%\\}");
    private static final Pattern COMMENT_END = Pattern.compile("([-+]?)#\\}");
    private static final Pattern NAME = Pattern.compile("[\\p{L}_][\\p{L}\\p{N}_]*+");
    private static final Pattern FLOAT =
            Pattern.compile("[0-9]++(?:_[0-9]++)*+(?:\\.[0-9]++(?:_[0-9]++)*+(?:[eE][-+]?[0-9]++)?|[eE][-+]?[0-9]++)");
    private static final Pattern INTEGER = Pattern.compile("[0-9]++(?:_[0-9]++)*+");
    private static final Pattern STRING =
            Pattern.compile("'((?:[^'\\\\]++|\\\\.)*+)'|\"((?:[^\"\\\\]++|\\\\.)*+)\"", Pattern.DOTALL);
    private static final Pattern OPERATOR = Pattern.compile("//|\\*\\*|==|!=|>=|<=|[-+/*%~\\[\\](){}><=.:|,;]");

    /** A name is looked for wherever it stands, which takes time for its characters. */
    private static final int LONGEST_NAME = 1_000;

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private int line = 1;
    private int counted;

    private Lexer(String source) {
        this.source = source;
    }

    static List<Token> tokens(String template) {
        String lines = template.replace("\r\n", "\n").replace('\r', '\n');
        return new Lexer(lines.endsWith("\n") ? lines.substring(0, lines.length() - 1) : lines).tokens();
    }

    private List<Token> tokens() {
        Matcher begin = BEGIN.matcher(source);
        while (begin.find(at)) {
            Matcher raw = matcher(RAW, begin.start());
            if (raw.lookingAt()) {
                addText(begin.start(), raw.group(1), true);
                raw(raw);
                continue;
            }
            boolean output = begin.group(1).equals("{");
            addText(begin.start(), begin.group(2), !output);
            at = begin.end();
            switch (begin.group(1)) {
                case "#" -> comment();
                case "{" -> inside(Kind.OUTPUT_BEGIN, Kind.OUTPUT_END, "}}");
                default -> inside(Kind.STATEMENT_BEGIN, Kind.STATEMENT_END, "%}");
            }
        }
        addText(source.length(), "+", false);
        add(Kind.END, "", source.length());
        return tokens;
    }

    private Matcher matcher(Pattern pattern, int from) {
        return pattern.matcher(source).region(from, source.length());
    }

    /** Adds the text up to a place, without the blanks that what begins there takes. */
    private void addText(int end, String sign, boolean stripsLine) {
        String text = source.substring(at, end);
        if (sign.equals("-")) {
            text = Texts.strip(text, Texts::isSpace, false, true);
        } else if (sign.isEmpty() && stripsLine) {
            int lineStart = text.lastIndexOf('\n') + 1;
            boolean atLineStart = lineStart > 0 || at == 0 || source.charAt(at - 1) == '\n';
            if (atLineStart && Texts.strip(text.substring(lineStart)).isEmpty()) {
                text = text.substring(0, lineStart);
            }
        }
        if (!text.isEmpty()) {
            add(Kind.TEXT, text, at);
        }
    }

    private void add(Kind kind, String text, int from) {
        for (; counted < from; counted++) {
            line += source.charAt(counted) == '\n' ? 1 : 0;
        }
        tokens.add(new Token(kind, text, line));
    }

    /** Goes on behind a closing brace. */
    private void close(int end, String sign, boolean trimsLine) {
        at = end;
        if (sign.equals("-")) {
            skipBlanks();
        } else if (sign.isEmpty() && trimsLine && source.startsWith("\n", at)) {
            at++;
        }
    }

    private void skipBlanks() {
        while (at < source.length() && Texts.isSpace(source.charAt(at))) {
            at++;
        }
    }

    private void comment() {
        Matcher end = COMMENT_END.matcher(source);
        if (!end.find(at)) {
            throw TemplateFailure.syntax(lineAt(at), "a comment does not end; expected #}");
        }
        close(end.end(), end.group(1), true);
    }

    private void raw(Matcher raw) {
        close(raw.end(), raw.group(2), false);
        Matcher end = RAW_END.matcher(source);
        if (!end.find(at)) {
            throw TemplateFailure.syntax(lineAt(at), "raw text does not end; expected {% endraw %}");
        }
        addText(end.start(), end.group(1), true);
        close(end.end(), end.group(2), true);
    }

    private int lineAt(int place) {
        return 1
                + (int) source.substring(0, place)
                        .chars()
                        .filter(c -> c == '\n')
                        .count();
    }

    /** The tokens between two braces. */
    private void inside(Kind begin, Kind end, String closing) {
        add(begin, "", at);
        StringBuilder open = new StringBuilder();
        while (true) {
            skipBlanks();
            if (at == source.length()) {
                throw TemplateFailure.syntax(lineAt(at), "the template ends within braces; expected " + closing);
            }
            boolean signed = source.startsWith("-" + closing, at)
                    || begin == Kind.STATEMENT_BEGIN && source.startsWith("+" + closing, at);
            // Within brackets of its own, }} closes two dictionaries.
            if (open.isEmpty() && (signed || source.startsWith(closing, at))) {
                add(end, "", at);
                String sign = signed ? source.substring(at, at + 1) : "";
                close(at + sign.length() + closing.length(), sign, begin == Kind.STATEMENT_BEGIN);
                return;
            }
            token(open);
        }
    }

    private void token(StringBuilder open) {
        int from = at;
        char first = source.charAt(at);
        if (take(NAME)) {
            if (at - from > LONGEST_NAME) {
                throw TemplateFailure.syntax(lineAt(from), "a name has more than " + LONGEST_NAME + " characters");
            }
            add(Kind.NAME, source.substring(from, at), from);
        } else if (take(FLOAT)) {
            add(Kind.FLOAT, source.substring(from, at).replace("_", ""), from);
        } else if (take(INTEGER)) {
            add(Kind.INTEGER, source.substring(from, at).replace("_", ""), from);
        } else if (take(STRING)) {
            add(Kind.STRING, unescaped(from), from);
        } else if (first != '\'' && first != '"' && take(OPERATOR)) {
            String operator = source.substring(from, at);
            balance(open, operator);
            add(Kind.OPERATOR, operator, from);
        } else {
            String found = first == '\'' || first == '"' ? "a text does not end" : "unexpected character " + first;
            throw TemplateFailure.syntax(lineAt(from), found);
        }
    }

    private String unescaped(int from) {
        try {
            return Texts.unescaped(source.substring(from + 1, at - 1));
        } catch (TemplateFailure e) {
            throw TemplateFailure.syntax(lineAt(from), e.getMessage());
        }
    }

    private boolean take(Pattern pattern) {
        Matcher matcher = matcher(pattern, at);
        if (!matcher.lookingAt()) {
            return false;
        }
        at = matcher.end();
        return true;
    }

    private void balance(StringBuilder open, String operator) {
        int opening = "([{".indexOf(operator);
        if (opening >= 0) {
            open.append(")]}".charAt(opening));
        } else if (")]}".contains(operator)) {
            int last = open.length() - 1;
            if (last < 0 || open.charAt(last) != operator.charAt(0)) {
                throw TemplateFailure.syntax(
                        lineAt(at), "unexpected " + operator + (last < 0 ? "" : "; expected " + open.charAt(last)));
            }
            open.setLength(last);
        }
    }
}
