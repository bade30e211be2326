/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Python's {@code "..." % values} and {@code "...".format(values)}, in the forms that texts of chats need. */
final class PrintfFormat {

    private static final Pattern SPEC =
            Pattern.compile("%(?:\\(([^)]*+)\\))?([-0]?)([0-9]{0,3})(?:\\.([0-9]{1,2}))?(.)", Pattern.DOTALL);
    private static final Pattern FIELD = Pattern.compile("\\{\\{|\\}\\}|\\{([^{}]*+)\\}");

    private PrintfFormat() {}

    /** {@code format % given}: a tuple gives several values; what may have parts of its own need not be used. */
    static String apply(String format, Object given, Scope scope) {
        List<?> values = given instanceof Tuple tuple ? tuple : Collections.singletonList(given);
        Map<?, ?> named = given instanceof Map<?, ?> map ? map : Map.of();
        boolean hasParts = given instanceof Map || given instanceof List || given instanceof Undefined;
        boolean anyUse = hasParts && !(given instanceof Tuple);
        scope.spend(format.length());
        Matcher spec = SPEC.matcher(format);
        StringBuilder text = new StringBuilder();
        int next = 0;
        int at = 0;
        while (spec.find(at)) {
            text.append(format, at, spec.start());
            at = spec.end();
            if (spec.group(5).equals("%")) {
                text.append('%');
                continue;
            }
            Object value;
            if (spec.group(1) != null) {
                value = named.get(spec.group(1));
            } else if (next < values.size()) {
                value = values.get(next++);
            } else {
                throw TemplateFailure.value("not enough arguments for format string");
            }
            String shown = pad(converted(value, spec, scope), spec);
            scope.spend(shown.length());
            text.append(shown);
        }
        if (next < values.size() && !anyUse) {
            throw TemplateFailure.value("not all arguments converted during string formatting");
        }
        return text.append(format, at, format.length()).toString();
    }

    private static String converted(Object value, Matcher spec, Scope scope) {
        String digits = spec.group(4);
        switch (spec.group(5)) {
            case "s", "r" -> {
                String text = spec.group(5).equals("s")
                        ? Values.text(value, scope.budget())
                        : Values.repr(value, scope.budget());
                return digits == null
                        ? text
                        : Texts.substring(text, 0, Math.min(Texts.length(text), Integer.parseInt(digits)));
            }
            case "d", "i" -> {
                Number number = Values.number(value);
                return number instanceof Double real
                        ? Long.toString(real.longValue())
                        : Long.toString(Values.requireInteger(number));
            }
            case "x" -> {
                return Long.toString(Values.requireInteger(value), 16);
            }
            case "f" -> {
                Number number = Values.number(value);
                if (number == null || !Double.isFinite(number.doubleValue())) {
                    throw Values.notA("a finite number", value);
                }
                return fixed(number.doubleValue(), digits == null ? 6 : Integer.parseInt(digits));
            }
            default -> throw TemplateFailure.value("unsupported format character '" + spec.group(5) + "'");
        }
    }

    static String fixed(double number, int digits) {
        String text =
                new BigDecimal(number).setScale(digits, RoundingMode.HALF_EVEN).toPlainString();
        return number < 0 && !text.startsWith("-") ? "-" + text : text;
    }

    private static String pad(String text, Matcher spec) {
        int missing = spec.group(3).isEmpty() ? 0 : Integer.parseInt(spec.group(3)) - Texts.length(text);
        if (missing <= 0) {
            return text;
        }
        return switch (spec.group(2)) {
            case "-" -> text + " ".repeat(missing);
            case "0" ->
                text.startsWith("-") ? "-" + "0".repeat(missing) + text.substring(1) : "0".repeat(missing) + text;
            default -> " ".repeat(missing) + text;
        };
    }

    /** {@code format}: {@code {}}, {@code {0}} and {@code {name}}; no attributes, as they are a way into objects. */
    static String fields(String format, Arguments arguments, Scope scope) {
        scope.spend(format.length());
        Matcher field = FIELD.matcher(format);
        StringBuilder text = new StringBuilder();
        int next = 0;
        int at = 0;
        while (field.find(at)) {
            text.append(format, at, field.start());
            at = field.end();
            String name = field.group(1);
            if (name == null) {
                text.append(field.group().charAt(0));
                continue;
            }
            if (!name.matches("\\w*")) {
                throw TemplateFailure.value("format knows {}, {0} and {name}, not {" + name + "}");
            }
            boolean counts = name.isEmpty() || name.matches("[0-9]{1,4}");
            int position = name.isEmpty() ? next++ : counts ? Integer.parseInt(name) : Integer.MAX_VALUE;
            String shown = Values.text(arguments.required(position, name), scope.budget());
            scope.spend(shown.length());
            text.append(shown);
        }
        return text.append(format, at, format.length()).toString();
    }
}
