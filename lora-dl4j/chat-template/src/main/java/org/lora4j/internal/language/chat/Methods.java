/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;

/** The methods of Python's texts, lists and dictionaries that change nothing. */
final class Methods {

    /** A method, given the value that it belongs to. */
    @FunctionalInterface
    interface Method<T> {
        Object call(T self, CallArguments arguments, Scope scope);
    }

    static final Map<String, Method<String>> OF_TEXTS = Map.ofEntries(
            Map.entry("strip", (text, given, scope) -> stripped(text, given, true, true, scope)),
            Map.entry("lstrip", (text, given, scope) -> stripped(text, given, true, false, scope)),
            Map.entry("rstrip", (text, given, scope) -> stripped(text, given, false, true, scope)),
            Map.entry("upper", (text, given, scope) -> Texts.upper(text)),
            Map.entry("lower", (text, given, scope) -> Texts.lower(text)),
            Map.entry(
                    "casefold",
                    (text, given, scope) -> Texts.lower(Texts.upper(text)).replace('ς', 'σ')),
            Map.entry("title", (text, given, scope) -> Texts.title(letters(text, scope))),
            Map.entry("capitalize", (text, given, scope) -> Texts.capitalized(text)),
            Map.entry(
                    "startswith",
                    (text, given, scope) -> any(
                            given.required(0, "prefix"), Part.of(text, given).text(), true, scope)),
            Map.entry(
                    "endswith",
                    (text, given, scope) -> any(
                            given.required(0, "suffix"), Part.of(text, given).text(), false, scope)),
            Map.entry("removeprefix", (text, given, scope) -> {
                String prefix = given.text(0, "prefix");
                return text.startsWith(prefix) ? text.substring(prefix.length()) : text;
            }),
            Map.entry("removesuffix", (text, given, scope) -> {
                String suffix = given.text(0, "suffix");
                return text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text;
            }),
            Map.entry(
                    "replace",
                    (text, given, scope) -> replace(
                            text, given.text(0, "old"), given.text(1, "new"), given.integer(2, "count", -1), scope)),
            Map.entry(
                    "split",
                    (text, given, scope) ->
                            split(text, given.textOrNull(0, "sep"), given.integer(1, "maxsplit", -1), scope)),
            Map.entry(
                    "rsplit",
                    (text, given, scope) ->
                            rsplit(text, given.textOrNull(0, "sep"), given.integer(1, "maxsplit", -1), scope)),
            Map.entry("splitlines", (text, given, scope) -> lines(text, given.flag(0, "keepends", false), scope)),
            Map.entry("partition", (text, given, scope) -> {
                String separator = separator(given.text(0, "sep"));
                return parted(text, separator, Needle.first(separator, scope).in(text, 0), false);
            }),
            Map.entry("rpartition", (text, given, scope) -> {
                String separator = separator(given.text(0, "sep"));
                int at = Needle.last(separator, scope).before(text, text.length());
                return parted(text, separator, at, true);
            }),
            Map.entry("join", (text, given, scope) -> {
                List<Object> parts = Values.elements(given.required(0, "iterable"), scope);
                scope.spend((long) parts.size() * Budget.ELEMENT);
                return join(parts.stream().map(Values::requireText).toList(), text, scope);
            }),
            Map.entry("find", (text, given, scope) -> place(text, given, false, scope)),
            Map.entry("rfind", (text, given, scope) -> place(text, given, true, scope)),
            Map.entry("index", (text, given, scope) -> found(place(text, given, false, scope))),
            Map.entry("rindex", (text, given, scope) -> found(place(text, given, true, scope))),
            Map.entry(
                    "count", (text, given, scope) -> count(Part.of(text, given).text(), given.text(0, "sub"), scope)),
            Map.entry("format", (text, given, scope) -> PrintfFormat.fields(text, given, scope)),
            Map.entry("isdigit", (text, given, scope) -> all(text, Character::isDigit)),
            Map.entry("isdecimal", (text, given, scope) -> all(text, Character::isDigit)),
            Map.entry("isnumeric", (text, given, scope) -> all(text, Character::isDigit)),
            Map.entry("isalpha", (text, given, scope) -> all(text, Character::isLetter)),
            Map.entry("isalnum", (text, given, scope) -> all(text, Character::isLetterOrDigit)),
            Map.entry("isspace", (text, given, scope) -> all(text, Texts::isSpace)),
            Map.entry("isupper", (text, given, scope) -> Texts.hasCase(text) && text.equals(Texts.upper(text))),
            Map.entry("islower", (text, given, scope) -> Texts.hasCase(text) && text.equals(Texts.lower(text))),
            Map.entry(
                    "istitle",
                    (text, given, scope) -> Texts.hasCase(text) && text.equals(Texts.title(letters(text, scope)))),
            Map.entry("isascii", (text, given, scope) -> text.chars().allMatch(character -> character < 128)),
            Map.entry("swapcase", (text, given, scope) -> Texts.swapped(letters(text, scope))),
            Map.entry("zfill", (text, given, scope) -> {
                int sign = text.startsWith("-") || text.startsWith("+") ? 1 : 0;
                return text.substring(0, sign)
                        + blanks(text, given.integer(0, "width", 0), "0", scope)
                        + text.substring(sign);
            }),
            Map.entry(
                    "center",
                    (text, given, scope) -> centered(text, given.integer(0, "width", 0), filler(given), scope)),
            Map.entry(
                    "ljust",
                    (text, given, scope) -> text + blanks(text, given.integer(0, "width", 0), filler(given), scope)),
            Map.entry(
                    "rjust",
                    (text, given, scope) -> blanks(text, given.integer(0, "width", 0), filler(given), scope) + text));

