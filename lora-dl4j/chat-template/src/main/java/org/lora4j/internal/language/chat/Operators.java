/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.util.ArrayList;
import java.util.Iterator;
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
            "*", (a, b, scope) -> multiply(Markup.plain(a), Markup.plain(b), scope),
            "/", (a, b, scope) -> arithmetic("/", a, nonZero(b), null, (x, y) -> x / y),
            "//", (a, b, scope) -> arithmetic("//", a, nonZero(b), Math::floorDiv, Operators::floorQuotient),
            "%", (a, b, scope) -> remainder(Markup.plain(a), Markup.plain(b), scope),
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

    /** A zero with a fraction keeps its sign apart. */
    static Object negated(Object value, Scope scope) {
        return value instanceof Double real
                ? (Object) (-real)
                : ARITHMETIC.get("-").apply(0L, value, scope);
    }

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
        if (a instanceof Markup && isText(b) || b instanceof Markup && isText(a)) {
            String text = Markup.escape(a, scope).text();
            String other = Markup.escape(b, scope).text();
            scope.spend((long) text.length() + other.length());
            return new Markup(text + other);
        }
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

    private static boolean isText(Object value) {
        return value instanceof String || value instanceof Markup;
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
            return PrintfFormat.apply(format, b, scope);
        }
        return arithmetic("%", a, nonZero(b), Math::floorMod, Operators::floorRemainder);
    }

    /** Python's remainder has the sign of the divisor, also where it is zero. */
    private static double floorRemainder(double a, double b) {
        double remainder = a % b;
        if (remainder == 0) {
            return Math.copySign(0, b);
        }
        return remainder < 0 == b < 0 ? remainder : remainder + b;
    }

    private static double floorQuotient(double a, double b) {
        double quotient = (a - floorRemainder(a, b)) / b;
        return quotient == 0 ? Math.copySign(0, a / b) : Math.rint(quotient);
    }

    private static boolean contained(Object element, Object whole, Scope scope) {
        if (whole instanceof String text) {
            return Needle.first(Values.requireText(element), scope).in(text, 0) >= 0;
        }
        if (whole instanceof Map<?, ?> map) {
            return Values.holds(map, Values.requireHashable(element), scope.budget());
        }
        boolean found = false;
        for (Iterator<Object> rest = Values.iterator(whole, scope); !found && rest.hasNext(); ) {
            found = Values.equal(element, rest.next(), scope.budget());
        }
        return found;
    }
}
