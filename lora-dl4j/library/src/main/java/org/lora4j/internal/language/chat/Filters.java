/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** What may stand behind a bar, by Jinja's names. */
final class Filters {

    /** A filter of a value. */
    @FunctionalInterface
    interface Filter {
        Object apply(Object value, Arguments arguments, Scope scope);
    }

    /** A filter of a text; anything else becomes its text first. */
    @FunctionalInterface
    private interface TextFilter {
        Object apply(String text, Arguments arguments, Scope scope);
    }

    /** A filter of a sequence's elements. */
    @FunctionalInterface
    private interface ListFilter {
        Object apply(List<Object> elements, Arguments arguments, Scope scope);
    }

    private static final Map<String, Filter> ALL = new HashMap<>();

    static {
        text("string", (text, given, scope) -> text);
        text("safe", (text, given, scope) -> text);
        text("upper", (text, given, scope) -> Texts.upper(text));
        text("lower", (text, given, scope) -> Texts.lower(text));
        text("title", (text, given, scope) -> Texts.titleOfWords(text));
        text("capitalize", (text, given, scope) -> Texts.capitalized(text));
        text("trim", (text, given, scope) -> Texts.strip(text, given.textOrNull(0, "chars"), true, true));
        text(
                "replace",
                (text, given, scope) -> Methods.replace(
                        text,
                        Values.text(given.required(0, "old"), scope.budget()),
                        Values.text(given.required(1, "new"), scope.budget()),
                        given.get(2, "count", null) == null ? -1 : given.integer(2, "count", -1),
                        scope));
        text("escape", (text, given, scope) -> escaped(text, scope));
        text("e", (text, given, scope) -> escaped(text, scope));
        text("indent", Filters::indented);
        text("wordcount", (text, given, scope) ->
                (long) Methods.split(text, null, -1, scope).size());
        text("format", (text, given, scope) -> PrintfFormat.apply(text, given.positional(), given.named(), scope));
        ALL.put("truncate", (value, given, scope) -> truncated(Values.requireText(value), given));
        ALL.put("tojson", (value, given, scope) -> Json.of(value, given, scope.budget()));
        ALL.put("length", (value, given, scope) -> Values.length(value));
        ALL.put("count", (value, given, scope) -> Values.length(value));
        ALL.put("default", Filters::defaulted);
        ALL.put("d", Filters::defaulted);
        ALL.put("int", Filters::integer);
        ALL.put("float", Filters::real);
        ALL.put(
                "abs",
                (value, given, scope) -> Values.compare(value, 0L, scope.budget()) < 0
                        ? Operators.ARITHMETIC.get("-").apply(0L, value, scope)
                        : Values.number(value));
        ALL.put("round", Filters::rounded);
        ALL.put("attr", (value, given, scope) -> Members.attribute(value, given.text(0, "name")));
        ALL.put("items", (value, given, scope) -> {
            if (value instanceof Undefined) {
                return List.of();
            }
            if (!(value instanceof Map<?, ?> map)) {
                throw Values.notA("a dictionary", value);
            }
            return Methods.items(map, scope);
        });
        ALL.put("dictsort", Filters::sortedItems);
        ALL.put("reverse", (value, given, scope) -> {
            List<Object> reversed = copy(Values.elements(value, scope), scope);
            Collections.reverse(reversed);
            return value instanceof String ? Methods.join(texts(reversed, scope), "", scope) : reversed;
        });
        list("list", (elements, given, scope) -> copy(elements, scope));
        list(
                "first",
                (elements, given, scope) ->
                        elements.isEmpty() ? new Undefined("No first item, sequence was empty.") : elements.get(0));
        list(
                "last",
                (elements, given, scope) -> elements.isEmpty()
                        ? new Undefined("No last item, sequence was empty.")
                        : elements.get(elements.size() - 1));
        list("join", Filters::joined);
        list("sort", (elements, given, scope) -> {
            List<Object> sorted = copy(elements, scope);
            Comparator<Object> order = order(given, 1, 2, scope);
            sorted.sort(given.flag(0, "reverse", false) ? order.reversed() : order);
            return sorted;
        });
        list("unique", Filters::unique);
        list("min", (elements, given, scope) -> extreme(elements, order(given, 2, 0, scope), "min"));
        list(
                "max",
                (elements, given, scope) ->
                        extreme(elements, order(given, 2, 0, scope).reversed(), "max"));
        list("sum", (elements, given, scope) -> {
            Function<Object, Object> part = part(given.get(0, "attribute", null));
            Object sum = given.get(1, "start", 0L);
            for (Object element : elements) {
                sum = Operators.ARITHMETIC.get("+").apply(sum, part.apply(element), scope);
            }
            return sum;
        });
        list("map", Filters::mapped);
        list("select", (elements, given, scope) -> selected(elements, null, given, true, scope));
        list("reject", (elements, given, scope) -> selected(elements, null, given, false, scope));
        list(
                "selectattr",
                (elements, given, scope) ->
                        selected(elements, given.required(0, "attribute"), given.from(1), true, scope));
        list(
                "rejectattr",
                (elements, given, scope) ->
                        selected(elements, given.required(0, "attribute"), given.from(1), false, scope));
        list("groupby", Filters::grouped);
        list("batch", Filters::batched);
    }