    static final Map<String, Method<List<?>>> OF_LISTS = Map.of(
            "count",
            (list, given, scope) -> {
                Object wanted = given.required(0, "value");
                return list.stream()
                        .filter(each -> Values.equal(each, wanted, scope.budget()))
                        .count();
            },
            "index",
            (list, given, scope) -> {
                Object wanted = given.required(0, "value");
                for (int i = 0; i < list.size(); i++) {
                    if (Values.equal(list.get(i), wanted, scope.budget())) {
                        return (long) i;
                    }
                }
                throw TemplateFailure.value("the value is not in the list");
            },
            "copy",
            (list, given, scope) -> list);

    static final Map<String, Method<Map<?, ?>>> OF_DICTIONARIES = Map.of(
            "items", (map, given, scope) -> Iteration.view("dict_items", items(map, scope)),
            "keys", (map, given, scope) -> Iteration.view("dict_keys", Values.elements(map, scope)),
            "values",
                    (map, given, scope) -> {
                        scope.spend((long) map.size() * Budget.ELEMENT);
                        return Iteration.view("dict_values", new ArrayList<>(map.values()));
                    },
            "get",
                    (map, given, scope) -> {
                        Object key = Values.requireKey(given.required(0, "key"));
                        return Values.holds(map, key, scope.budget()) ? map.get(key) : given.get(1, "default", null);
                    },
            "copy", (map, given, scope) -> map);

    private static final Set<String> CHANGING_LISTS =
            Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove");

    private static final Set<String> CHANGING_DICTIONARIES = Set.of("clear", "pop", "popitem", "setdefault", "update");

    private Methods() {}

    /** The method of a name, bound to its value; undefined if it would change the value. */
    static Object of(Object value, String name) {
        if (value instanceof String text) {
            return bound(OF_TEXTS.get(name), text, text.length());
        }
        if (value instanceof List<?> list) {
            boolean changes = !(value instanceof Tuple) && CHANGING_LISTS.contains(name);
            return changes ? refused("list", name) : bound(OF_LISTS.get(name), list, list.size());
        }
        if (value instanceof Map<?, ?> map) {
            return CHANGING_DICTIONARIES.contains(name)
                    ? refused("dict", name)
                    : bound(OF_DICTIONARIES.get(name), map, 0);
        }
        return Members.ABSENT;
    }

    private static Undefined refused(String type, String name) {
        return new Undefined(
                "method '" + name + "' of '" + type + "' is not allowed: a template changes nothing but namespaces");
    }

    private static <T> Object bound(Method<? super T> method, T self, int size) {
        return method == null
                ? Members.ABSENT
                : (Callable) (scope, arguments) -> {
                    scope.spend(size);
                    return method.call(self, arguments, scope);
                };
    }

