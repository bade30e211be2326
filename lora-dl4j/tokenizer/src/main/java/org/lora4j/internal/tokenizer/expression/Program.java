/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.expression;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lora4j.internal.tokenizer.expression.Node.Condition;
import org.lora4j.internal.tokenizer.expression.Node.Greed;

/**
 * An expression as instructions for threads that run side by side, the first of which goes before the second (Thompson 1968;
 * Pike's machine, as Cox describes it in "Regular Expression Matching: the Virtual Machine Approach", 2009).
 */
final class Program {

    /** One character of the set {@code x}, then the next instruction. */
    static final int CHARS = 0;
    /** Goes on at {@code x}, and with less right at {@code y}. */
    static final int SPLIT = 1;
    /** Goes on at {@code x}. */
    static final int JUMP = 2;
    /** Goes on with the next instruction if condition {@code x} holds, of set {@code y}. */
    static final int PLACE = 3;
    /** Goes on with the next instruction if lookahead {@code x} matches here, or if {@code y} is 1 and it does not. */
    static final int AHEAD = 4;
    /** The expression matches. */
    static final int MATCH = 5;

    private static final int MOST_INSTRUCTIONS = 10_000;

    /** A look is a bit beside the next character. */
    private static final int MOST_LOOKS = 4;

    private final List<CodePointSet> sets;
    private final List<Program> looks;
    private int[] code = new int[96];
    private int size;

    private Program(List<CodePointSet> sets, List<Program> looks) {
        this.sets = sets;
        this.looks = looks;
    }

    /**
     * Compiles an expression.
     *
     * @param sets where the sets of its instructions are gathered
     * @param looks where its lookaheads are gathered, inner ones first
     */
    static Program compile(Node node, List<CodePointSet> sets, List<Program> looks)
            throws UnsupportedExpressionException {
        Program program = new Program(sets, looks);
        program.add(node);
        program.emit(MATCH, 0, 0);
        program.code = Arrays.copyOf(program.code, 3 * program.size);
        return program;
    }

    int size() {
        return size;
    }

    int operation(int at) {
        return code[3 * at];
    }

    int x(int at) {
        return code[3 * at + 1];
    }

    int y(int at) {
        return code[3 * at + 2];
    }

    private int emit(int operation, int x, int y) throws UnsupportedExpressionException {
        if (size >= MOST_INSTRUCTIONS) {
            throw new UnsupportedExpressionException("more than " + MOST_INSTRUCTIONS
                    + " instructions, as repetitions count as often as they are repeated; supported are fewer");
        }
        if (3 * size + 3 > code.length) {
            code = Arrays.copyOf(code, 2 * code.length);
        }
        code[3 * size] = operation;
        code[3 * size + 1] = x;
        code[3 * size + 2] = y;
        return size++;
    }

    private int set(CodePointSet set) {
        int known = sets.indexOf(set);
        if (known >= 0) {
            return known;
        }
        sets.add(set);
        return sets.size() - 1;
    }

    private void add(Node node) throws UnsupportedExpressionException {
        if (node instanceof Node.Chars chars) {
            emit(CHARS, set(chars.set()), 0);
        } else if (node instanceof Node.Sequence sequence) {
            for (Node part : sequence.parts()) {
                add(part);
            }
        } else if (node instanceof Node.Choice choice) {
            add(choice);
        } else if (node instanceof Node.Repeat repeat) {
            add(repeat);
        } else if (node instanceof Node.Place place) {
            emit(PLACE, place.condition().ordinal(), set(setOf(place)));
        } else if (node instanceof Node.Ahead ahead) {
            Program look = compile(ahead.body(), sets, looks);
            if (looks.size() >= MOST_LOOKS) {
                throw new UnsupportedExpressionException(
                        "more than " + MOST_LOOKS + " lookaheads of more than one character; supported are fewer");
            }
            looks.add(look);
            emit(AHEAD, looks.size() - 1, ahead.negative() ? 1 : 0);
        }
    }

    private static CodePointSet setOf(Node.Place place) {
        return switch (place.condition()) {
            case WORD_EDGE, NO_WORD_EDGE -> UnicodeSets.get("escape.word");
            case LINE_START, LINE_END -> CodePointSet.of('\n');
            default -> place.set();
        };
    }

    private void add(Node.Choice choice) throws UnsupportedExpressionException {
        List<Integer> ends = new ArrayList<>();
        for (int i = 0; i < choice.options().size(); i++) {
            boolean last = i == choice.options().size() - 1;
            int split = last ? -1 : emit(SPLIT, size + 1, 0);
            add(choice.options().get(i));
            if (!last) {
                ends.add(emit(JUMP, 0, 0));
                code[3 * split + 2] = size;
            }
        }
        for (int end : ends) {
            code[3 * end + 1] = size;
        }
    }

    private void add(Node.Repeat repeat) throws UnsupportedExpressionException {
        for (int i = 0; i < repeat.least(); i++) {
            int before = size;
            add(repeat.body());
            if (size == before) {
                // Nothing stays nothing however often it is repeated.
                break;
            }
        }
        if (repeat.most() < 0) {
            int split = split(repeat.greed());
            add(repeat.body());
            emit(JUMP, split, 0);
            enter(split, repeat.greed(), size);
            keep(repeat);
            return;
        }
        List<Integer> splits = new ArrayList<>();
        for (int i = repeat.least(); i < repeat.most(); i++) {
            splits.add(split(repeat.greed()));
            add(repeat.body());
        }
        if (repeat.greed() == Greed.POSSESSIVE && !splits.isEmpty()) {
            // Whoever leaves early must not stand before one more; who took all may.
            int all = emit(JUMP, 0, 0);
            splits.forEach(split -> enter(split, Greed.GREEDY, size));
            keep(repeat);
            code[3 * all + 1] = size;
        } else {
            splits.forEach(split -> enter(split, repeat.greed(), size));
        }
    }

    private void keep(Node.Repeat repeat) throws UnsupportedExpressionException {
        if (repeat.greed() == Greed.POSSESSIVE) {
            emit(PLACE, Condition.NEXT_NOT_IN.ordinal(), set(((Node.Chars) repeat.body()).set()));
        }
    }

    /** One more, or on; where on is, is not known yet. */
    private int split(Greed greed) throws UnsupportedExpressionException {
        return greed == Greed.LAZY ? emit(SPLIT, 0, size + 1) : emit(SPLIT, size + 1, 0);
    }

    private void enter(int split, Greed greed, int on) {
        code[3 * split + (greed == Greed.LAZY ? 1 : 2)] = on;
    }
}
