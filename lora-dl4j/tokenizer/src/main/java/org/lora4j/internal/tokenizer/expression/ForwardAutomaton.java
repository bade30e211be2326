/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.expression;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Where the match that starts at a place ends, by an automaton whose states are lists of threads in the order of their right
 * (as in RE2, Cox, "Regular Expression Matching in the Wild", 2010). A state is made when a text first leads to it; then a
 * character costs one look-up, whatever the expression.
 *
 * <p>A symbol is the class of the next character with a bit for each lookahead that matches before it, so that conditions on
 * what follows are known when a thread meets them: what matches before a character is known in the state behind it.
 *
 * <p><b>Threads.</b> Safe: states are immutable but for links that every thread would make the same.
 */
final class ForwardAutomaton {

    /** Expressions of published tokenizers have some fifty. */
    private static final int MOST_STATES = 2_000;

    private final Program program;
    private final Alphabet alphabet;
    private final int symbols;
    private final boolean looksBack;
    private volatile Map<Key, State> states = new ConcurrentHashMap<>();
    private volatile State[] starts;

    ForwardAutomaton(Program program, Alphabet alphabet, int looks) {
        this.program = program;
        this.alphabet = alphabet;
        this.symbols = alphabet.size() + 1 << looks;
        boolean back = false;
        for (int i = 0; i < program.size(); i++) {
            back |= program.operation(i) == Program.PLACE && Places.looksBack(program.x(i));
        }
        this.looksBack = back;
        this.starts = new State[alphabet.size() + 1];
    }

    /** Threads in order, the class before them if it matters, and whether the expression matched before that class. */
    private static final class State {

        private final int[] threads;
        private final int previous;
        private final boolean matched;
        private final State[] next;

        State(Key key, int symbols) {
            this.threads = key.threads;
            this.previous = key.previous;
            this.matched = key.matched;
            this.next = new State[symbols];
        }
    }

    private record Key(int[] threads, int previous, boolean matched) {

        @Override
        public boolean equals(Object other) {
            return other instanceof Key that
                    && previous == that.previous
                    && matched == that.matched
                    && Arrays.equals(threads, that.threads);
        }

        @Override
        public int hashCode() {
            return 31 * Arrays.hashCode(threads) + 2 * previous + (matched ? 1 : 0);
        }
    }

    /** Where the match ends that starts at a place; -1 if none starts there. */
    int end(Input input, int start, Work work) {
        State state = start(input.classBefore(start));
        int end = -1;
        int at = start;
        while (true) {
            int symbol = input.symbol(at);
            State next = state.next[symbol];
            if (next == null) {
                next = follow(state, symbol, work);
            }
            if (next.matched) {
                end = at;
            }
            if (next.threads.length == 0 || at >= input.to()) {
                work.charge(at - start + 1L);
                return end;
            }
            state = next;
            at++;
        }
    }

    private State start(int previous) {
        int context = looksBack ? previous : alphabet.size();
        State known = starts[context];
        if (known == null) {
            known = state(new int[] {0}, context, false);
            starts[context] = known;
        }
        return known;
    }

    private State state(int[] threads, int previous, boolean matched) {
        Map<Key, State> known = states;
        if (known.size() >= MOST_STATES) {
            // A text that leads to more begins anew; what it made is let go.
            known = new ConcurrentHashMap<>();
            states = known;
            starts = new State[alphabet.size() + 1];
        }
        return known.computeIfAbsent(new Key(threads, previous, matched), key -> new State(key, symbols));
    }

    private State follow(State state, int symbol, Work work) {
        int next = symbol % (alphabet.size() + 1);
        int looks = symbol / (alphabet.size() + 1);
        boolean[] seen = new boolean[program.size()];
        boolean[] taken = new boolean[program.size()];
        int[] found = new int[program.size()];
        int count = 0;
        boolean matched = false;
        int[] stack = new int[2 * program.size() + 2];
        for (int thread : state.threads) {
            int depth = 0;
            stack[depth++] = thread;
            while (depth > 0 && !matched) {
                int at = stack[--depth];
                if (seen[at]) {
                    continue;
                }
                seen[at] = true;
                switch (program.operation(at)) {
                    case Program.CHARS -> {
                        if (alphabet.contains(program.x(at), next) && !taken[at + 1]) {
                            taken[at + 1] = true;
                            found[count++] = at + 1;
                        }
                    }
                    case Program.SPLIT -> {
                        stack[depth++] = program.y(at);
                        stack[depth++] = program.x(at);
                    }
                    case Program.JUMP -> stack[depth++] = program.x(at);
                    case Program.PLACE -> {
                        if (Places.holds(alphabet, program.x(at), program.y(at), state.previous, next)) {
                            stack[depth++] = at + 1;
                        }
                    }
                    case Program.AHEAD -> {
                        if ((looks >> program.x(at) & 1) != program.y(at)) {
                            stack[depth++] = at + 1;
                        }
                    }
                    default -> matched = true;
                }
            }
            if (matched) {
                break;
            }
        }
        work.charge(program.size());
        State made = state(Arrays.copyOf(found, count), looksBack ? next : alphabet.size(), matched);
        state.next[symbol] = made;
        return made;
    }
}