    /** The pairs of a dictionary. */
    static List<Object> items(Map<?, ?> map, Scope scope) {
        scope.spend((long) map.size() * 2 * Budget.ELEMENT);
        List<Object> items = new ArrayList<>();
        map.forEach((key, value) -> items.add(Tuple.of(key, value)));
        return items;
    }

    /** A text each letter of which is going to be a text of its own. */
    private static String letters(String text, Scope scope) {
        scope.spend((long) text.length() * Budget.ELEMENT);
        return text;
    }

    private static String stripped(String text, CallArguments given, boolean start, boolean end, Scope scope) {
        return Texts.strip(text, Texts.oneOf(given.textOrNull(0, "chars"), scope), start, end);
    }

    /** Whether a text begins or ends with another, or with one of a tuple; null does with none. */
    private static boolean any(Object wanted, String text, boolean begins, Scope scope) {
        for (Object each : wanted instanceof Tuple tuple ? tuple : Collections.singletonList(wanted)) {
            String part = Values.requireText(each);
            if (text == null) {
                continue;
            }
            scope.spend(1 + Math.min(part.length(), text.length()));
            if (begins ? text.startsWith(part) : text.endsWith(part)) {
                return true;
            }
        }
        return false;
    }

    private static boolean all(String text, IntPredicate test) {
        return !text.isEmpty() && text.codePoints().allMatch(test);
    }

    /**
     * What lies between the indices that a method is given behind its first argument.
     *
     * @param text the text; null if it begins behind the end, so that not even an empty text is in it
     * @param start where it begins, counted in code points
     */
    private record Part(String text, int start) {

        static Part of(String text, CallArguments given) {
            int length = Texts.length(text);
            Object from = given.get(1, "start", null);
            int start = (int) Members.limit(from, 0, length, 1);
            int end = (int) Members.limit(given.get(2, "end", null), length, length, 1);
            boolean isThere = start <= end && (from == null || Values.requireInteger(from) <= length);
            return new Part(isThere ? Texts.substring(text, start, end) : null, start);
        }
    }

    private static long place(String text, CallArguments given, boolean last, Scope scope) {
        Part part = Part.of(text, given);
        String sub = given.text(0, "sub");
        if (part.text() == null) {
            return -1;
        }
        int at = last
                ? Needle.last(sub, scope).before(part.text(), part.text().length())
                : Needle.first(sub, scope).in(part.text(), 0);
        return at < 0 ? -1 : part.start() + part.text().codePointCount(0, at);
    }

    private static long found(long place) {
        if (place < 0) {
            throw TemplateFailure.value("substring not found");
        }
        return place;
    }

    private static String separator(String separator) {
        if (separator.isEmpty()) {
            throw TemplateFailure.value("empty separator");
        }
        return separator;
    }

    private static String filler(CallArguments given) {
        String filler = Values.requireText(given.get(1, "fillchar", " "));
        if (Texts.length(filler) != 1) {
            throw TemplateFailure.value("the fill character must be exactly one character long");
        }
        return filler;
    }

    private static String blanks(String text, long width, String filler, Scope scope) {
        long missing = Math.max(0, Math.max(0, width) - Texts.length(text));
        scope.spend(missing);
        return filler.repeat(Math.toIntExact(missing));
    }

    static String centered(String text, long width, String filler, Scope scope) {
        String all = blanks(text, width, filler, scope);
        int missing = Texts.length(all);
        // Of an odd number, Python sets one more before the text where the width is odd, and behind it otherwise.
        int before = missing / 2 + (int) (missing & width & 1);
        return filler.repeat(before) + text + filler.repeat(missing - before);
    }

    private static long count(String text, String part, Scope scope) {
        if (text == null) {
            return 0;
        }
        if (part.isEmpty()) {
            return Texts.length(text) + 1L;
        }
        Needle needle = Needle.first(part, scope);
        long count = 0;
        for (int at = needle.in(text, 0); at >= 0; at = needle.in(text, at + part.length())) {
            scope.spend(Budget.ELEMENT);
            count++;
        }
        return count;
    }

