/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.List;
import org.apache.spark.sql.Row;
import org.lora4j.error.MessageText;

/** The cells of a row, each refused in words if it cannot be used. */
final class RowCells {

    private RowCells() {}

    /** A text that is no blank. */
    static String text(Row row, String column) {
        String text = (String) cell(row, column, "a text");
        if (text.isBlank()) {
            throw new IllegalArgumentException(
                    "column " + MessageText.name(column) + " is an empty text; expected words");
        }
        return text;
    }

    /** Texts, none of them null. */
    static List<String> texts(Row row, String column) {
        cell(row, column, "texts");
        List<String> texts = row.getList(row.fieldIndex(column));
        if (texts.isEmpty() || texts.contains(null)) {
            throw new IllegalArgumentException("column " + MessageText.name(column) + " is "
                    + (texts.isEmpty() ? "an empty array" : "an array with a null in it") + "; expected texts");
        }
        return List.copyOf(texts);
    }

    /** A finite number. */
    static double number(Row row, String column) {
        double number = ((Number) cell(row, column, "a number")).doubleValue();
        if (!Double.isFinite(number)) {
            throw new IllegalArgumentException(
                    "column " + MessageText.name(column) + " is " + number + "; expected a finite number");
        }
        return number;
    }

    /** A weight. */
    static double weight(Row row, String column) {
        double weight = number(row, column);
        if (!(weight > 0)) {
            throw new IllegalArgumentException(
                    "column " + MessageText.name(column) + " is " + weight + "; expected a weight above 0");
        }
        return weight;
    }

    /** The index of a label. */
    static int index(Row row, String column) {
        double index = number(row, column);
        if (index < 0 || index != (int) index) {
            throw new IllegalArgumentException("column " + MessageText.name(column) + " is " + index
                    + "; expected the index of a label, 0 or a whole number above");
        }
        return (int) index;
    }

    /** A cell that is no null. */
    static Object cell(Row row, String column, String expected) {
        Object cell = row.get(row.fieldIndex(column));
        if (cell == null) {
            throw new IllegalArgumentException("column " + MessageText.name(column) + " is null; expected " + expected);
        }
        return cell;
    }
}
