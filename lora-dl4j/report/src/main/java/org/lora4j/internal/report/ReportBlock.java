/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What stands in a part of a report. Texts are as {@link ShownText} shows them; cells and values are texts, finite numbers or null, where
 * there is nothing.
 *
 * @apiNote Status: internal
 */
public sealed interface ReportBlock {

    /** How many characters a text may have when it comes in. */
    int LONGEST_TEXT = 4_000;

    /**
     * A text of its own.
     *
     * @param text the text
     */
    record Note(String text) implements ReportBlock {

        /**
         * Shows the text.
         *
         * @param text the text
         */
        public Note {
            text = shown(text);
        }
    }

    /**
     * An answer to a question.
     *
     * @param question what was asked
     * @param answer how it came out
     * @param sentence the answer in words
     */
    record Verdict(String question, Answer answer, String sentence) implements ReportBlock {

        /** How a question came out. */
        public enum Answer {
            /** Nothing to do. */
            GOOD,
            /** Worth a look. */
            CONSIDER,
            /** To be mended. */
            PROBLEM,
            /** Not known. */
            UNKNOWN
        }

        /**
         * Shows the texts.
         *
         * @param question what was asked
         * @param answer how it came out
         * @param sentence the answer in words
         */
        public Verdict {
            question = shown(question);
            sentence = shown(sentence);
        }
    }

    /**
     * Values by name.
     *
     * @param id what it is called where reports are compared
     * @param caption what stands above it
     * @param values texts and numbers
     */
    record Facts(String id, String caption, Map<String, Object> values) implements ReportBlock {

        /**
         * Copies the values.
         *
         * @param id what it is called where reports are compared
         * @param caption what stands above it
         * @param values texts and numbers
         */
        public Facts {
            id = shown(id);
            caption = shown(caption);
            Map<String, Object> copy = new LinkedHashMap<>();
            values.forEach((name, value) -> copy.put(shown(name), cell(value)));
            values = Collections.unmodifiableMap(copy);
        }
    }

    /**
     * A column of a table.
     *
     * @param name what stands above it
     * @param kind what its cells are
     */
    record Column(String name, Kind kind) {

        /** What cells are. */
        public enum Kind {
            /** Words. */
            TEXT,
            /** Numbers. */
            NUMBER,
            /** Numbers from 0 to 1, shown in percent. */
            SHARE
        }

        /**
         * Shows the name.
         *
         * @param name what stands above it
         * @param kind what its cells are
         */
        public Column {
            name = shown(name);
        }
    }

    /**
     * A table.
     *
     * @param id what it is called where reports are compared
     * @param caption what stands above it
     * @param columns its columns
     * @param rows a cell for each column
     * @param of how many rows there were before some were left out
     * @param folded whether a page shows it only to who asks for it
     */
    record Grid(String id, String caption, List<Column> columns, List<List<Object>> rows, long of, boolean folded)
            implements ReportBlock {

        /**
         * Copies the rows.
         *
         * @param id what it is called where reports are compared
         * @param caption what stands above it
         * @param columns its columns
         * @param rows a cell for each column
         * @param of how many rows there were
         * @param folded whether a page shows it only to who asks for it
         */
        public Grid {
            id = shown(id);
            caption = shown(caption);
            columns = List.copyOf(columns);
            List<List<Object>> copy = new ArrayList<>(rows.size());
            for (List<Object> row : rows) {
                List<Object> cells = new ArrayList<>(row.size());
                row.forEach(value -> cells.add(cell(value)));
                copy.add(Collections.unmodifiableList(cells));
            }
            rows = Collections.unmodifiableList(copy);
        }
    }

    /**
     * A line or points of a chart.
     *
     * @param name what it is
     * @param style how it is drawn
     * @param x where its points are, from left to right
     * @param y how high they are; null where there is nothing
     */
    record Series(String name, Style style, List<Double> x, List<Double> y) {

        /** How a series is drawn. */
        public enum Style {
            /** A line. */
            LINE,
            /** Points. */
            POINTS,
            /** A thin line to compare with. */
            REFERENCE
        }

