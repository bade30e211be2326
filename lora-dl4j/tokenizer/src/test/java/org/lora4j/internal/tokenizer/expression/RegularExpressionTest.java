/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.expression;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.error.CostlyExpressionException;

class RegularExpressionTest {

    private static final String GPT2 =
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

    private static final String LLAMA3 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
            + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private static List<String> matches(String expression, String text) throws UnsupportedExpressionException {
        int[] points = text.codePoints().toArray();
        List<String> found = new ArrayList<>();
        RegularExpression.compile(expression)
                .find(points, 0, points.length, (start, end) -> found.add(new String(points, start, end - start)));
        return found;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '\t',
            quoteCharacter = '`',
            value = {
                // The first choice that matches wins, not the longest one.
                "a|ab\tabab\ta,a",
                "ab|a\tabaa\tab,a,a",
                "a+?b?\taab\ta,ab",
                "a{2,3}\taaaaa\taaa,aa",
                "a{2,3}?\taaaaa\taa,aa",
                "(?:ab)+\tababa\tabab",
                "[a-c&&[^b]]+\tabcca\ta,cca",
                "[[:digit:]x]+\ta12x\t12x",
                "\\p{Lu}\\p{^Lu}*\tAbCd\tAb,Cd",
                "(?i:ABC)\taBc\taBc",
                "(?i:k)\t\u212A\t\u212A",
                "a(?i)b|c\taBaC\taB,aC",
                // What is taken is kept, so that no quarter is left for the second part.
                "a++a\taaa\t",
                "a?+a\ta\t",
                "a?+a\taa\taa",
                "(?>a*)b\taab\taab",
                "a{2}+\taaaaa\taaaa",
                "(?<=x)a\taxa\ta",
                "(?<!x)a\taxab\ta",
                "\\bfoo\\b\tfoo foot\tfoo",
                "a(?=b)\tabac\ta",
                "a(?!b)\tabac\ta",
                // Digits in threes from the end.
                "\\d{1,3}(?=(?:\\d{3})*(?!\\d))\t1234567\t1,234,567",
                "^a\taba\ta",
                "b$\tabb\tb",
                "(?x: a b # comment)\tab\tab",
                "\\x{1F600}+\t\uD83D\uDE00\uD83D\uDE00\t\uD83D\uDE00\uD83D\uDE00",
                "(?m:.)\ta\ta",
            })
    void matches_areThoseOfBacktracking(String expression, String text, String expected)
            throws UnsupportedExpressionException {
        List<String> wanted = expected == null ? List.of() : List.of(expected.split(","));

        String closed = expression.endsWith("# comment)") ? "(?x: a b # comment\n)" : expression;
        assertThat(matches(closed, text)).isEqualTo(wanted);
    }

    @Test
    void emptyMatches_standWhereNoOtherEnds() throws UnsupportedExpressionException {
        List<Integer> starts = new ArrayList<>();
        int[] points = "baac".codePoints().toArray();

        RegularExpression.compile("a*").find(points, 0, points.length, (start, end) -> starts.add(10 * start + end));

        assertThat(starts).containsExactly(0, 13, 44);
    }

    @Test
    void gpt2AndLlama3_cutAsTheirAuthorsShow() throws UnsupportedExpressionException {
        assertThat(matches(GPT2, "Hello, it's   2024!\n\n a"))
                .containsExactly("Hello", ",", " it", "'s", "  ", " 2024", "!", "\n\n", " a");
        assertThat(matches(LLAMA3, "Hello IT'S   20245!\n\n a\n "))
                .containsExactly("Hello", " IT", "'S", "  ", " ", "202", "45", "!\n\n", " a", "\n", " ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(",
                ")",
                "a)",
                "[",
                "[]",
                "[b-a]",
                "*a",
                "a{3,2}",
                "a{1001}",
                "\\",
                "\\p{None}",
                "(a)\\1",
                "(?<n>a)\\k<n>",
                "(?>ab|a)c",
                "(?:ab)++",
                "(?<=ab)c",
                "\\G",
                "\\K",
                "\\X",
                "(?~a)",
                "(?i:ss)",
                "(?i:\u00DF)",
                "[a-\\d]",
                "(?^a)",
                "\\xFF",
                "\\x{110000}",
                "\\x{D800}",
                "[[:none:]]",
                "\\q",
                "(?#a",
                "(?=a)*",
                "(?W:a)"
            })
    void whatCannotBeRun_isRefused(String expression) {
        assertThatExceptionOfType(UnsupportedExpressionException.class)
                .as(expression)
                .isThrownBy(() -> RegularExpression.compile(expression))
                .withMessageContaining("; supported are ");
    }

    @Test
    void deepAndLargeExpressions_areRefused() {
        for (String expression : List.of(
                "(".repeat(5_000) + "a" + ")".repeat(5_000),
                "[".repeat(5_000) + "a" + "]".repeat(5_000),
                "(?:(?:(?:a{1000}){1000}){1000}){1000}",
                "(?:(?:(?:){1000}){1000}b{1000}){1000}",
                "a|".repeat(10_000))) {
            assertThatThrownBy(() -> RegularExpression.compile(expression))
                    .isInstanceOf(UnsupportedExpressionException.class);
        }
    }

    /** Each makes a backtracking matcher double its work with each character. */
    @ParameterizedTest
    @ValueSource(strings = {"(a+)+$", "(a|aa)+$", "(a*)*b", "(.*a){12}b", "(?:a|a)*c", "a*a*a*a*a*c", "(a+|b)*(?=c)"})
    void expressionsThatBacktrackWithoutEnd_takeTimeInProportion(String expression)
            throws UnsupportedExpressionException {
        RegularExpression compiled = RegularExpression.compile(expression);
        int[] points = ("a".repeat(200_000) + "!").codePoints().toArray();

        Assertions.assertTimeout(
                Duration.ofMinutes(1), () -> compiled.find(points, 0, points.length, (start, end) -> {}));
    }

    @Test
    void blanksBeforeTheEndOfAText_takeTimeInProportion() throws UnsupportedExpressionException {
        RegularExpression compiled = RegularExpression.compile("\\s+$");
        int[] points = (" ".repeat(500_000) + "x").codePoints().toArray();

        Assertions.assertTimeout(
                Duration.ofMinutes(1), () -> compiled.find(points, 0, points.length, (start, end) -> {}));
    }

    @Test
    void expressionThatReadsAllBehindEachMatch_isStopped() throws UnsupportedExpressionException {
        RegularExpression compiled = RegularExpression.compile("a+b|a");
        int[] points = "a".repeat(100_000).codePoints().toArray();

        assertThatExceptionOfType(CostlyExpressionException.class)
                .isThrownBy(() -> compiled.find(points, 0, points.length, (start, end) -> {}))
                .withMessageContaining("expression \"a+b|a\": more than ");
    }
}
