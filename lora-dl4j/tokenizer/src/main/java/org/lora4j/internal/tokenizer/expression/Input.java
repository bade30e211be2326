/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.expression;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** A text as the symbols that automata read: classes of characters, and which lookaheads match where. */
final class Input {

    private final Alphabet alphabet;
    private final int[] points;
    private final int from;
    private final int to;
    private final List<BitSet> looks = new ArrayList<>();

    Input(Alphabet alphabet, int[] points, int from, int to) {
        this.alphabet = alphabet;
        this.points = points;
        this.from = from;
        this.to = to;
    }

    int from() {
        return from;
    }

    int to() {
        return to;
    }

    /** Adds where the next lookahead matches, counted from the start. */
    void add(BitSet matches) {
        looks.add(matches);
    }

    int symbol(int at) {
        int symbol = at < to ? alphabet.classOf(points[at]) : alphabet.size();
        if (!looks.isEmpty()) {
            for (int i = 0; i < looks.size(); i++) {
                symbol += looks.get(i).get(at - from) ? alphabet.size() + 1 << i : 0;
            }
        }
        return symbol;
    }

    int classBefore(int at) {
        return at > from ? alphabet.classOf(points[at - 1]) : alphabet.size();
    }
}
