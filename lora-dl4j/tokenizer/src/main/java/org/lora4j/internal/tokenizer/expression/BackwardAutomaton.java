/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.expression;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * At which places of a text an expression matches, all of them in one pass from the end of the text to its start. The state
 * at a place is the set of instructions from which the rest leads to a match.
 */
final class BackwardAutomaton {

    private static final int MOST_STATES = 2_000;

    private final Program program;
    private final Alphabet alphabet;

    BackwardAutomaton(Program program, Alphabet alphabet) {
        this.program = program;
        this.alphabet = alphabet;
    }

    private record Step(BitSet behind, int symbol, int previous) {}

    /** The places at which a match starts, counted from the start of the text. */
    BitSet starts(Input input, Work work) {
        BitSet found = new BitSet(input.to() - input.from() + 1);
        Map<Step, BitSet> known = new HashMap<>();
        BitSet behind = new BitSet();
        for (int at = input.to(); at >= input.from(); at--) {
            Step step = new Step(behind, input.symbol(at), input.classBefore(at));
            BitSet here = known.get(step);
            if (here == null) {
                if (known.size() >= MOST_STATES) {
                    known.clear();
                }
                here = leading(step, work);
                known.put(step, here);
            }
            if (here.get(0)) {
                found.set(at - input.from());
            }
            behind = here;
        }
        work.charge(input.to() - input.from() + 1L);
        return found;
    }

    private BitSet leading(Step step, Work work) {
        int next = step.symbol % (alphabet.size() + 1);
        int looks = step.symbol / (alphabet.size() + 1);
        BitSet here = new BitSet(program.size());
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int at = program.size() - 1; at >= 0; at--) {
                if (!here.get(at) && leads(at, step, here, next, looks)) {
                    here.set(at);
                    changed = true;
                }
            }
            work.charge(program.size());
        }
        return here;
    }

    private boolean leads(int at, Step step, BitSet here, int next, int looks) {
        int x = program.x(at);
        int y = program.y(at);
        return switch (program.operation(at)) {
            case Program.CHARS -> alphabet.contains(x, next) && step.behind.get(at + 1);
            case Program.SPLIT -> here.get(x) || here.get(y);
            case Program.JUMP -> here.get(x);
            case Program.PLACE -> here.get(at + 1) && Places.holds(alphabet, x, y, step.previous, next);
            case Program.AHEAD -> here.get(at + 1) && (looks >> x & 1) != y;
            default -> true;
        };
    }
}
