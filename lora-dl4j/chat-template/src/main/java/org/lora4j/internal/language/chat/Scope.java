/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The variables that a place of a template sees, and what all places of one rendering share. Loops and macros have a scope
 * of their own; what is set there is gone behind them.
 */
final class Scope {

    /** Pays for the memory of its place. */
    private static final int WORK_OF_A_BLOCK = 64;

    private final Scope outer;
    private final Shared shared;
    private final Map<String, Object> variables = new HashMap<>();

    /** What belongs to one rendering. */
    private static final class Shared {
        final Budget budget;
        final Clock clock;
        StringBuilder output = new StringBuilder();
        final List<int[]> generated = new ArrayList<>();
        int captures;
        boolean lost;

        Shared(Budget budget, Clock clock) {
            this.budget = budget;
            this.clock = clock;
        }
    }

    private Scope(Scope outer, Shared shared) {
        this.outer = outer;
        this.shared = shared;
    }

    static Scope root(Map<String, Object> variables, Budget budget, Clock clock) {
        Scope globals = new Scope(null, new Shared(budget, clock));
        globals.variables.putAll(Globals.ALL);
        globals.variables.putAll(variables);
        return globals.inner();
    }

    Scope inner() {
        return new Scope(this, shared);
    }

    Object get(String name) {
        for (Scope scope = this; scope != null; scope = scope.outer) {
            spend(2);
            Object value = scope.variables.get(name);
            if (value != null || scope.variables.containsKey(name)) {
                return value;
            }
        }
        return new Undefined("'" + name + "' is undefined");
    }

    void set(String name, Object value) {
        variables.put(name, value);
    }

    Clock clock() {
        return shared.clock;
    }

    Budget budget() {
        return shared.budget;
    }

    void spend(long cost) {
        shared.budget.spend(cost);
    }

    void write(String text) {
        spend(text.length());
        shared.output.append(text);
        shared.budget.checkOutput(shared.output.length());
    }

    String output() {
        return shared.output.toString();
    }

    /** Notes that what is written from here on by something is the model's. */
    <T> T generation(Supplier<T> writer) {
        spend(WORK_OF_A_BLOCK);
        int start = shared.output.length();
        T result = writer.get();
        if (shared.captures > 0) {
            // Nobody knows where this text will come to stand.
            shared.lost = true;
        } else {
            shared.generated.add(new int[] {start, shared.output.length()});
        }
        return result;
    }

    /** Where {@link #generation} wrote; nothing if that is not known of all. */
    List<int[]> generated() {
        return shared.lost ? List.of() : List.copyOf(shared.generated);
    }

    /** What is written while something runs, which does not come to the output. */
    String captured(Consumer<Scope> writer) {
        StringBuilder before = shared.output;
        shared.output = new StringBuilder();
        // A failure ends the whole rendering, so that nothing has to be put back then.
        shared.budget.enter();
        shared.captures++;
        writer.accept(this);
        shared.captures--;
        shared.budget.leave();
        String text = output();
        spend(text.length());
        shared.output = before;
        return text;
    }
}
