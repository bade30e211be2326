/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Python's {@code strftime} in the C locale. A minus behind the percent sign drops leading zeros. */
final class Strftime {

    /** Patterns of {@link DateTimeFormatter} by letter. */
    private static final Map<Character, String> PATTERNS = Map.ofEntries(
            Map.entry('Y', "uuuu"),
            Map.entry('y', "uu"),
            Map.entry('m', "MM"),
            Map.entry('d', "dd"),
            Map.entry('e', "ppd"),
            Map.entry('b', "MMM"),
            Map.entry('h', "MMM"),
            Map.entry('B', "MMMM"),
            Map.entry('a', "EEE"),
            Map.entry('A', "EEEE"),
            Map.entry('H', "HH"),
            Map.entry('I', "hh"),
            Map.entry('M', "mm"),
            Map.entry('S', "ss"),
            Map.entry('f', "SSSSSS"),
            Map.entry('p', "a"),
            Map.entry('j', "DDD"),
            Map.entry('D', "MM/dd/uu"),
            Map.entry('F', "uuuu-MM-dd"),
            Map.entry('T', "HH:mm:ss"),
            Map.entry('R', "HH:mm"),
            Map.entry('x', "MM/dd/uu"),
            Map.entry('X', "HH:mm:ss"),
            Map.entry('c', "EEE MMM ppd HH:mm:ss uuuu"),
            Map.entry('u', "e"));

    /** Root's names of days and months are English, and so are the C locale's; but only US has AM and PM. */
    private static final Map<Character, DateTimeFormatter> FORMATTERS = PATTERNS.entrySet().stream()
            .collect(Collectors.toMap(
                    Map.Entry::getKey, pattern -> DateTimeFormatter.ofPattern(pattern.getValue(), Locale.US)));

    /** What a part of a date costs. */
    private static final int PART = 16 * Budget.STEP;

    /** Those that are no pattern; datetime.now() knows no zone. */
    private static final Map<Character, String> TEXTS = Map.of('%', "%", 'n', "\n", 't', "\t", 'Z', "", 'z', "");

    private Strftime() {}

    static String format(String format, ZonedDateTime time, Scope scope) {
        StringBuilder text = new StringBuilder();
        for (int at = 0; at < format.length(); at++) {
            char letter = format.charAt(at);
            if (letter != '%') {
                text.append(letter);
                continue;
            }
            boolean bare = format.startsWith("-", at + 1);
            at += bare ? 2 : 1;
            letter = at < format.length() ? format.charAt(at) : ' ';
            if (PATTERNS.containsKey(letter)) {
                scope.spend(PART);
                String shown = shown(letter, time);
                text.append(bare ? withoutZeros(shown) : shown);
            } else if (TEXTS.containsKey(letter)) {
                text.append(TEXTS.get(letter));
            } else {
                throw TemplateFailure.value("strftime_now does not know %" + letter);
            }
        }
        return text.toString();
    }

    private static String withoutZeros(String shown) {
        int at = 0;
        while (at < shown.length() - 1 && "0 ".indexOf(shown.charAt(at)) >= 0) {
            at++;
        }
        return shown.substring(at);
    }

    private static String shown(char letter, ZonedDateTime time) {
        return letter == 'u'
                ? Integer.toString(time.getDayOfWeek().getValue())
                : FORMATTERS.get(letter).format(time);
    }
}
