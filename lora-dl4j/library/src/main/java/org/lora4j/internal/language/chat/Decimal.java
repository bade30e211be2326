/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

/**
 * Numbers that texts spell in Python's way: a sign, digits with a point or without, an exponent. Each character is read once;
 * a regular expression takes quadratic time to see that many digits and a letter are no number.
 */
final class Decimal {

    private Decimal() {}

    /** The number without its fraction; of what has more than 64 bits, the nearest that has not. Null if none is spelled. */
    static Long integer(String text, Scope scope) {
        String number = stripped(text, scope);
        Double real = parsed(number, scope);
        if (real == null) {
            return null;
        }
        int at = sign(number, 0);
        if (digits(number, at) < number.length() || Math.abs(real) > 0x1p63) {
            return real.longValue();
        }
        // Digits beyond the precision of a real. It overflows by a little at most, which turns its sign.
        long negative = 0;
        for (; at < number.length(); at++) {
            negative = 10 * negative - (number.charAt(at) - '0');
        }
        long integer = number.charAt(0) == '-' ? negative : -negative;
        return integer != 0 && integer < 0 != real < 0 ? (Long) real.longValue() : (Long) integer;
    }

    /** The number; null if none is spelled. */
    static Double real(String text, Scope scope) {
        return parsed(stripped(text, scope), scope);
    }

    private static String stripped(String text, Scope scope) {
        scope.spend(text.length());
        return Texts.strip(text);
    }

    private static Double parsed(String number, Scope scope) {
        int at = sign(number, 0);
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
