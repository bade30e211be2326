/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import java.util.function.LongBinaryOperator;

/** Python's operators on two values, by their signs. */
final class Operators {

    /** An operator. */
    @FunctionalInterface
    interface Binary {
        Object apply(Object a, Object b, Scope scope);
    }

    static final Map<String, Binary> ARITHMETIC = Map.of(
            "+", Operators::add,
            "-", (a, b, scope) -> arithmetic("-", a, b, Math::subtractExact, (x, y) -> x - y),
            "*", Operators::multiply,
            "/", (a, b, scope) -> arithmetic("/", a, nonZero(b), null, (x, y) -> x / y),
            "//", (a, b, scope) -> arithmetic("//", a, nonZero(b), Math::floorDiv, (x, y) -> Math.floor(x / y)),
            "%", Operators::remainder,
            "**",
                    (a, b, scope) -> {
                        boolean fraction = Values.number(b) instanceof Long exponent && exponent < 0;
                        return arithmetic("**", a, b, fraction ? null : Operators::power, Math::pow);
                    });

    static final Map<String, Binary> COMPARISON = Map.of(
            "==", (a, b, scope) -> Values.equal(a, b, scope.budget()),
            "!=", (a, b, scope) -> !Values.equal(a, b, scope.budget()),
            "<", (a, b, scope) -> Values.compare(a, b, scope.budget()) < 0 && isOrdered(a, b),
            ">", (a, b, scope) -> Values.compare(a, b, scope.budget()) > 0 && isOrdered(a, b),
            "<=", (a, b, scope) -> Values.compare(a, b, scope.budget()) <= 0 && isOrdered(a, b),
            ">=", (a, b, scope) -> Values.compare(a, b, scope.budget()) >= 0 && isOrdered(a, b),
            "in", Operators::contained,
            "not in", (a, b, scope) -> !contained(a, b, scope));

    private Operators() {}

    private static boolean isOrdered(Object a, Object b) {
        return !(a instanceof Double x && x.isNaN() || b instanceof Double y && y.isNaN());
    }

    private static Object arithmetic(
            String sign, Object a, Object b, LongBinaryOperator integers, DoubleBinaryOperator reals) {
        Number left = Values.number(a);
        Number right = Values.number(b);
        if (left == null || right == null) {
            throw Values.unfit(sign, a, b);
        }
        if (integers == null || left instanceof Double || right instanceof Double) {
            return reals.applyAsDouble(left.doubleValue(), right.doubleValue());
        }
        if (left instanceof Long x && right instanceof Long y) {
            try {
                return integers.applyAsLong(x, y);
            } catch (ArithmeticException e) {
                // Told below, as for operands that are too large.
            }
        }
        throw TemplateFailure.value("the result of " + sign + " is no integer of 64 bits");
    }

    private static Object nonZero(Object divisor) {
        Number number = Values.number(divisor);
        if (number != null && number.doubleValue() == 0) {
            throw TemplateFailure.value("division by zero");
        }
        return divisor;
    }

    private static long power(long base, long exponent) {
        if (exponent > 62 && Math.abs(base) > 1) {
            throw new ArithmeticException();
        }
        long power = 1;
        for (long i = 0; i < exponent && power != 0 && (i < 2 || Math.abs(base) > 1); i++) {
            power = Math.multiplyExact(power, base);
        }
        return base == -1 ? exponent % 2 == 0 ? 1 : -1 : power;
    }

    private static Object add(Object a, Object b, Scope scope) {
        if (a instanceof String text && b instanceof String other) {
            scope.spend((long) text.length() + other.length());
            return text + other;
        }
        if (a instanceof List<?> list && b instanceof List<?> other && (a instanceof Tuple) == (b instanceof Tuple)) {
            scope.spend((long) (list.size() + other.size()) * Budget.ELEMENT);
            List<Object> both = new ArrayList<>(list);
            both.addAll(other);
            return a instanceof Tuple ? new Tuple(both) : both;
        }
        return arithmetic("+", a, b, Math::addExact, Double::sum);
    }

    private static Object multiply(Object a, Object b, Scope scope) {
        if (Values.number(a) instanceof Long && !Values.isNumber(b)) {
            return multiply(b, a, scope);
        }
        if (Values.number(b) instanceof Long count && (a instanceof String || a instanceof List)) {
            long times = Math.max(0, Math.min(count, Integer.MAX_VALUE));
            if (a instanceof String text) {
                scope.spend(times * text.length());
                return text.repeat((int) times);
            }
            List<?> list = (List<?>) a;
            scope.spend(times * list.size() * Budget.ELEMENT);
            List<Object> repeated = new ArrayList<>();
            for (long i = 0; !list.isEmpty() && i < times; i++) {
                repeated.addAll(list);
            }
            return a instanceof Tuple ? new Tuple(repeated) : repeated;
        }
        return arithmetic("*", a, b, Math::multiplyExact, (x, y) -> x * y);
    }

    private static Object remainder(Object a, Object b, Scope scope) {
        if (a instanceof String format) {
            List<?> values = b instanceof Tuple tuple ? tuple : Collections.singletonList(b);
            return PrintfFormat.apply(format, values, b instanceof Map<?, ?> map ? map : Map.of(), scope);
        }
        return arithmetic("%", a, nonZero(b), Math::floorMod, (x, y) -> x - y * Math.floor(x / y));
    }

    private static boolean contained(Object element, Object whole, Scope scope) {
        if (whole instanceof String text) {
            scope.spend(text.length());
            return text.contains(Values.requireText(element));
        }
        if (whole instanceof Map<?, ?> map) {
            return map.containsKey(Values.requireKey(element));
        }
        return Values.elements(whole, scope).stream().anyMatch(each -> Values.equal(element, each, scope.budget()));
    }
}
