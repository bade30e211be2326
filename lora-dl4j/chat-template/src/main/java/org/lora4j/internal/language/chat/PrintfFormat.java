/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** Python's {@code "..." % values} and {@code "...".format(values)}, in the forms that texts of chats need. */
final class PrintfFormat {

    private PrintfFormat() {}

    /**
     * What stands behind a percent sign.
     *
     * @param name of a named value; null if values are taken one after the other
     * @param flag a minus, a zero or none
     * @param width how long the text is at least
     * @param digits how many characters, or digits behind the point; below 0 where that is not said
     * @param conversion what is made of the value
     * @param end where it ends
     */
    private record Spec(String name, char flag, int width, int digits, char conversion, int end) {

        static Spec read(String format, int from) {
            int at = from;
            String name = null;
            if (format.startsWith("(", at)) {
                int close = format.indexOf(')', at);
                name = format.substring(at + 1, close < 0 ? incomplete() : close);
                at = close + 1;
            }
            boolean hasFlag = format.startsWith("-", at) || format.startsWith("0", at);
            char flag = hasFlag ? format.charAt(at++) : ' ';
            int point = digits(format, at, 3);
            int width = point == at ? 0 : Integer.parseInt(format.substring(at, point));
            int end = format.startsWith(".", point) ? digits(format, point + 1, 2) : point;
            boolean hasDigits = end > point + 1;
            int digits = hasDigits ? Integer.parseInt(format.substring(point + 1, end)) : -1;
            at = hasDigits ? end : point;
            return new Spec(name, flag, width, digits, format.charAt(at < format.length() ? at : incomplete()), at + 1);
        }

        private static int incomplete() {
            throw TemplateFailure.value("incomplete format");
        }

        /** Behind the digits that begin at a place, so many at most. */
        private static int digits(String format, int from, int most) {
            int at = from;
            while (at < from + most && Texts.isDigits(format, at, Math.min(at + 1, format.length()))) {
                at++;
            }
            return at;
        }
    }

    /** {@code format % given}: a tuple gives several values; what may have parts of its own need not be used. */
    static String apply(String format, Object given, Scope scope) {
        List<?> values = given instanceof Tuple tuple ? tuple : Collections.singletonList(given);
        Map<?, ?> named = given instanceof Map<?, ?> map ? map : Map.of();
        boolean hasParts = given instanceof Map || given instanceof List || given instanceof Undefined;
        boolean anyUse = hasParts && !(given instanceof Tuple);
        scope.spend(format.length());
        StringBuilder text = new StringBuilder();
        int next = 0;
        int at = 0;
        for (int percent = format.indexOf('%'); percent >= 0; percent = format.indexOf('%', at)) {
            text.append(format, at, percent);
            Spec spec = Spec.read(format, percent + 1);
            at = spec.end();
            if (spec.conversion() == '%') {
                text.append('%');
                continue;
            }
            Object value;
            if (spec.name() != null) {
                value = named(named, spec.name(), scope);
            } else if (next < values.size()) {
                value = values.get(next++);
            } else {
                throw TemplateFailure.value("not enough arguments for format string");
            }
            String shown = pad(converted(value, spec, scope), spec);
            scope.spend(Budget.STEP + shown.length());
            text.append(shown);
        }
        if (next < values.size() && !anyUse) {
            throw TemplateFailure.value("not all arguments converted during string formatting");
        }
        return text.append(format, at, format.length()).toString();
    }

    private static Object named(Map<?, ?> named, String name, Scope scope) {
        if (!Values.holds(named, name, scope.budget())) {
            throw TemplateFailure.value("no value is named '" + name + "'");
        }
        return named.get(name);
    }

    private static String converted(Object value, Spec spec, Scope scope) {
        switch (spec.conversion()) {
            case 's', 'r' -> {
                String text = spec.conversion() == 's'
                        ? Values.text(value, scope.budget())
                        : Values.repr(value, scope.budget());
                scope.spend(text.length());
                return spec.digits() < 0 ? text : Texts.substring(text, 0, Math.min(Texts.length(text), spec.digits()));
            }
            case 'd', 'i' -> {
                Number number = Values.number(value);
                if (!(number instanceof Double real)) {
                    return Long.toString(Values.requireInteger(number));
                }
                Number whole = Decimal.wholePart(real);
                if (whole == null) {
                    throw Values.notA("a finite number", value);
                }
                scope.spend(Values.REAL + Values.spelling(whole));
                return whole.toString();
            }
            case 'x' -> {
                return Long.toString(Values.requireInteger(value), 16);
            }
            case 'f' -> {
                Number number = Values.number(value);
                if (number == null || !Double.isFinite(number.doubleValue())) {
                    throw Values.notA("a finite number", value);
                }
                scope.spend(Values.REAL);
                return fixed(number.doubleValue(), spec.digits() < 0 ? 6 : spec.digits());
            }
            default -> throw TemplateFailure.value("unsupported format character '" + spec.conversion() + "'");
        }
    }

    static String fixed(double number, int digits) {
        String text =
                new BigDecimal(number).setScale(digits, RoundingMode.HALF_EVEN).toPlainString();
        return Double.doubleToRawLongBits(number) < 0 && !text.startsWith("-") ? "-" + text : text;
    }

    private static String pad(String text, Spec spec) {
        int missing = spec.width() == 0 ? 0 : spec.width() - Texts.length(text);
        if (missing <= 0) {
            return text;
        }
        return switch (spec.flag()) {
            case '-' -> text + " ".repeat(missing);
            case '0' ->
                text.startsWith("-") ? "-" + "0".repeat(missing) + text.substring(1) : "0".repeat(missing) + text;
            default -> " ".repeat(missing) + text;
        };
    }

    /** {@code format}: {@code {}}, {@code {0}} and {@code {name}}; no attributes, as they are a way into objects. */
    static String fields(String format, CallArguments arguments, Scope scope) {
        scope.spend(format.length());
        StringBuilder text = new StringBuilder();
        boolean isCounted = false;
        int next = 0;
        int at = 0;
        while (at < format.length()) {
            char unit = format.charAt(at);
            boolean isBrace = unit == '{' || unit == '}';
            boolean isDoubled = isBrace && format.startsWith(String.valueOf(unit), at + 1);
            if (!isBrace || isDoubled) {
                text.append(unit);
                at += isDoubled ? 2 : 1;
                continue;
            }
            int end = unit == '{' ? format.indexOf('}', at) : -1;
            if (end < 0) {
                throw TemplateFailure.value("a single " + unit + " stands in a format");
            }
            String name = format.substring(at + 1, end);
            boolean counts = name.length() <= 4 && Texts.isDigits(name, 0, name.length());
            if (!name.chars().allMatch(PrintfFormat::isInName)) {
                throw TemplateFailure.value("format knows {}, {0} and {name}, not {" + name + "}");
            }
            isCounted |= counts;
            if (isCounted && (next > 0 || name.isEmpty())) {
                throw TemplateFailure.value("a format counts its fields itself or names their numbers, not both");
            }
            int position = name.isEmpty() ? next++ : counts ? Integer.parseInt(name) : Integer.MAX_VALUE;
            String shown = Values.text(arguments.required(position, name), scope.budget());
            scope.spend(Budget.STEP + shown.length());
            text.append(shown);
            at = end + 1;
        }
        return text.toString();
    }

    private static boolean isInName(int character) {
        return character < 128 && (Character.isLetterOrDigit(character) || character == '_');
    }
}
