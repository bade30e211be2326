/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * Values of templates by Python's rules. They are null (None), {@code Boolean}, {@code Long} and {@code BigInteger} (int),
 * {@code Double} (float), {@code String}, {@code List}, {@link Tuple}, {@code Map} (dict), {@link Iteration}, {@link
 * Undefined}, {@link Namespace} and {@link Callable}; nothing else gets in.
 */
final class Values {

    /** What Python calls the types, the special ones first. */
    private static final List<Map.Entry<Class<?>, String>> TYPES = List.of(
            Map.entry(Boolean.class, "bool"),
            Map.entry(Double.class, "float"),
            Map.entry(Number.class, "int"),
            Map.entry(String.class, "str"),
            Map.entry(Tuple.class, "tuple"),
            Map.entry(List.class, "list"),
            Map.entry(Map.class, "dict"),
            Map.entry(Namespace.class, "Namespace"));

    /** What it costs to compare two values, whatever they are. */
    private static final int COMPARISON = 4;

    /** What it costs to read or round a number with a fraction. */
    static final int REAL = 64 * Budget.STEP;

    private Values() {}

    static String type(Object value) {
        if (value instanceof Iteration iteration) {
            return iteration.type();
        }
        for (Map.Entry<Class<?>, String> type : TYPES) {
            if (type.getKey().isInstance(value)) {
                return type.getValue();
            }
        }
        return value == null ? "NoneType" : "function";
    }

    static boolean isTrue(Object value) {
        if (value instanceof Boolean truth) {
            return truth;
        }
        if (value instanceof Number number) {
            return number instanceof BigInteger || number.doubleValue() != 0;
        }
        if (value instanceof String text) {
            return !text.isEmpty();
        }
        if (value instanceof Collection<?> elements) {
            return !elements.isEmpty();
        }
        if (value instanceof Map<?, ?> fields) {
            return !fields.isEmpty();
        }
        if (value instanceof Markup markup) {
            return !markup.text().isEmpty();
        }
        if (value instanceof Iteration iteration) {
            return iteration.isGenerator() || !iteration.kept().isEmpty();
        }
        return value != null && !(value instanceof Undefined);
    }

    /** What a value is in the output. */
    static String text(Object value, Budget budget) {
        Object plain = Markup.plain(value);
        return plain instanceof String text ? text : value instanceof Undefined ? "" : repr(plain, budget);
    }

    /** Python's {@code repr}. */
    static String repr(Object value, Budget budget) {
        StringBuilder out = new StringBuilder();
        repr(value, out, budget);
        return out.toString();
    }

    private static void repr(Object value, StringBuilder out, Budget budget) {
        budget.enter();
        if (value instanceof Map<?, ?> fields) {
            String separator = "{";
            for (Map.Entry<?, ?> field : fields.entrySet()) {
                repr(field.getKey(), out.append(separator), budget);
                repr(field.getValue(), out.append(": "), budget);
                separator = ", ";
            }
            out.append(fields.isEmpty() ? "{}" : "}");
        } else if (value instanceof List<?> elements) {
            boolean tuple = value instanceof Tuple;
            String separator = "";
            out.append(tuple ? '(' : '[');
            for (Object element : elements) {
                repr(element, out.append(separator), budget);
                separator = ", ";
            }
            out.append(tuple && elements.size() == 1 ? "," : "").append(tuple ? ')' : ']');
        } else if (value instanceof Iteration iteration) {
            out.append(iteration.repr(budget));
        } else if (value instanceof Namespace namespace) {
            repr(namespace.variables, out.append("<Namespace "), budget);
            out.append('>');
        } else {
            budget.spend(value instanceof Number number ? spelling(number) : 0);
            budget.spend(value instanceof String text ? 2L * text.length() : 0);
            String scalar = value instanceof String text ? Texts.repr(text) : scalar(value);
            budget.spend(scalar.length());
            out.append(scalar);
        }
        budget.leave();
        budget.spend(Budget.ELEMENT);
    }