        /**
         * Copies the numbers.
         *
         * @param name what it is
         * @param style how it is drawn
         * @param x where its points are
         * @param y how high they are
         */
        public Series {
            name = shown(name);
            x = finite(x);
            y = finite(y);
        }
    }

    /**
     * A chart.
     *
     * @param id what it is called where reports are compared
     * @param caption what stands above it
     * @param x what is to the right
     * @param y what is up
     * @param logarithmic whether x is drawn by its logarithm
     * @param series lines and points
     */
    record Curves(String id, String caption, String x, String y, boolean logarithmic, List<Series> series)
            implements ReportBlock {

        /**
         * Copies the series.
         *
         * @param id what it is called where reports are compared
         * @param caption what stands above it
         * @param x what is to the right
         * @param y what is up
         * @param logarithmic whether x is drawn by its logarithm
         * @param series lines and points
         */
        public Curves {
            id = shown(id);
            caption = shown(caption);
            x = shown(x);
            y = shown(y);
            series = List.copyOf(series);
        }
    }

    /**
     * Numbers by rows and columns, as colors.
     *
     * @param id what it is called where reports are compared
     * @param caption what stands above it
     * @param rowTitle what rows are
     * @param columnTitle what columns are
     * @param rows names of rows
     * @param columns names of columns
     * @param values numbers from 0, or null
     * @param byRow whether a color says which share of its row a number is; else of the largest number
     */
    record HeatGrid(
            String id,
            String caption,
            String rowTitle,
            String columnTitle,
            List<String> rows,
            List<String> columns,
            List<List<Double>> values,
            boolean byRow)
            implements ReportBlock {

        /**
         * Copies all.
         *
         * @param id what it is called where reports are compared
         * @param caption what stands above it
         * @param rowTitle what rows are
         * @param columnTitle what columns are
         * @param rows names of rows
         * @param columns names of columns
         * @param values numbers from 0, or null
         * @param byRow how it is colored
         */
        public HeatGrid {
            id = shown(id);
            caption = shown(caption);
            rowTitle = shown(rowTitle);
            columnTitle = shown(columnTitle);
            rows = rows.stream().map(ReportBlock::shown).toList();
            columns = columns.stream().map(ReportBlock::shown).toList();
            values = values.stream().map(ReportBlock::finite).toList();
        }
    }

    /**
     * A piece of a text with what it adds.
     *
     * @param text the characters
     * @param value what it adds; null for what is between
     */
    record Word(String text, Double value) {

        /**
         * Shows the text.
         *
         * @param text the characters
         * @param value what it adds
         */
        public Word {
            text = shown(text);
            value = value == null || !Double.isFinite(value) ? null : value;
        }
    }

    /**
     * A text whose words are colored.
     *
     * @param caption what is explained, and how it came out
     * @param words pieces of the text, in order
     * @param of how many pieces there were before some were left out
     */
    record ColoredText(String caption, List<Word> words, long of) implements ReportBlock {

        /**
         * Copies the words.
         *
         * @param caption what is explained
         * @param words pieces of the text
         * @param of how many there were
         */
        public ColoredText {
            caption = shown(caption);
            words = List.copyOf(words);
        }
    }

    private static String shown(String text) {
        return ShownText.of(text, LONGEST_TEXT);
    }

    /** A text, a finite number, or null. */
    private static Object cell(Object value) {
        if (value == null) {
            return null;
        }
        if (value instanceof Number number) {
            double amount = number.doubleValue();
            return Double.isFinite(amount)
                    ? (Object) amount
                    : Double.isNaN(amount) ? null : amount > 0 ? "infinite" : "-infinite";
        }
        return shown(String.valueOf(value));
    }

    private static List<Double> finite(List<Double> numbers) {
        List<Double> copy = new ArrayList<>(numbers.size());
        numbers.forEach(number -> copy.add(number == null || !Double.isFinite(number) ? null : number));
        return Collections.unmodifiableList(copy);
    }
}