    private Filters() {}

    private static void text(String name, TextFilter filter) {
        ALL.put(name, (value, given, scope) -> {
            String text = Values.text(value, scope.budget());
            scope.spend(text.length());
            return filter.apply(text, given, scope);
        });
    }

    private static void list(String name, ListFilter filter) {
        ALL.put(name, (value, given, scope) -> {
            List<Object> elements = Values.elements(value, scope);
            scope.spend(elements.size());
            return filter.apply(elements, given, scope);
        });
    }

    static Filter named(String name, int line) {
        Filter filter = ALL.get(name);
        if (filter == null) {
            throw TemplateFailure.syntax(line, "no filter named '" + name + "'");
        }
        return filter;
    }

    static boolean exists(Object name) {
        return ALL.containsKey(name);
    }

    private static List<Object> copy(List<Object> elements, Scope scope) {
        scope.spend((long) elements.size() * Budget.ELEMENT);
        return new ArrayList<>(elements);
    }

    private static List<String> texts(List<Object> values, Scope scope) {
        return values.stream().map(value -> Values.text(value, scope.budget())).toList();
    }

    private static String escaped(String text, Scope scope) {
        StringBuilder escaped = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            int at = "&<>'\"".indexOf(text.charAt(i));
            if (at < 0) {
                escaped.append(text.charAt(i));
            } else {
                scope.spend(5);
                escaped.append(
                        List.of("&amp;", "&lt;", "&gt;", "&#39;", "&#34;").get(at));
            }
        }
        return escaped.toString();
    }

    private static Object indented(String text, Arguments given, Scope scope) {
        Object width = given.get(0, "width", 4L);
        String by = width instanceof String blanks
                ? blanks
                : " ".repeat((int) Math.max(0, Math.min(1_000, Values.requireInteger(width))));
        boolean blankLines = given.flag(2, "blank", false);
        StringBuilder out = new StringBuilder();
        boolean first = true;
        for (Object line : Methods.lines(text + "\n", false, scope)) {
            boolean indents = first ? given.flag(1, "first", false) : blankLines || !line.equals("");
            scope.spend(by.length());
            out.append(first ? "" : "\n").append(indents ? by : "").append(line);
            first = false;
        }
        return out.toString();
    }

    private static Object truncated(String text, Arguments given) {
        long length = given.integer(0, "length", 255);
        String end = Values.requireText(given.get(2, "end", "..."));
        long leeway = given.get(3, "leeway", null) == null ? 5 : given.integer(3, "leeway", 5);
        if (Texts.length(text) <= length + leeway) {
            return text;
        }
        String start = Texts.substring(text, 0, (int) Math.max(0, length - Texts.length(end)));
        int blank = given.flag(1, "killwords", false) ? -1 : start.lastIndexOf(' ');
        return (blank < 0 ? start : start.substring(0, blank)) + end;
    }

    private static Object defaulted(Object value, Arguments given, Scope scope) {
        boolean missing = value instanceof Undefined || given.flag(1, "boolean", false) && !Values.isTrue(value);
        return missing ? given.get(0, "default_value", "") : value;
    }

    private static Object integer(Object value, Arguments given, Scope scope) {
        Number number = Values.number(value);
        if (number instanceof Double real) {
            return Double.isFinite(real) ? (Object) real.longValue() : given.get(0, "default", 0L);
        }
        if (number != null) {
            return number;
        }
        try {
            return Long.valueOf(Texts.strip((String) value, null, true, true));
        } catch (NumberFormatException | ClassCastException e) {
            return value instanceof String text && decimal(text) != null
                    ? (Object) decimal(text).longValue()
                    : given.get(0, "default", 0L);
        }
    }

    private static Object real(Object value, Arguments given, Scope scope) {
        Double number = Values.isNumber(value)
                ? (Double) Values.number(value).doubleValue()
                : value instanceof String text ? decimal(text) : null;
        return number == null ? given.get(0, "default", 0.0) : number;
    }

    /** The number that a text spells in Python's way; null if it spells none. */
    private static Double decimal(String text) {
        String number = Texts.strip(text, null, true, true);
        return number.matches("[-+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]+)?") ? Double.valueOf(number) : null;
    }

    private static Object rounded(Object value, Arguments given, Scope scope) {
        Number number = Values.number(value);
        if (number == null) {
            throw Values.notA("a number", value);
        }
        long digits = given.integer(0, "precision", 0);
        String method = Values.requireText(given.get(1, "method", "common"));
        RoundingMode mode = switch (method) {
            case "common" -> RoundingMode.HALF_EVEN;
            case "ceil" -> RoundingMode.CEILING;
            case "floor" -> RoundingMode.FLOOR;
            default -> throw TemplateFailure.value("method must be common, ceil or floor");
        };
        double real = number.doubleValue();
        return number instanceof Long && digits >= 0 && mode == RoundingMode.HALF_EVEN
                ? number
                : !Double.isFinite(real) || Math.abs(digits) > 300
                        ? (Object) real
                        : new BigDecimal(real).setScale((int) digits, mode).doubleValue();
    }

    private static Object sortedItems(Object value, Arguments given, Scope scope) {
        if (!(value instanceof Map<?, ?> map)) {
            throw Values.notA("a dictionary", value);
        }
        int by = "value".equals(given.get(1, "by", "key")) ? 1 : 0;
        boolean cased = given.flag(0, "case_sensitive", false);
        List<Object> items = Methods.items(map, scope);
        Comparator<Object> order = Comparator.comparing(
                item -> folded(((List<?>) item).get(by), cased), (a, b) -> Values.compare(a, b, scope.budget()));
        items.sort(given.flag(2, "reverse", false) ? order.reversed() : order);
        return items;
    }

    private static Object folded(Object value, boolean cased) {
        return value instanceof String text && !cased ? Texts.lower(text) : value;
    }

    /** The element itself or what it has under a path such as {@code function.name}. */
    private static Function<Object, Object> part(Object path) {
        if (path == null) {
            return element -> element;
        }
        if (!(path instanceof String names)) {
            return element -> Members.item(element, path);
        }
        return element -> {
            Object value = element;
            for (String name : names.split("\\.", -1)) {
                value = Members.item(value, name.matches("[0-9]{1,9}") ? (Object) Long.valueOf(name) : name);
            }
            return value;
        };
    }

    private static Comparator<Object> order(Arguments given, int cased, int attribute, Scope scope) {
        boolean caseSensitive = given.flag(cased, "case_sensitive", false);
        Function<Object, Object> part = part(given.get(attribute, "attribute", null));
        return (a, b) -> Values.compare(
                folded(part.apply(a), caseSensitive), folded(part.apply(b), caseSensitive), scope.budget());
    }

    private static Object extreme(List<Object> elements, Comparator<Object> order, String name) {
        return elements.isEmpty()
                ? new Undefined("No " + name + " item, sequence was empty.")
                : Collections.min(elements, order);
    }

    private static Object joined(List<Object> elements, Arguments given, Scope scope) {
        Function<Object, Object> part = part(given.get(1, "attribute", null));
        List<Object> parts = new ArrayList<>();
        elements.forEach(element -> parts.add(part.apply(element)));
        return Methods.join(texts(parts, scope), Values.text(given.get(0, "d", ""), scope.budget()), scope);
    }

    private static Object unique(List<Object> elements, Arguments given, Scope scope) {
        boolean cased = given.flag(0, "case_sensitive", false);
        Function<Object, Object> part = part(given.get(1, "attribute", null));
        Map<Object, Object> seen = new LinkedHashMap<>();
        scope.spend((long) elements.size() * Budget.ELEMENT);
        elements.forEach(element -> seen.putIfAbsent(Values.requireKey(folded(part.apply(element), cased)), element));
        return new ArrayList<>(seen.values());
    }

    private static Object mapped(List<Object> elements, Arguments given, Scope scope) {
        Function<Object, Object> each;
        if (given.positional().isEmpty()) {
            Function<Object, Object> part = part(given.required(0, "attribute"));
            Object fallback = given.get(1, "default", null);
            each = element -> {
                Object value = part.apply(element);
                return value instanceof Undefined && given.named().containsKey("default") ? fallback : value;
            };
        } else {
            Filter filter = named(given.text(0, "name"), 0);
            Arguments rest = given.from(1);
            each = element -> filter.apply(element, rest, scope);
        }
        List<Object> mapped = new ArrayList<>();
        for (Object element : elements) {
            scope.spend(Budget.STEP);
            mapped.add(each.apply(element));
        }
        return mapped;
    }

    private static Object selected(
            List<Object> elements, Object attribute, Arguments given, boolean holds, Scope scope) {
        Function<Object, Object> part = part(attribute);
        Tests.Test test = given.positional().isEmpty()
                ? (value, arguments, at) -> Values.isTrue(value)
                : Tests.named(given.text(0, "name"), 0);
        Arguments rest = given.from(1);
        List<Object> selected = new ArrayList<>();
        for (Object element : elements) {
            scope.spend(Budget.STEP);
            if (test.holds(part.apply(element), rest, scope) == holds) {
                selected.add(element);
            }
        }
        return selected;
    }

    private static Object grouped(List<Object> elements, Arguments given, Scope scope) {
        Function<Object, Object> part = part(given.required(0, "attribute"));
        List<Object> sorted = copy(elements, scope);
        sorted.sort(
                (a, b) -> Values.compare(folded(part.apply(a), false), folded(part.apply(b), false), scope.budget()));
        Map<Object, List<Object>> groups = new LinkedHashMap<>();
        sorted.forEach(element -> groups.computeIfAbsent(
                        Values.requireKey(folded(part.apply(element), false)), key -> new ArrayList<>())
                .add(element));
        List<Object> pairs = new ArrayList<>();
        groups.values().forEach(group -> pairs.add(Tuple.of(part.apply(group.get(0)), group)));
        return pairs;
    }

    private static Object batched(List<Object> elements, Arguments given, Scope scope) {
        long size = given.integer(0, "linecount", 0);
        if (size < 1) {
            throw TemplateFailure.value("batch needs a size above 0");
        }
        List<Object> batches = new ArrayList<>();
        for (int at = 0; at < elements.size(); at += (int) Math.min(size, elements.size())) {
            batches.add(copy(elements.subList(at, (int) Math.min(elements.size(), at + size)), scope));
        }
        return batches;
    }
}
