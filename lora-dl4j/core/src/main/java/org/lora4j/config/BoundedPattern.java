/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.lora4j.error.CostlyExpressionException;
import org.lora4j.error.MessageText;

/**
 * A regular expression from a config, which may come from a stranger. Java's engine backtracks without end and recurses for
 * each character if an expression makes it; here both end in an exception.
 */
final class BoundedPattern {

    /** Characters looked at in one match; PEFT's own expressions look at a few hundred of a path. */
    private static final int MOST_STEPS = 1_000_000;

    /** Python's way to name a group, which Java writes otherwise; as an unnamed group it matches the same. */
    private static final Pattern NAMED_GROUP = Pattern.compile("(?<!\\\\)\\(\\?P<\\w+>");

    private final Pattern pattern;

    private BoundedPattern(Pattern pattern) {
        this.pattern = pattern;
    }

    /**
     * Compiles an expression.
     *
     * @throws PatternSyntaxException if it is none, or is nested too deeply
     */
    static BoundedPattern compile(String expression) {
        return new BoundedPattern(
                Pattern.compile(NAMED_GROUP.matcher(expression).replaceAll("(")));
    }

    boolean matches(String path) {
        return ask(path, Matcher::matches);
    }

    boolean matchesStart(String path) {
        return ask(path, Matcher::lookingAt);
    }

    /** The text of a group if the start of the path matches, otherwise null. */
    String groupAtStart(String path, String group) {
        return ask(path, matcher -> matcher.lookingAt() ? matcher.group(group) : null);
    }

    private <T> T ask(String path, Function<Matcher, T> question) {
        try {
            return question.apply(pattern.matcher(new Counted(path)));
        } catch (StackOverflowError e) {
            throw tooCostly(path, "recurses too deeply");
        } catch (TooManySteps e) {
            throw tooCostly(path, "looks at more than " + MOST_STEPS + " characters");
        }
    }

    private CostlyExpressionException tooCostly(String path, String what) {
        return new CostlyExpressionException("the expression " + MessageText.name(pattern.pattern()) + " " + what
                + " to match the path " + MessageText.name(path)
                + "; expected one that does not backtrack without end. Write it"
                + " without repetitions of repetitions.");
    }

    private static final class TooManySteps extends RuntimeException {

        private static final long serialVersionUID = 1L;

        TooManySteps() {
            super("caught above", null, false, false);
        }
    }

    /** The path as the engine sees it; each look costs a step. */
    private static final class Counted implements CharSequence {

        private final String text;
        private int steps;

        Counted(String text) {
            this.text = text;
        }

        @Override
        public char charAt(int index) {
            if (++steps > MOST_STEPS) {
                throw new TooManySteps();
            }
            return text.charAt(index);
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.substring(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
