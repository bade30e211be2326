/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The variables that a place of a template sees, and what all places of one rendering share. Loops and macros have a scope
 * of their own; what is set there is gone behind them.
 */
final class Scope {

    private final Scope outer;
    private final Shared shared;
    private final Map<String, Object> variables = new HashMap<>();

    /** What belongs to one rendering. */
    private static final class Shared {
        final Budget budget;
        final Clock clock;
        StringBuilder output = new StringBuilder();

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

    /** What is written while something runs, which does not come to the output. */
    String captured(Consumer<Scope> writer) {
        StringBuilder before = shared.output;
        shared.output = new StringBuilder();
        // A failure ends the whole rendering, so that nothing has to be put back then.
        shared.budget.enter();
        writer.accept(this);
        shared.budget.leave();
        String text = output();
        spend(text.length());
        shared.output = before;
        return text;
    }
}
