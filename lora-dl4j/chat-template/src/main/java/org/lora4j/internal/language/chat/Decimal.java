/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Locale;
import java.util.Map;

/**
 * Numbers that texts spell in Python's way: a sign, digits with a point or without, an exponent. Each character is read once;
 * a regular expression takes quadratic time to see that many digits and a letter are no number.
 */
final class Decimal {

    /** Python reads no more. */
    private static final int MOST_DIGITS = 4_300;

    private static final Map<String, Double> NAMED =
            Map.of("nan", Double.NaN, "inf", Double.POSITIVE_INFINITY, "infinity", Double.POSITIVE_INFINITY);

    private static final int LONGEST_NAME = "infinity".length();

    private Decimal() {}

    /** The number without its fraction; null if none is spelled, or one that has no end. */
    static Number integer(String text, Scope scope) {
        String number = stripped(text, scope);
        int sign = sign(number, 0);
        if (Texts.isDigits(number, sign, number.length()) && number.length() - sign <= MOST_DIGITS) {
            scope.spend((long) number.length() * number.length() / Budget.STEP);
            return Import.integer(new BigInteger(number));
        }
        Double real = parsed(number, scope);
        return real == null ? null : wholePart(real);
    }

    /** A number without its fraction; null if it has no end. */
    static Number wholePart(double real) {
        return Double.isFinite(real) ? Import.integer(new BigDecimal(real).toBigInteger()) : null;
    }

    /** The number; null if none is spelled. */
    static Double real(String text, Scope scope) {
        return parsed(stripped(text, scope), scope);
    }

    /** Without blanks around it, and without underscores between digits. */
    private static String stripped(String text, Scope scope) {
        scope.spend(2L * text.length());
        String number = Texts.strip(text);
        for (int at = number.indexOf('_'); at >= 0; at = number.indexOf('_', at + 1)) {
            if (at == 0
                    || !Texts.isDigits(number, at - 1, at)
                    || !Texts.isDigits(number, at + 1, Math.min(at + 2, number.length()))) {
                return number;
            }
        }
        return number.replace("_", "");
    }

    private static Double parsed(String number, Scope scope) {
        int at = sign(number, 0);
        Double named = number.length() - at > LONGEST_NAME
                ? null
                : NAMED.get(number.substring(at).toLowerCase(Locale.ROOT));
        if (named != null) {
            return number.charAt(0) == '-' ? -named : named;
        }
        int whole = digits(number, at);
        boolean hasPoint = whole < number.length() && number.charAt(whole) == '.';
        int end = hasPoint ? digits(number, whole + 1) : whole;
        if (end - at == (hasPoint ? 1 : 0)) {
            return null;
        }
        if (end < number.length() && (number.charAt(end) | 0x20) == 'e') {
            int exponent = sign(number, end + 1);
            end = digits(number, exponent);
            if (end == exponent) {
                return null;
            }
        }
        if (end < number.length()) {
            return null;
        }
        scope.spend(Values.REAL);
        return Double.valueOf(number);
    }

    /** Behind a sign that may stand at a place. */
    private static int sign(String text, int at) {
        return at < text.length() && (text.charAt(at) == '-' || text.charAt(at) == '+') ? at + 1 : at;
    }

    /** Behind the digits that begin at a place. */
    private static int digits(String text, int from) {
        int at = from;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        return at;
    }
}
