/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.Map;
import java.util.function.IntPredicate;
import org.lora4j.internal.tokenizer.expression.RegularExpression;
import org.lora4j.internal.tokenizer.expression.UnsupportedExpressionException;

/** What is searched in a text: a text, an expression or characters of a kind. */
@FunctionalInterface
interface TextPattern {

    /** Gives matches from left to right, as places in the arrays of the text. */
    void find(AlignedText text, RegularExpression.Matches matches);

    /** The pattern of a part that has one of {@code String} and {@code Regex}. */
    static TextPattern of(Part part, String name) {
        Object value = part.value(name);
        if (!(value instanceof Map<?, ?> map) || map.size() != 1) {
            throw part.refused(name, "expected an object with either String or Regex");
        }
        Part pattern = part.part(name);
        TextPattern found = pattern.has("String")
                ? literal(pattern.where(), pattern.text("String"))
                : expression(pattern.where() + ".Regex", pattern.text("Regex"));
        pattern.end();
        return found;
    }

    private static TextPattern literal(String where, String literal) {
        if (literal.isEmpty()) {
            throw new Refusal(where + ".String", literal, "expected a text of one character or more");
        }
        int[] wanted = literal.codePoints().toArray();
        int[] longest = borders(wanted);
        return (text, matches) -> {
            int[] points = text.points();
            int same = 0;
            for (int at = text.from(); at < text.to(); at++) {
                while (same > 0 && points[at] != wanted[same]) {
                    same = longest[same - 1];
                }
                same += points[at] == wanted[same] ? 1 : 0;
                if (same == wanted.length) {
                    matches.add(at + 1 - wanted.length, at + 1);
                    same = 0;
                }
            }
        };
    }

    /** How much of the start of a text its first characters end with, so that no character is read twice (Knuth, Morris, Pratt). */
    private static int[] borders(int[] wanted) {
        int[] longest = new int[wanted.length];
        for (int i = 1, same = 0; i < wanted.length; i++) {
            while (same > 0 && wanted[i] != wanted[same]) {
                same = longest[same - 1];
            }
            same += wanted[i] == wanted[same] ? 1 : 0;
            longest[i] = same;
        }
        return longest;
    }

    private static TextPattern expression(String where, String expression) {
        try {
            RegularExpression compiled = RegularExpression.compile(expression);
            return (text, matches) -> {
                // An empty text has no match, not even an empty one: so does Hugging Face's library.
                if (!text.isEmpty()) {
                    compiled.find(text.points(), text.from(), text.to(), matches);
                }
            };
        } catch (UnsupportedExpressionException e) {
            throw new Refusal(where, expression, "has " + e.getMessage());
        }
    }

    /** Single characters of a kind. */
    static TextPattern each(IntPredicate kind) {
        return (text, matches) -> {
            int[] points = text.points();
            for (int at = text.from(); at < text.to(); at++) {
                if (kind.test(points[at])) {
                    matches.add(at, at + 1);
                }
            }
        };
    }
}