    /** What it costs to spell a number; an integer with quadratic time for its digits. */
    static long spelling(Number number) {
        if (number instanceof BigInteger integer) {
            return integer.bitLength() + (long) integer.bitLength() * integer.bitLength() / 256;
        }
        if (number instanceof Double real) {
            return isShort(real) ? REAL / 8 : 4 * REAL;
        }
        return Budget.STEP;
    }

    /** Whether Double.toString is right: of the decimals with 15 digits, one alone reads back as the number. */
    private static boolean isShort(double number) {
        if (!Double.isFinite(number) || Math.abs(number) < Double.MIN_NORMAL) {
            return !Double.isFinite(number) || number == 0;
        }
        return new BigDecimal(Double.toString(number)).stripTrailingZeros().precision() <= 15;
    }

    private static String scalar(Object value) {
        if (value == null) {
            return "None";
        }
        if (value instanceof Boolean truth) {
            return truth ? "True" : "False";
        }
        if (value instanceof Double number) {
            return repr(number);
        }
        if (value instanceof Undefined) {
            return "Undefined";
        }
        return value instanceof Number ? value.toString() : "<" + type(value) + ">";
    }

    /** The shortest decimal that reads back as the number, spelled by Python's rules. */
    static String repr(double number) {
        if (!Double.isFinite(number)) {
            return Double.isNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
        }
        String sign = Double.doubleToRawLongBits(number) < 0 ? "-" : "";
        double size = Math.abs(number);
        if (size == 0) {
            return sign + "0.0";
        }
        BigDecimal shortest = shortest(size);
        String digits = shortest.stripTrailingZeros().unscaledValue().toString();
        int exponent = shortest.precision() - shortest.scale() - 1;
        if (exponent < -4 || exponent >= 16) {
            String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
            String power = (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
            return sign + digits.charAt(0) + fraction + "e" + (exponent < 0 ? "-" : "+") + power;
        }
        String plain = shortest.stripTrailingZeros().toPlainString();
        return sign + plain + (plain.indexOf('.') < 0 ? ".0" : "");
    }

    /** Double.toString of Java 17 does not always give it. */
    private static BigDecimal shortest(double size) {
        if (isShort(size)) {
            return new BigDecimal(Double.toString(size));
        }
        BigDecimal exact = new BigDecimal(size);
        // Where enough digits read back as the number, more do, except for powers of two: the next number below is
        // nearer, and what
        // reads back may be rounded up.
        boolean isPower = (Double.doubleToRawLongBits(size) & (1L << 52) - 1) == 0;
        int few = 1;
        for (int enough = 17; few < enough; ) {
            int digits = isPower ? few : (few + enough) / 2;
            if (rounded(exact, digits, RoundingMode.HALF_EVEN).doubleValue() == size) {
                enough = digits;
            } else if (isPower && rounded(exact, digits, RoundingMode.CEILING).doubleValue() == size) {
                return rounded(exact, digits, RoundingMode.CEILING);
            } else {
                few = digits + 1;
            }
        }
        return rounded(exact, few, RoundingMode.HALF_EVEN);
    }

    private static BigDecimal rounded(BigDecimal exact, int digits, RoundingMode mode) {
        return exact.round(new MathContext(digits, mode));
    }

    static boolean isNumber(Object value) {
        return value instanceof Number || value instanceof Boolean;
    }

    /** A number in Python's arithmetic, where true is 1; null if the value is none. */
    static Number number(Object value) {
        return value instanceof Boolean truth ? (Number) (truth ? 1L : 0L) : value instanceof Number n ? n : null;
    }

    static boolean equal(Object a, Object b, Budget budget) {
        budget.spend(COMPARISON);
        if (isNumber(a) && isNumber(b)) {
            return compareNumbers(number(a), number(b), budget) == 0
                    && !number(a).equals(Double.NaN);
        }
        if (a instanceof String text && b instanceof String other) {
            if (text.length() != other.length()) {
                return false;
            }
            budget.spend(text.length() / Budget.READ);
            return text.equals(other);
        }
        if (a instanceof List<?> list && b instanceof List<?> other) {
            return (a instanceof Tuple) == (b instanceof Tuple)
                    && list.size() == other.size()
                    && allEqual(list, other, budget);
        }
        if (a instanceof Map<?, ?> map && b instanceof Map<?, ?> other) {
            return map.size() == other.size() && allEqual(map, other, budget);
        }
        return a == b || a instanceof Undefined && b instanceof Undefined;
    }

    private static boolean allEqual(List<?> list, List<?> other, Budget budget) {
        budget.enter();
        boolean equal = true;
        for (int i = 0; equal && i < list.size(); i++) {
            equal = equal(list.get(i), other.get(i), budget);
        }
        budget.leave();
        return equal;
    }

    private static boolean allEqual(Map<?, ?> map, Map<?, ?> other, Budget budget) {
        budget.enter();
        boolean equal = true;
        for (Iterator<? extends Map.Entry<?, ?>> fields = map.entrySet().iterator(); equal && fields.hasNext(); ) {
            Map.Entry<?, ?> field = fields.next();
            equal = holds(other, field.getKey(), budget) && equal(field.getValue(), other.get(field.getKey()), budget);
        }
        budget.leave();
        return equal;
    }

    /** Python's order of numbers, texts and lists of them. */
    static int compare(Object a, Object b, Budget budget) {
        budget.spend(COMPARISON);
        if (isNumber(a) && isNumber(b)) {
            return compareNumbers(number(a), number(b), budget);
        }
        if (a instanceof String text && b instanceof String other) {
            return compareTexts(text, other, budget);
        }
        if (a instanceof List<?> list && b instanceof List<?> other && (a instanceof Tuple) == (b instanceof Tuple)) {
            budget.enter();
            int order = 0;
            for (int i = 0; order == 0 && i < Math.min(list.size(), other.size()); i++) {
                // What is equal need not have an order: None, say.
                order = equal(list.get(i), other.get(i), budget) ? 0 : compare(list.get(i), other.get(i), budget);
            }
            budget.leave();
            return order == 0 ? Integer.compare(list.size(), other.size()) : order;
        }
        throw unfit("<", a, b);
    }

    /**
     * By their exact values, as Python compares integers with reals: as reals, 2^53 + 1 and 2^53 would be equal. What is no
     * number stands behind all that are, so that this is a total order and lists can be sorted.
     */
    private static int compareNumbers(Number a, Number b, Budget budget) {
        if (a instanceof Double left && b instanceof Double right) {
            return compareReals(left, right);
        }
        if (a instanceof Double left) {
            return -compareNumbers(b, left, budget);
        }
        if (b instanceof Double right) {
            if (!Double.isFinite(right)) {
                return right < 0 ? 1 : -1;
            }
            if (a instanceof Long integer && Math.abs(right) < 0x1p63) {
                long whole = right.longValue();
                return integer == whole ? compareReals(whole, right) : Long.compare(integer, whole);
            }
            budget.spend(REAL);
            return new BigDecimal(integer(a)).compareTo(new BigDecimal(right));
        }
        if (a instanceof Long x && b instanceof Long y) {
            return Long.compare(x, y);
        }
        budget.spend(integer(a).bitLength() / Budget.STEP);
        return integer(a).compareTo(integer(b));
    }

    private static int compareReals(double a, double b) {
        return a < b ? -1 : a > b ? 1 : Boolean.compare(Double.isNaN(a), Double.isNaN(b));
    }

    private static BigInteger integer(Number number) {
        return number instanceof BigInteger integer ? integer : BigInteger.valueOf(number.longValue());
    }

    /** By code points, as pairs of surrogates stand before other characters that are behind them. */
    private static int compareTexts(String a, String b, Budget budget) {
        int at = 0;
        int end = Math.min(a.length(), b.length());
        while (at < end && a.charAt(at) == b.charAt(at)) {
            at++;
        }
        budget.spend(at / Budget.READ);
        if (at == end) {
            return Integer.compare(a.length(), b.length());
        }
        return Integer.compare(rank(a.charAt(at)), rank(b.charAt(at)));
    }

    private static int rank(char unit) {
        return Character.isSurrogate(unit) ? unit + Character.MAX_VALUE : unit;
    }

    static TemplateFailure unfit(String operator, Object a, Object b) {
        for (Object value : new Object[] {a, b}) {
            if (value instanceof Undefined undefined) {
                return undefined.failure();
            }
        }
        return TemplateFailure.value(
                "unsupported operand types for " + operator + ": '" + type(a) + "' and '" + type(b) + "'");
    }

    static String requireText(Object value) {
        if (value instanceof String text) {
            return text;
        }
        throw notA("a text", value);
    }

    static long requireInteger(Object value) {
        if (number(value) instanceof Long integer) {
            return integer;
        }
        throw notA("an integer of 64 bits", value);
    }

    /** A key of a dictionary. Values that hold others are none: to hash them can take as long as they are large. */
    static Object requireKey(Object key) {
        if (isKey(key)) {
            return key;
        }
        throw notA("a text or a number as a key", key);
    }

    /** Refuses what Python cannot look up, since its elements may change. */
    static Object requireHashable(Object value) {
        if (value instanceof Map || value instanceof List && !(value instanceof Tuple)) {
            throw TemplateFailure.value("unhashable type: '" + type(value) + "'");
        }
        return value;
    }

    /** Whether a dictionary has a key. To look for a text takes time for its characters. */
    static boolean holds(Map<?, ?> map, Object key, Budget budget) {
        if (key instanceof String text) {
            budget.spend(1 + text.length() / Budget.READ);
        } else if (key instanceof BigInteger integer) {
            budget.spend(1 + integer.bitLength() / Budget.STEP);
        }
        // To hash what holds others can take as long as it is large; no dictionary has it.
        return isKey(key) && map.containsKey(key);
    }

    static boolean isKey(Object value) {
        return value == null || value instanceof String || isNumber(value);
    }

    static TemplateFailure notA(String expected, Object value) {
        return value instanceof Undefined undefined
                ? undefined.failure()
                : TemplateFailure.value("a value of type '" + type(value) + "' was found; expected " + expected);
    }

    /** The elements of whatever a loop runs over: of a text its characters, of a dictionary its keys. */
    static List<Object> elements(Object value, Scope scope) {
        List<Object> elements;
        if (value instanceof List<?> list) {
            @SuppressWarnings("unchecked")
            List<Object> same = (List<Object>) list;
            return same;
        } else if (value instanceof Iteration iteration) {
            return iteration.elements(scope);
        } else if (value instanceof Undefined) {
            return List.of();
        } else if (value instanceof Map<?, ?> map) {
            scope.spend((long) map.size() * Budget.ELEMENT);
            elements = new ArrayList<>(map.keySet());
        } else if (Markup.plain(value) instanceof String text) {
            scope.spend((long) text.length() * Budget.STEP);
            elements = new ArrayList<>();
            text.codePoints().forEach(character -> elements.add(Character.toString(character)));
        } else {
            throw notA("something to loop over", value);
        }
        return elements;
    }

    /** The elements one by one; from a generator only those are taken that are looked at. */
    static Iterator<Object> iterator(Object value, Scope scope) {
        return value instanceof Iteration iteration
                ? iteration.iterator(scope)
                : elements(value, scope).iterator();
    }

    static long length(Object value, Scope scope) {
        if (value instanceof String text) {
            scope.spend(text.length() / Budget.READ);
            return Texts.length(text);
        }
        if (value instanceof Collection<?> elements) {
            return elements.size();
        }
        if (value instanceof Map<?, ?> fields) {
            return fields.size();
        }
        if (value instanceof Iteration iteration && !iteration.isGenerator()) {
            return iteration.kept().size();
        }
        if (value instanceof Undefined) {
            return 0;
        }
        throw notA("something with a length", value);
    }
}
