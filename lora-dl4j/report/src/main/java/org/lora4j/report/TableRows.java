/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.lora4j.internal.report.ReportBlock.Column;
import org.lora4j.internal.report.ReportBlock.Grid;
import org.lora4j.internal.report.ReportCut;

/** A table being made: of many rows it keeps the first and counts the others. */
final class TableRows {

    private final String id;
    private final String caption;
    private final List<Column> columns;
    private final List<List<Object>> rows = new ArrayList<>();
    private long count;
    private boolean folded;

    TableRows(String id, String caption, Column... columns) {
        this.id = id;
        this.caption = caption;
        this.columns = List.of(columns);
    }

    static Column text(String name) {
        return new Column(name, Column.Kind.TEXT);
    }

    static Column number(String name) {
        return new Column(name, Column.Kind.NUMBER);
    }

    static Column share(String name) {
        return new Column(name, Column.Kind.SHARE);
    }

    TableRows add(Object... cells) {
        count++;
        if (!isFull()) {
            rows.add(Arrays.asList(cells));
        }
        return this;
    }

    /** Whether further rows are only counted. */
    boolean isFull() {
        return rows.size() >= ReportCut.FIRST.rows();
    }

    /** Counts rows without looking at them. */
    TableRows andMore(long more) {
        count += more;
        return this;
    }

    /** Says how many rows there are, where not all were looked at. */
    TableRows countedAs(long all) {
        count = all;
        return this;
    }

    /** Has it shown only to who asks for it: what stands elsewhere in short. */
    TableRows folded() {
        folded = true;
        return this;
    }

    boolean isEmpty() {
        return count == 0;
    }

    /** The table, without columns in which nothing stands. */
    Grid grid() {
        List<Integer> filled = IntStream.range(0, columns.size())
                .filter(i ->
                        rows.isEmpty() || rows.stream().anyMatch(row -> row.get(i) != null && !"".equals(row.get(i))))
                .boxed()
                .toList();
        return new Grid(
                id,
                caption,
                filled.stream().map(columns::get).toList(),
                rows.stream()
                        .map(row -> filled.stream().map(row::get).collect(Collectors.<Object>toList()))
                        .toList(),
                count,
                folded);
    }
}
