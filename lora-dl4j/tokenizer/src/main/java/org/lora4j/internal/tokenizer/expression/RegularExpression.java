/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.expression;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * A regular expression of a {@code tokenizer.json}, read as Oniguruma reads it and run in one pass over the text: the first
 * choice that matches wins, as if it were tried first, but nothing is tried twice. No text makes it slow, however the
 * expression is written; one that would still read the same characters again and again is stopped.
 *
 * <p><b>State.</b> Immutable but for what automata learn. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class RegularExpression {

    /** Expressions of published tokenizers have three hundred. */
    private static final int LONGEST = 20_000;

    private final String expression;
    private final Alphabet alphabet;
    private final ForwardAutomaton forward;
    private final BackwardAutomaton backward;
    private final List<BackwardAutomaton> looks = new ArrayList<>();

    private RegularExpression(String expression, Program program, List<Program> looks, Alphabet alphabet) {
        this.expression = expression;
        this.alphabet = alphabet;
        this.forward = new ForwardAutomaton(program, alphabet, looks.size());
        this.backward = new BackwardAutomaton(program, alphabet);
        looks.forEach(look -> this.looks.add(new BackwardAutomaton(look, alphabet)));
    }

    /**
     * Reads an expression.
     *
     * @param expression in the syntax of Oniguruma
     * @throws UnsupportedExpressionException if it is damaged, or cannot be run in one pass
     */
    public static RegularExpression compile(String expression) throws UnsupportedExpressionException {
        if (expression.length() > LONGEST) {
            throw new UnsupportedExpressionException(
                    expression.length() + " characters; supported are at most " + LONGEST);
        }
        List<CodePointSet> sets = new ArrayList<>();
        List<Program> looks = new ArrayList<>();
        Program program = Program.compile(Parser.parse(expression), sets, looks);
        return new RegularExpression(expression, program, looks, Alphabet.of(sets));
    }

    /** What is told of matches. */
    @FunctionalInterface
    public interface Matches {

        /**
         * A match, behind those before it.
         *
         * @param end where it ends, perhaps where it starts
         */
        void add(int start, int end);
    }

    /**
     * Finds all matches, from left to right, none within another.
     *
     * @param points a text as code points
     * @param from where it starts; nothing before it is seen
     * @param to where it ends; nothing from there on is seen
     * @throws org.lora4j.error.CostlyExpressionException if it takes too many steps
     */
    public void find(int[] points, int from, int to, Matches matches) {
        Work work = new Work(expression, to - from);
        Input input = new Input(alphabet, points, from, to);
        for (BackwardAutomaton look : looks) {
            input.add(look.starts(input, work));
        }
        BitSet starts = null;
        int at = from;
        int last = -1;
        while (at <= to) {
            if (starts == null && work.isHeavy()) {
                starts = backward.starts(input, work);
            }
            if (starts != null) {
                int next = starts.nextSetBit(at - from);
                if (next < 0) {
                    return;
                }
                at = from + next;
            }
            int end = forward.end(input, at, work);
            if (end < 0 || end == at && at == last) {
                // Nothing here, or nothing right behind a match, which is none of its own.
                at++;
            } else {
                matches.add(at, end);
                last = end;
                at = end;
            }
        }
    }

    @Override
    public String toString() {
        return "Expression[" + expression + "]";
    }
}
