/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.report.ReportBlock.ColoredText;
import org.lora4j.internal.report.ReportBlock.Column;
import org.lora4j.internal.report.ReportBlock.Curves;
import org.lora4j.internal.report.ReportBlock.Facts;
import org.lora4j.internal.report.ReportBlock.Grid;
import org.lora4j.internal.report.ReportBlock.HeatGrid;
import org.lora4j.internal.report.ReportBlock.Note;
import org.lora4j.internal.report.ReportBlock.Series;
import org.lora4j.internal.report.ReportBlock.Verdict;
import org.lora4j.internal.report.ReportBlock.Word;

/**
 * Reports as values of JSON, both ways. The guide has the fields; a change of them raises the version.
 *
 * @apiNote Status: internal
 */
public final class ReportJson {

    private static final String FORMAT = "lora4j-report";
    private static final int VERSION = 1;

    private ReportJson() {}

    /**
     * A report as values.
     *
     * @param report the report
     * @return texts, numbers, lists and maps
     */
    public static Map<String, Object> of(ReportDocument report) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("format", FORMAT);
        values.put("version", VERSION);
        values.put("title", report.title());
        values.put("headline", report.headline());
        values.put("summary", report.summary());
        values.put(
                "verdicts", report.verdicts().stream().map(ReportJson::verdict).toList());
        List<Object> parts = new ArrayList<>();
        report.parts().forEach((part, blocks) -> {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("part", part.id());
            one.put("blocks", blocks.stream().map(ReportJson::block).toList());
            parts.add(one);
        });
        values.put("parts", parts);
        values.put("paired", report.paired());
        return values;
    }

    private static Map<String, Object> verdict(Verdict verdict) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("question", verdict.question());
        values.put("answer", name(verdict.answer()));
        values.put("sentence", verdict.sentence());
        return values;
    }

    private static String name(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static Map<String, Object> block(ReportBlock block) {
        Map<String, Object> values = new LinkedHashMap<>();
        if (block instanceof Note note) {
            values.put("block", "note");
            values.put("text", note.text());
        } else if (block instanceof Verdict verdict) {
            values.put("block", "verdict");
            values.putAll(verdict(verdict));
        } else if (block instanceof Facts facts) {
            values.put("block", "facts");
            values.put("id", facts.id());
            values.put("caption", facts.caption());
            values.put("values", facts.values());
        } else if (block instanceof Grid grid) {
            values.put("block", "table");
            values.put("id", grid.id());
            values.put("caption", grid.caption());
            values.put(
                    "columns",
                    grid.columns().stream()
                            .map(column -> ordered("name", column.name(), "kind", name(column.kind())))
                            .toList());
            values.put("rows", grid.rows());
            values.put("of", grid.of());
            if (grid.folded()) {
                values.put("folded", true);
            }
        } else if (block instanceof Curves curves) {
            values.put("block", "curves");
            values.put("id", curves.id());
            values.put("caption", curves.caption());
            values.put("x", curves.x());
            values.put("y", curves.y());
            values.put("logarithmic", curves.logarithmic());
            values.put(
                    "series",
                    curves.series().stream()
                            .map(series -> ordered(
                                    "name",
                                    series.name(),
                                    "style",
                                    name(series.style()),
                                    "x",
                                    series.x(),
                                    "y",
                                    series.y()))
                            .toList());
        } else if (block instanceof HeatGrid heat) {
            values.put("block", "matrix");
            values.put("id", heat.id());
            values.put("caption", heat.caption());
            values.put("row_title", heat.rowTitle());
            values.put("column_title", heat.columnTitle());
            values.put("rows", heat.rows());
            values.put("columns", heat.columns());
            values.put("values", heat.values());
            values.put("by_row", heat.byRow());
        } else if (block instanceof ColoredText colored) {
            values.put("block", "words");
            values.put("caption", colored.caption());
            values.put(
                    "words",
                    colored.words().stream()
                            .map(word -> ordered("text", word.text(), "value", word.value()))
                            .toList());
            values.put("of", colored.of());
        }
        return values;
    }

    private static Map<String, Object> ordered(Object... namesAndValues) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            values.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return values;
    }

    /**
     * Reads what {@link #of} gave.
     *
     * @param where what it is, for messages
     * @param values the values
     * @return the report
     * @throws CorruptAdapterException if a field is missing, unknown or not what it has to be; the message lists every problem
     */
    public static ReportDocument read(String where, Map<String, Object> values) throws CorruptAdapterException {
        Problems problems = new Problems();
        ReportDocument report = new Fields("", values, problems).document();
        if (!problems.isEmpty()) {
            throw new CorruptAdapterException(problems.message(where)
                    + ". It is damaged or no report of this version: write it again with TrainingReport.write.");
        }
        return report;
    }

    /** The fields of one object; each is asked for, and what nobody asked for is a problem. */
    private static final class Fields {

        private final String path;
        private final Map<String, Object> rest;
        private final Problems problems;

        Fields(String path, Map<?, ?> values, Problems problems) {
            this.path = path;
            this.rest = new LinkedHashMap<>();
            values.forEach((name, value) -> rest.put(String.valueOf(name), value));
            this.problems = problems;
        }

        ReportDocument document() {
            require("format", FORMAT.equals(text("format")), "\"" + FORMAT + "\"");
            require("version", number("version") == VERSION, "" + VERSION);
            String title = text("title");
            String headline = text("headline");
            // It follows from the rest.
            text("summary");
            List<Verdict> verdicts =
                    objects("verdicts").stream().map(Fields::verdict).toList();
            Map<ReportPart, List<ReportBlock>> parts = new EnumMap<>(ReportPart.class);
            for (Fields one : objects("parts")) {
                ReportPart part = one.constant("part", ReportPart.class);
                List<ReportBlock> blocks =
                        one.objects("blocks").stream().map(Fields::block).toList();
                one.end();
                one.require("part", parts.put(part, blocks) == null, "each part once");
            }
            Map<String, List<Double>> paired = new LinkedHashMap<>();
            Fields scores = object("paired");
            for (String name : List.copyOf(scores.rest.keySet())) {
                List<Double> numbers = scores.numbers(name);
                scores.require(name, !numbers.contains(null), "numbers without null");
                numbers.removeIf(number -> number == null);
                paired.put(name, numbers);
            }
            end();
            return new ReportDocument(title, headline, verdicts, parts, paired);
        }

        private Verdict verdict() {
            Verdict verdict = new Verdict(text("question"), constant("answer", Verdict.Answer.class), text("sentence"));
            end();
            return verdict;
        }

        private ReportBlock block() {
            String kind = text("block");
            ReportBlock block = switch (kind) {
                case "note" -> new Note(text("text"));
                case "verdict" ->
                    new Verdict(text("question"), constant("answer", Verdict.Answer.class), text("sentence"));
                case "facts" ->
                    new Facts(text("id"), text("caption"), object("values").cells());
                case "table" -> grid();
                case "curves" ->
                    new Curves(
                            text("id"),
                            text("caption"),
                            text("x"),
                            text("y"),
                            truth("logarithmic"),
                            objects("series").stream().map(Fields::series).toList());
                case "matrix" -> matrix();
                case "words" ->
                    new ColoredText(
                            text("caption"),
                            objects("words").stream().map(Fields::word).toList(),
                            number("of"));
                default -> {
                    require("block", false, "note, verdict, facts, table, curves, matrix or words");
                    rest.clear();
                    yield new Note("");
                }
            };
            end();
            return block;
        }

        private Grid grid() {
            String id = text("id");
            String caption = text("caption");
            List<Column> columns = objects("columns").stream()
                    .map(one -> {
                        Column column = new Column(one.text("name"), one.constant("kind", Column.Kind.class));
                        one.end();
                        return column;
                    })
                    .toList();
            List<List<Object>> rows = new ArrayList<>();
            for (Object row : list("rows")) {
                boolean fits = row instanceof List<?> cells
                        && cells.size() == columns.size()
                        && cells.stream().allMatch(Fields::isCell);
                require("rows", fits, "rows with a text, a number or null for each of " + columns.size() + " columns");
                if (fits) {
                    rows.add(new ArrayList<>((List<?>) row));
                }
            }
            return new Grid(id, caption, columns, rows, number("of"), rest.containsKey("folded") && truth("folded"));
        }

        private HeatGrid matrix() {
            String id = text("id");
            String caption = text("caption");
            String rowTitle = text("row_title");
            String columnTitle = text("column_title");
            List<String> rows = texts("rows");
            List<String> columns = texts("columns");
            List<List<Double>> values = new ArrayList<>();
            for (Object row : list("values")) {
                List<Double> numbers = numbers("values", row);
                require("values", numbers.size() == columns.size(), "rows of " + columns.size() + " numbers");
                values.add(numbers);
            }
            require("values", values.size() == rows.size(), rows.size() + " rows");
            return new HeatGrid(id, caption, rowTitle, columnTitle, rows, columns, values, truth("by_row"));
        }

        private Series series() {
            String name = text("name");
            Series.Style style = constant("style", Series.Style.class);
            List<Double> x = numbers("x");
            List<Double> y = numbers("y");
            require("y", x.size() == y.size(), "as many numbers as x has");
            end();
            return new Series(name, style, x, y);
        }

        private Word word() {
            String text = text("text");
            Object value = take("value", true);
            require("value", value == null || value instanceof Number, "a number or null");
            end();
            return new Word(text, value instanceof Number number ? number.doubleValue() : null);
        }

        private static boolean isCell(Object value) {
            return value == null || value instanceof String || value instanceof Number;
        }

        private Map<String, Object> cells() {
            rest.forEach((name, value) -> require(name, isCell(value), "a text, a number or null"));
            Map<String, Object> cells = new LinkedHashMap<>(rest);
            cells.values().removeIf(value -> !isCell(value));
            return cells;
        }

        private Object take(String name, boolean mayBeNull) {
            if (!rest.containsKey(name)) {
                problems.add(path + name + " is missing");
                return null;
            }
            Object value = rest.remove(name);
            if (value == null && !mayBeNull) {
                problems.add(path + name + " is null");
            }
            return value;
        }

        private <V> V take(String name, Class<V> type, V instead, String expected) {
            Object value = take(name, false);
            if (type.isInstance(value)) {
                return type.cast(value);
            }
            if (value != null) {
                problems.add(path + name + " = " + MessageText.value(value) + ", expected " + expected);
            }
            return instead;
        }

        private void require(String name, boolean holds, String expected) {
            problems.check(holds, path + name + ": expected " + expected);
        }

        private String text(String name) {
            return take(name, String.class, "", "a text");
        }

        private boolean truth(String name) {
            return take(name, Boolean.class, false, "true or false");
        }

        private long number(String name) {
            Number number = take(name, Number.class, 0, "a whole number from 0");
            require(
                    name,
                    number.longValue() == number.doubleValue() && number.longValue() >= 0,
                    "a whole number from 0");
            return number.longValue();
        }

        private <E extends Enum<E>> E constant(String name, Class<E> type) {
            String text = text(name);
            for (E constant : type.getEnumConstants()) {
                if (name(constant).equals(text)) {
                    return constant;
                }
            }
            problems.add(path + name + " = " + MessageText.name(text) + ", expected one of "
                    + String.join(
                            ", ",
                            Arrays.stream(type.getEnumConstants())
                                    .map(ReportJson::name)
                                    .toList()));
            return type.getEnumConstants()[0];
        }

        private List<?> list(String name) {
            return take(name, List.class, List.of(), "a list");
        }

        private Fields object(String name) {
            return new Fields(path + name + ".", take(name, Map.class, Map.of(), "an object"), problems);
        }

        private List<Fields> objects(String name) {
            List<Fields> objects = new ArrayList<>();
            for (Object value : list(name)) {
                if (value instanceof Map<?, ?> map) {
                    objects.add(new Fields(path + name + "[" + objects.size() + "].", map, problems));
                } else {
                    require(name, false, "objects");
                }
            }
            return objects;
        }

        private List<String> texts(String name) {
            List<String> texts = new ArrayList<>();
            for (Object value : list(name)) {
                require(name, value instanceof String, "texts");
                texts.add(String.valueOf(value));
            }
            return texts;
        }

        private List<Double> numbers(String name) {
            return numbers(name, list(name));
        }

        private List<Double> numbers(String name, Object values) {
            List<Double> numbers = new ArrayList<>();
            boolean fits = values instanceof List<?>;
            if (values instanceof List<?> list) {
                for (Object value : list) {
                    fits &= value == null || value instanceof Number;
                    numbers.add(value instanceof Number number ? number.doubleValue() : null);
                }
            }
            require(name, fits, "a list of numbers or null");
            return numbers;
        }

        private void end() {
            rest.keySet().forEach(name -> problems.add(path + MessageText.name(name) + " is no field of it"));
            rest.clear();
        }
    }
}
