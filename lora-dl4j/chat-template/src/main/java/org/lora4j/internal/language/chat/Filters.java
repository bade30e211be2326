/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** What may stand behind a bar, by Jinja's names. */
final class Filters {

    /** A filter of a value. */
    @FunctionalInterface
    interface Filter {
        Object apply(Object value, CallArguments arguments, Scope scope);
    }

    /** A filter of a text; anything else becomes its text first. */
    @FunctionalInterface
    private interface TextFilter {
        Object apply(String text, CallArguments arguments, Scope scope);
    }

    /** A filter of a sequence's elements. */
    @FunctionalInterface
    private interface ListFilter {
        Object apply(List<Object> elements, CallArguments arguments, Scope scope);
    }

    /** A filter that gives elements one after another. */
    @FunctionalInterface
    private interface Generator {
        List<Object> elements(Object value, CallArguments arguments, Scope scope);
    }

    private static final String CASE = "case_sensitive";

    static final Map<String, Filter> ALL = new HashMap<>();

    static {
        text("string", (text, given, scope) -> text);
        text("safe", (text, given, scope) -> new Markup(text));
        text("upper", (text, given, scope) -> Texts.upper(text));
        text("lower", (text, given, scope) -> Texts.lower(text));
        text("title", (text, given, scope) -> {
            scope.spend((long) text.length() * Budget.ELEMENT);
            return Texts.titleOfWords(text);
        });
        text("capitalize", (text, given, scope) -> Texts.capitalized(text));
        text(
                "trim",
                (text, given, scope) ->
                        Texts.strip(text, Texts.oneOf(given.textOrNull(0, "chars"), scope), true, true));
        text(
                "replace",
                (text, given, scope) -> Methods.replace(
                        text,
                        Values.text(given.required(0, "old"), scope.budget()),
                        Values.text(given.required(1, "new"), scope.budget()),
                        given.get(2, "count", null) == null ? -1 : given.integer(2, "count", -1),
                        scope));
        for (String name : List.of("escape", "e", "forceescape")) {
            ALL.put(name, (value, given, scope) -> Markup.escape(value, scope));
        }
        text("center", (text, given, scope) -> Methods.centered(text, given.integer(0, "width", 80), " ", scope));
        text("wordcount", (text, given, scope) -> Texts.words(text));
        text("format", Filters::format);
        ALL.put("indent", (value, given, scope) -> indented(Values.requireText(value), given, scope));
        ALL.put("truncate", Filters::truncated);
        ALL.put("tojson", (value, given, scope) -> Json.of(value, given, scope.budget()));
        ALL.put("length", (value, given, scope) -> Values.length(value, scope));
        ALL.put("count", (value, given, scope) -> Values.length(value, scope));
        ALL.put("default", Filters::defaulted);
        ALL.put("d", Filters::defaulted);
        ALL.put("int", Filters::integer);
        ALL.put("float", Filters::real);
        ALL.put("abs", (value, given, scope) -> {
            if (Values.number(value) instanceof Double real) {
                return Math.abs(real);
            }
            return Values.compare(value, 0L, scope.budget()) < 0
                    ? Operators.negated(value, scope)
                    : Values.number(value);
        });
        ALL.put("round", Filters::rounded);
        ALL.put("attr", (value, given, scope) -> {
            String name = given.text(0, "name");
            Object member = Members.member(value, name, scope);
            return member == Members.ABSENT ? Members.missing(value, name) : member;
        });
        generator("items", (value, given, scope) -> {
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
            if (value instanceof Iteration iteration && iteration.isGenerator()) {
                return reversed;
            }
            return value instanceof String
                    ? Methods.join(texts(reversed, scope), "", scope)
                    : Iteration.generator(() -> reversed);
        });
        list("list", (elements, given, scope) -> copy(elements, scope));
        ALL.put("first", (value, given, scope) -> {
            Iterator<Object> rest = Values.iterator(value, scope);
            return rest.hasNext() ? rest.next() : new Undefined("No first item, sequence was empty.");
        });
        ALL.put("last", (value, given, scope) -> {
            if (value instanceof Iteration iteration && iteration.isGenerator()) {
                throw Values.notA("what has an end to begin at", value);
            }
            List<Object> elements = Values.elements(value, scope);
            return elements.isEmpty()
                    ? new Undefined("No last item, sequence was empty.")
                    : elements.get(elements.size() - 1);
        });
        list("join", Filters::joined);
        list("sort", (elements, given, scope) -> {
            Function<Object, Object> key = keys(given.get(2, "attribute", null), given.flag(1, CASE, false), scope);
            return sorted(elements, key, given.flag(0, "reverse", false), scope);
        });
        list("min", (elements, given, scope) -> extreme(keyed(elements, ofOne(given, scope), scope), order(scope)));
        list(
                "max",
                (elements, given, scope) -> extreme(
                        keyed(elements, ofOne(given, scope), scope),
                        order(scope).reversed()));
        list("sum", (elements, given, scope) -> {
            Function<Object, Object> part = part(given.get(0, "attribute", null), scope);
            Object sum = given.get(1, "start", 0L);
            for (Object element : elements) {
                sum = Operators.ARITHMETIC.get("+").apply(sum, part.apply(element), scope);
            }
            return sum;
        });
        // Nothing is no failure for these, whatever it is: none | map(...) has no elements.
        generator("map", (value, given, scope) -> mapped(anyElements(value, scope), given, scope));
        generator("select", (value, given, scope) -> selected(anyElements(value, scope), null, given, true, scope));
        generator("reject", (value, given, scope) -> selected(anyElements(value, scope), null, given, false, scope));
        generator(
                "selectattr",
                (value, given, scope) -> selected(
                        anyElements(value, scope), given.required(0, "attribute"), given.from(1), true, scope));
        generator(
                "rejectattr",
                (value, given, scope) -> selected(
                        anyElements(value, scope), given.required(0, "attribute"), given.from(1), false, scope));
        generator("unique", (value, given, scope) -> unique(Values.elements(value, scope), given, scope));
        generator("batch", (value, given, scope) -> batched(Values.elements(value, scope), given, scope));
        generator("slice", (value, given, scope) -> sliced(Values.elements(value, scope), given, scope));
        list("groupby", Filters::grouped);
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
            scope.spend((long) elements.size() * Budget.ELEMENT);
            return filter.apply(elements, given, scope);
        });
    }

    /** A filter that does nothing until its elements are asked for. */
    private static void generator(String name, Generator filter) {
        ALL.put(name, (value, given, scope) -> Iteration.generator(() -> filter.elements(value, given, scope)));
    }

    private static List<Object> anyElements(Object value, Scope scope) {
        List<Object> elements = Values.isTrue(value) ? Values.elements(value, scope) : List.of();
        return elements;
    }

    private static Filter named(String name) {
        Filter filter = ALL.get(name);
        if (filter == null) {
            throw TemplateFailure.value("no filter named '" + name + "'");
        }
        return filter;
    }

    private static List<Object> copy(List<Object> elements, Scope scope) {
        scope.spend((long) elements.size() * Budget.ELEMENT);
        return new ArrayList<>(elements);
    }

    private static List<String> texts(List<Object> values, Scope scope) {
        return values.stream().map(value -> Values.text(value, scope.budget())).toList();
    }

    private static Object indented(String text, CallArguments given, Scope scope) {
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

    private static Object format(String text, CallArguments given, Scope scope) {
        Object named = new LinkedHashMap<Object, Object>(given.named());
        boolean byName = !given.named().isEmpty();
        return PrintfFormat.apply(text, byName ? named : new Tuple(given.positional()), scope);
    }

    private static Object truncated(Object value, CallArguments given, Scope scope) {
        long length = clamped(given.integer(0, "length", 255));
        String end = Values.requireText(given.get(2, "end", "..."));
        scope.spend(end.length());
        if (length < Texts.length(end)) {
            throw TemplateFailure.value("expected length >= " + Texts.length(end) + ", got " + length);
        }
        long leeway = given.get(3, "leeway", null) == null ? 5 : clamped(given.integer(3, "leeway", 5));
        if (Values.length(value, scope) <= length + leeway) {
            return value;
        }
        String text = Values.requireText(value);
        scope.spend(text.length());
        String start = Texts.substring(text, 0, (int) Math.max(0, length - Texts.length(end)));
        int blank = given.flag(1, "killwords", false) ? -1 : start.lastIndexOf(' ');
        return (blank < 0 ? start : start.substring(0, blank)) + end;
    }

    /** A length to compute with: no text is as long. */
    private static long clamped(long length) {
        return Math.max(-Integer.MAX_VALUE, Math.min(length, Integer.MAX_VALUE));
    }

    private static Object defaulted(Object value, CallArguments given, Scope scope) {
        boolean missing = value instanceof Undefined || given.flag(1, "boolean", false) && !Values.isTrue(value);
        return missing ? given.get(0, "default_value", "") : value;
    }

    private static void requireDefined(Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.failure();
        }
    }

    private static void spendText(Object value, Scope scope) {
        if (value instanceof String text) {
            scope.spend(text.length());
        }
    }

    private static Object integer(Object value, CallArguments given, Scope scope) {
        requireDefined(value);
        Number number = value instanceof String text ? Decimal.integer(text, scope) : Values.number(value);
        if (number instanceof Double real) {
            scope.spend(Values.REAL);
            number = Decimal.wholePart(real);
        }
        return number == null ? given.get(0, "default", 0L) : number;
    }

    private static Object real(Object value, CallArguments given, Scope scope) {
        requireDefined(value);
        Number number = value instanceof String text ? (Number) Decimal.real(text, scope) : Values.number(value);
        return number == null ? given.get(0, "default", 0.0) : (Object) number.doubleValue();
    }

    private static Object rounded(Object value, CallArguments given, Scope scope) {
        Number number = Values.number(value);
        if (number == null) {
            throw Values.notA("a number", value);
        }
        scope.spend(Values.REAL);
        long digits = given.integer(0, "precision", 0);
        String method = Values.requireText(given.get(1, "method", "common"));
        RoundingMode mode = switch (method) {
            case "common" -> RoundingMode.HALF_EVEN;
            case "ceil" -> RoundingMode.CEILING;
            case "floor" -> RoundingMode.FLOOR;
            default -> throw TemplateFailure.value("method must be common, ceil or floor");
        };
        double real = number.doubleValue();
        return !(number instanceof Double) && digits >= 0 && mode == RoundingMode.HALF_EVEN
                ? number
                : !Double.isFinite(real) || Math.abs(digits) > 300
                        ? (Object) real
                        : Math.copySign(
                                new BigDecimal(real)
                                        .setScale((int) digits, mode)
                                        .doubleValue(),
                                real);
    }

    private static Object sortedItems(Object value, CallArguments given, Scope scope) {
        if (!(value instanceof Map<?, ?> map)) {
            throw Values.notA("a dictionary", value);
        }
        long by = "value".equals(given.get(1, "by", "key")) ? 1 : 0;
        Function<Object, Object> key = key(by, given.flag(0, CASE, false), scope);
        return sorted(Methods.items(map, scope), key, given.flag(2, "reverse", false), scope);
    }

    private static List<Object> sorted(
            List<Object> elements, Function<Object, Object> key, boolean reverse, Scope scope) {
        List<Keyed> sorted = keyed(elements, key, scope);
        sorted.sort(reverse ? order(scope).reversed() : order(scope));
        List<Object> values = new ArrayList<>();
        sorted.forEach(each -> values.add(each.value()));
        return values;
    }

    /** The element itself or what it has under a path such as {@code function.name}. */
    private static Function<Object, Object> part(Object path, Scope scope) {
        if (path == null) {
            return element -> element;
        }
        List<Object> names = new ArrayList<>();
        for (Object name : path instanceof String text ? Methods.split(text, ".", -1, scope) : List.of(path)) {
            boolean isIndex =
                    name instanceof String text && text.length() < 10 && Texts.isDigits(text, 0, text.length());
            names.add(isIndex ? (Object) Long.valueOf((String) name) : name);
        }
        return element -> {
            Object value = element;
            for (Object name : names) {
                scope.spend(Budget.STEP);
                value = Members.item(value, name, scope);
            }
            return value;
        };
    }

    /** An element and what it is sorted by. */
    private record Keyed(Object key, Object value) {}

    /** What elements are sorted by: themselves or a part of them, without regard to case unless asked. */
    private static Function<Object, Object> key(Object attribute, boolean cased, Scope scope) {
        Function<Object, Object> part = part(attribute, scope);
        return element -> {
            Object value = part.apply(element);
            spendText(value, scope);
            return value instanceof String text && !cased ? Texts.lower(text) : value;
        };
    }

    /** Of several attributes, separated by commas, the first that differ decide. */
    private static Function<Object, Object> keys(Object attributes, boolean cased, Scope scope) {
        List<Function<Object, Object>> keys = new ArrayList<>();
        for (Object attribute : attributes instanceof String names
                ? Methods.split(names, ",", -1, scope)
                : Collections.singletonList(attributes)) {
            keys.add(key(attribute, cased, scope));
        }
        return element -> {
            scope.spend((long) keys.size() * Budget.ELEMENT);
            List<Object> values = new ArrayList<>();
            keys.forEach(key -> values.add(key.apply(element)));
            return values;
        };
    }

    private static List<Keyed> keyed(List<Object> elements, Function<Object, Object> key, Scope scope) {
        scope.spend((long) elements.size() * Budget.ELEMENT);
        List<Keyed> keyed = new ArrayList<>();
        elements.forEach(element -> keyed.add(new Keyed(key.apply(element), element)));
        return keyed;
    }

    private static Comparator<Keyed> order(Scope scope) {
        return (a, b) -> Values.compare(a.key(), b.key(), scope.budget());
    }

    private static Function<Object, Object> ofOne(CallArguments given, Scope scope) {
        return key(given.get(1, "attribute", null), given.flag(0, CASE, false), scope);
    }

    private static Object extreme(List<Keyed> elements, Comparator<Keyed> order) {
        return elements.isEmpty()
                ? new Undefined("No aggregated item, sequence was empty.")
                : Collections.min(elements, order).value();
    }

    private static Object joined(List<Object> elements, CallArguments given, Scope scope) {
        Function<Object, Object> part = part(given.get(1, "attribute", null), scope);
        List<Object> parts = new ArrayList<>();
        elements.forEach(element -> parts.add(part.apply(element)));
        return Methods.join(texts(parts, scope), Values.text(given.get(0, "d", ""), scope.budget()), scope);
    }

    private static List<Object> unique(List<Object> elements, CallArguments given, Scope scope) {
        Function<Object, Object> key = ofOne(given, scope);
        Seen seen = new Seen(scope);
        List<Object> first = new ArrayList<>();
        for (Object element : elements) {
            scope.spend(2 * Budget.ELEMENT);
            if (seen.add(Values.requireHashable(key.apply(element)))) {
                first.add(element);
            }
        }
        return first;
    }

    /** Values of which no two are equal. */
    private static final class Seen {

        private final Scope scope;

        /** One set for each type: keys of several types with one hash would be looked for one by one. */
        private final Map<Class<?>, Set<Object>> scalars = new HashMap<>();

        private final List<Object> others = new ArrayList<>();

        Seen(Scope scope) {
            this.scope = scope;
        }

        /** Adds a value, unless one is there that is equal. */
        boolean add(Object value) {
            Object scalar = canonical(value);
            if (scalar != null) {
                return scalars.computeIfAbsent(scalar.getClass(), type -> new HashSet<>())
                        .add(scalar);
            }
            for (Object other : others) {
                if (Values.equal(value, other, scope.budget())) {
                    return false;
                }
            }
            return others.add(value);
        }

        /** The same object type and value for all that are equal; null for what is no text, and no number of 64 bits. */
        private Object canonical(Object value) {
            if (value instanceof String text) {
                scope.spend(text.length() / Budget.READ);
                return text;
            }
            Number number = Values.number(value);
            if (number instanceof Double real) {
                boolean whole = real == Math.rint(real) && Math.abs(real) < 0x1p63;
                return whole ? (Object) real.longValue() : real.isNaN() || Math.abs(real) >= 0x1p63 ? null : real;
            }
            return number instanceof Long ? number : null;
        }
    }

    private static List<Object> mapped(List<Object> elements, CallArguments given, Scope scope) {
        Function<Object, Object> each;
        if (given.positional().isEmpty()) {
            Function<Object, Object> part = part(given.required(0, "attribute"), scope);
            Object fallback = given.get(1, "default", null);
            each = element -> {
                Object value = part.apply(element);
                return value instanceof Undefined && given.named().containsKey("default") ? fallback : value;
            };
        } else {
            Filter filter = named(given.text(0, "name"));
            CallArguments rest = given.from(1);
            each = element -> filter.apply(element, rest, scope);
        }
        List<Object> mapped = new ArrayList<>();
        for (Object element : elements) {
            scope.spend(Budget.STEP);
            mapped.add(each.apply(element));
        }
        return mapped;
    }

    private static List<Object> selected(
            List<Object> elements, Object attribute, CallArguments given, boolean holds, Scope scope) {
        Function<Object, Object> part = part(attribute, scope);
        Tests.Test test = given.positional().isEmpty()
                ? (value, arguments, at) -> Values.isTrue(value)
                : Tests.named(given.text(0, "name"));
        CallArguments rest = given.from(1);
        List<Object> selected = new ArrayList<>();
        for (Object element : elements) {
            scope.spend(Budget.STEP);
            if (test.holds(part.apply(element), rest, scope) == holds) {
                selected.add(element);
            }
        }
        return selected;
    }

    private static Object grouped(List<Object> elements, CallArguments given, Scope scope) {
        Function<Object, Object> part = part(given.required(0, "attribute"), scope);
        List<Keyed> sorted =
                keyed(elements, key(given.required(0, "attribute"), given.flag(2, CASE, false), scope), scope);
        sorted.sort(order(scope));
        List<Object> groups = new ArrayList<>();
        List<Object> group = null;
        Object key = null;
        for (Keyed each : sorted) {
            if (group == null || !Values.equal(key, each.key(), scope.budget())) {
                group = new ArrayList<>();
                groups.add(Tuple.of(part.apply(each.value()), group));
            }
            key = each.key();
            group.add(each.value());
        }
        return groups;
    }

    private static List<Object> batched(List<Object> elements, CallArguments given, Scope scope) {
        long size = atLeastOne(given.integer(0, "linecount", 0));
        Object filler = given.get(1, "fill_with", null);
        List<Object> batches = new ArrayList<>();
        for (int at = 0; at < elements.size(); at += (int) Math.min(size, elements.size())) {
            List<Object> batch = copy(elements.subList(at, (int) Math.min(elements.size(), at + size)), scope);
            while (filler != null && batch.size() < size) {
                scope.spend(Budget.ELEMENT);
                batch.add(filler);
            }
            batches.add(batch);
        }
        return batches;
    }

    /** So many lists, the first of which may have one element more. */
    private static List<Object> sliced(List<Object> elements, CallArguments given, Scope scope) {
        long count = atLeastOne(given.integer(0, "slices", 0));
        Object filler = given.get(1, "fill_with", null);
        scope.spend(Math.min(count, Integer.MAX_VALUE) * Budget.ELEMENT);
        List<Object> slices = new ArrayList<>();
        long longer = elements.size() % count;
        int at = 0;
        for (long i = 0; i < count; i++) {
            int end = at + (int) (elements.size() / count) + (i < longer ? 1 : 0);
            List<Object> slice = copy(elements.subList(at, end), scope);
            if (filler != null && i >= longer) {
                slice.add(filler);
            }
            slices.add(slice);
            at = end;
        }
        return slices;
    }

    private static long atLeastOne(long count) {
        if (count < 1) {
            throw TemplateFailure.value("found " + count + "; expected a number above 0");
        }
        return count;
    }
}