    static String replace(String text, String old, String with, long most, Scope scope) {
        long places = count(text, old, scope);
        long times = most < 0 ? places : Math.min(most, places);
        scope.spend(text.length() + times * (Budget.ELEMENT + with.length()));
        Needle needle = Needle.first(old, scope);
        StringBuilder replaced = new StringBuilder();
        int at = 0;
        for (long i = 0; i < times; i++) {
            int next =
                    old.isEmpty() ? at + (i == 0 ? 0 : Character.charCount(text.codePointAt(at))) : needle.in(text, at);
            replaced.append(text, at, next).append(with);
            at = next + old.length();
        }
        return replaced.append(text, at, text.length()).toString();
    }

    /** Text or parts that a list gets cost as much as a text and a list of them. */
    private static void pay(List<Object> parts, String part, Scope scope) {
        scope.spend(part.length() + Budget.ELEMENT);
        parts.add(part);
    }

    static List<Object> split(String text, String separator, long most, Scope scope) {
        List<Object> parts = new ArrayList<>();
        if (separator != null) {
            Needle needle = Needle.first(separator(separator), scope);
            int at = 0;
            for (int next = needle.in(text, 0);
                    next >= 0 && (most < 0 || parts.size() < most);
                    next = needle.in(text, at)) {
                pay(parts, text.substring(at, next), scope);
                at = next + separator.length();
            }
            pay(parts, text.substring(at), scope);
            return parts;
        }
        int at = next(text, 0, false);
        while (at < text.length() && (most < 0 || parts.size() < most)) {
            int end = next(text, at, true);
            pay(parts, text.substring(at, end), scope);
            at = next(text, end, false);
        }
        if (at < text.length()) {
            pay(parts, text.substring(at), scope);
        }
        return parts;
    }

    /** The next place from here where there is a blank, or none. */
    private static int next(String text, int from, boolean blank) {
        int at = from;
        while (at < text.length() && Texts.isSpace(text.charAt(at)) != blank) {
            at++;
        }
        return at;
    }

    private static List<Object> rsplit(String text, String separator, long most, Scope scope) {
        List<Object> parts = new ArrayList<>();
        int end = text.length();
        if (separator == null) {
            end = previous(text, end, false);
            while (end > 0 && (most < 0 || parts.size() < most)) {
                int start = previous(text, end, true);
                pay(parts, text.substring(start, end), scope);
                end = previous(text, start, false);
            }
        } else {
            Needle needle = Needle.last(separator(separator), scope);
            for (int at = needle.before(text, end);
                    at >= 0 && (most < 0 || parts.size() < most);
                    at = needle.before(text, end)) {
                pay(parts, text.substring(at + separator.length(), end), scope);
                end = at;
            }
        }
        if (separator != null || end > 0) {
            pay(parts, text.substring(0, end), scope);
        }
        Collections.reverse(parts);
        return parts;
    }

    /** The end of what lies before a place and ends with a blank, or with none. */
    private static int previous(String text, int from, boolean blank) {
        int at = from;
        while (at > 0 && Texts.isSpace(text.charAt(at - 1)) != blank) {
            at--;
        }
        return at;
    }

    static List<Object> lines(String text, boolean keepEnds, Scope scope) {
        List<Object> lines = new ArrayList<>();
        int from = 0;
        for (int at = 0; at < text.length(); at++) {
            if ("\n\r\u000B\f\u001C\u001D\u001E\u0085\u2028\u2029".indexOf(text.charAt(at)) < 0) {
                continue;
            }
            int end = at;
            at += text.startsWith("\r\n", at) ? 1 : 0;
            pay(lines, text.substring(from, keepEnds ? at + 1 : end), scope);
            from = at + 1;
        }
        if (from < text.length()) {
            pay(lines, text.substring(from), scope);
        }
        return lines;
    }

    private static Tuple parted(String text, String separator, int at, boolean last) {
        List<Object> parts = at < 0
                ? last ? List.of("", "", text) : List.of(text, "", "")
                : List.of(text.substring(0, at), separator, text.substring(at + separator.length()));
        return new Tuple(parts);
    }

    /** The parts are paid for already. */
    static String join(List<String> parts, String separator, Scope scope) {
        long length = 0;
        for (String part : parts) {
            length += part.length() + separator.length();
        }
        scope.spend(length);
        return String.join(separator, parts);
    }
}
