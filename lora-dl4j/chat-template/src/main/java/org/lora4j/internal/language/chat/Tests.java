/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.math.BigInteger;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;

/** What may stand behind {@code is}, by Jinja's names. */
final class Tests {

    /** A test of a value. */
    @FunctionalInterface
    interface Test {
        boolean holds(Object value, CallArguments arguments, Scope scope);
    }

    static final Map<String, Test> ALL = new HashMap<>();

    static {
        ALL.put("defined", (value, given, scope) -> !(value instanceof Undefined));
        ALL.put("undefined", (value, given, scope) -> value instanceof Undefined);
        ALL.put("none", (value, given, scope) -> value == null);
        ALL.put("true", (value, given, scope) -> Boolean.TRUE.equals(value));
        ALL.put("false", (value, given, scope) -> Boolean.FALSE.equals(value));
        ALL.put("boolean", (value, given, scope) -> value instanceof Boolean);
        ALL.put("string", (value, given, scope) -> value instanceof String);
        ALL.put("number", (value, given, scope) -> Values.isNumber(value));
        ALL.put("integer", (value, given, scope) -> value instanceof Long || value instanceof BigInteger);
        ALL.put("float", (value, given, scope) -> value instanceof Double);
        ALL.put("mapping", (value, given, scope) -> value instanceof Map);
        ALL.put("iterable", (value, given, scope) -> isSequence(value) || value instanceof Iteration);
        ALL.put("sequence", (value, given, scope) -> isSequence(value));
        ALL.put(
                "callable",
                (value, given, scope) ->
                        value instanceof Callable || value instanceof Loop || value instanceof Undefined);
        ALL.put("odd", (value, given, scope) -> leaves(1, value, 2L, scope));
        ALL.put("even", (value, given, scope) -> leaves(0, value, 2L, scope));
        ALL.put("divisibleby", (value, given, scope) -> leaves(0, value, given.required(0, "num"), scope));
        ALL.put("lower", (value, given, scope) -> isCased(value, Texts::lower, scope));
        ALL.put("upper", (value, given, scope) -> isCased(value, Texts::upper, scope));
        ALL.put("sameas", (value, given, scope) -> isSame(value, given.required(0, "other"), scope));
        ALL.put(
                "filter",
                (value, given, scope) -> Values.holds(Filters.ALL, Values.requireHashable(value), scope.budget()));
        ALL.put("test", (value, given, scope) -> Values.holds(ALL, Values.requireHashable(value), scope.budget()));
        ALL.put("in", (value, given, scope) -> compared("in", value, given, scope));
        for (String[] names : new String[][] {
            {"==", "eq", "equalto"},
            {"!=", "ne"},
            {"<", "lt", "lessthan"},
            {"<=", "le"},
            {">", "gt", "greaterthan"},
            {">=", "ge"}
        }) {
            for (String name : names) {
                ALL.put(name, (value, given, scope) -> compared(names[0], value, given, scope));
            }
        }
    }

    private Tests() {}

    static Test named(String name) {
        Test test = ALL.get(name);
        if (test == null) {
            throw TemplateFailure.value("no test named '" + name + "'");
        }
        return test;
    }

    private static boolean leaves(long remainder, Object value, Object divisor, Scope scope) {
        Object left = Operators.ARITHMETIC.get("%").apply(value, divisor, scope);
        return Values.equal(left, remainder, scope.budget());
    }

    private static boolean compared(String sign, Object value, CallArguments given, Scope scope) {
        return (Boolean) Operators.COMPARISON.get(sign).apply(value, given.required(0, "other"), scope);
    }

    private static boolean isSequence(Object value) {
        return value instanceof Collection
                || value instanceof Map
                || value instanceof String
                || value instanceof Undefined
                || value instanceof Iteration iteration && iteration.isRange();
    }

    private static boolean isCased(Object value, UnaryOperator<String> changed, Scope scope) {
        String text = Values.text(value, scope.budget());
        scope.spend(text.length());
        return text.equals(changed.apply(text)) && Texts.hasCase(text);
    }

    private static boolean isSame(Object a, Object b, Scope scope) {
        if (a instanceof String && b instanceof String) {
            return Values.equal(a, b, scope.budget());
        }
        return a instanceof List || a instanceof Map ? a == b : Objects.equals(a, b);
    }
}
