/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Values that are large, each in a way that some algorithm takes quadratic time for, and small ones that steer. */
final class Largest {

    private static final int TEXT = 8_000;

    private static final int LIST = 4_000;

    private Largest() {}

    /** Values by what they are; a generator is made anew each time, as its elements are there once. */
    static Map<String, Supplier<Object>> values() {
        Map<String, Supplier<Object>> all = new LinkedHashMap<>();
        texts().forEach((name, text) -> all.put(name, () -> text));
        lists().forEach((name, list) -> all.put(name, () -> list));
        dictionaries().forEach((name, map) -> all.put(name, () -> map));
        numbers().forEach((name, number) -> all.put(name, () -> number));
        List<Object> range = new ArrayList<>(lists().get("integers"));
        all.put("none", () -> null);
        all.put("undefined", () -> new Undefined("nothing"));
        all.put("range", () -> Iteration.range("range(0, 4000)", range));
        all.put("generator", () -> Iteration.generator(() -> range));
        all.put("marked text", () -> new Markup("<".repeat(TEXT)));
        all.put("function", () -> Globals.ALL.get("range"));
        Namespace namespace = new Namespace();
        namespace.variables.put("a".repeat(TEXT), 1L);
        all.put("namespace", () -> namespace);
        return all;
    }

    /** Texts, those with a part that is found late or never among them. */
    static Map<String, Object> texts() {
        Map<String, Object> all = new LinkedHashMap<>();
        for (String unit : List.of(
                "a", "1", " ", "Σ", "é", "é😀", "<&", "\u0001", "a ", "a,", "a\n", "\r\n", "%(", "%s", "%.1s", "%f",
                "%c", "%%", "{}", "{0}", "{", "0.", "a.", "'\"", ".Σ")) {
            all.put("many " + unit, unit.repeat(TEXT / unit.length()));
        }
        String half = "a".repeat(TEXT / 2);
        all.put("a's and b", half + "b");
        all.put("b and a's", "b" + half);
        all.put("half of the a's", half.substring(0, TEXT / 4));
        all.put("other a's", new String(half + half));
        all.put("digits and x", "1".repeat(TEXT) + "x");
        all.put("blanks around", " ".repeat(TEXT / 2) + "x" + " ".repeat(TEXT / 2));
        all.put("tiny number", "4.9e-324");
        for (String small : List.of("", "a", "b", ",", "upper", "string", "value", "%s", "%5.1f", "{}")) {
            all.put("'" + small + "'", small);
        }
        return all;
    }

    private static Map<String, List<Object>> lists() {
        List<Object> integers = new ArrayList<>();
        List<Object> reals = new ArrayList<>();
        List<Object> mixed = new ArrayList<>();
        List<Object> pairs = new ArrayList<>();
        List<Object> records = new ArrayList<>();
        for (long i = 0; i < LIST; i++) {
            integers.add(i * 7919 % LIST);
            reals.add(Double.longBitsToDouble(1 + i));
            mixed.add(i % 2 == 0 ? (Object) (Long.MAX_VALUE - i) : (Object) (0x1p63 - 1024 * i));
            pairs.add(Tuple.of("k" + i, i));
            records.add(Map.of("a", i, "0", 1L));
        }
        String half = "a".repeat(TEXT / 2);
        List<Object> twins = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            twins.add(new String(half + "a"));
        }
        Map<String, List<Object>> all = new LinkedHashMap<>();
        all.put("integers", integers);
        all.put("reals", reals);
        all.put("large integers and reals", mixed);
        all.put("pairs", pairs);
        all.put("records", records);
        all.put("one long text", Collections.nCopies(LIST, half + "b"));
        all.put("long texts that are equal", twins);
        all.put("long texts in a tuple", new Tuple(Collections.nCopies(LIST, half + "b")));
        all.put("empty texts", Collections.nCopies(LIST, ""));
        all.put("lists", Collections.nCopies(LIST, List.of(1L)));
        all.put("long lists", Collections.nCopies(100, integers));
        all.put("nothing", Collections.nCopies(LIST, null));
        all.put("nested list", nested(90));
        all.put("doubling tuple", doubling(40));
        all.put("text and text", List.of(half, half + "b"));
        all.put("empty list", List.of());
        return all;
    }

    private static List<Object> nested(int depth) {
        List<Object> list = List.of(1L);
        for (int i = 0; i < depth; i++) {
            list = List.of(list, 1L);
        }
        return list;
    }

    /** To hash or compare it takes time for each way into its depths. */
    private static List<Object> doubling(int depth) {
        Tuple tuple = new Tuple(List.of(1L));
        for (int i = 0; i < depth; i++) {
            tuple = Tuple.of(tuple, tuple);
        }
        return tuple;
    }

    private static Map<String, Object> dictionaries() {
        Map<Object, Object> many = new LinkedHashMap<>();
        Map<Object, Object> others = new LinkedHashMap<>();
        for (long i = 0; i < LIST; i++) {
            many.put("k" + i, i);
            others.put("k" + i, -i);
        }
        String half = "a".repeat(TEXT / 2);
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("many keys", many);
        all.put("many keys with other values", others);
        all.put("a long key", new LinkedHashMap<>(Map.of(new String(half + half), 1L)));
        all.put("texts as values", new LinkedHashMap<>(Map.of("a", half, "b", new String(half + ""))));
        return all;
    }

    private static Map<String, Object> numbers() {
        Map<String, Object> all = new LinkedHashMap<>();
        for (Object number : List.of(
                true,
                0L,
                1L,
                2L,
                -1L,
                (long) TEXT,
                (long) LIST,
                Long.MAX_VALUE,
                Long.MIN_VALUE,
                0.1,
                Double.MIN_VALUE,
                Double.MIN_NORMAL,
                Double.MAX_VALUE,
                Double.NaN,
                -0.0)) {
            all.put(number.toString(), number);
        }
        all.put("4,300 digits", BigInteger.TEN.pow(4_299));
        return all;
    }
}
