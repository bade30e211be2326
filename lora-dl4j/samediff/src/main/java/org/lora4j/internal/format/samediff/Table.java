/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.samediff;

import java.util.List;
import org.lora4j.error.ModelFormatException;

/**
 * A kind of table in the file: its fields in the order of ND4J's schema, and what must hold beyond bounds. What SameDiff never
 * reads ({@code configuration}, {@code outputs}, {@code sequenceItems}) is {@link Kind#UNREAD}: nobody follows it.
 */
record Table(Check check, List<Field> fields) {

    static final Table PAIR = new Table(TableView::nothing, List.of(scalar(4), scalar(4)));

    static final Table ARRAY = new Table(ArrayCheck::check, List.of(vector(8), vector(1), scalar(1), scalar(1)));

    static final Table PROPERTY = new Table(
            TableView::property,
            List.of(text(), vector(4), vector(8), vector(8), tables(ARRAY), vector(1), texts(), vector(4)));

    static final Table VARIABLE = new Table(
            TableView::variable,
            List.of(
                    table(PAIR),
                    text(),
                    scalar(1),
                    vector(8),
                    table(ARRAY),
                    scalar(4),
                    scalar(1),
                    texts(),
                    texts(),
                    texts()));

    static final Table NODE = new Table(
            TableView::node,
            List.of(
                    scalar(4),
                    text(),
                    scalar(1),
                    scalar(8),
                    tables(PROPERTY),
                    vector(4),
                    tables(PAIR),
                    vector(4),
                    vector(8),
                    vector(8),
                    vector(1),
                    vector(4),
                    scalar(4),
                    scalar(4),
                    text(),
                    texts(),
                    text(),
                    vector(1),
                    table(ARRAY),
                    texts(),
                    texts(),
                    texts(),
                    vector(1),
                    texts()));

    static final Table UPDATER = new Table(TableView::updater, List.of(text(), texts(), tables(ARRAY)));

    static final Table GRAPH = new Table(
            TableView::nothing,
            List.of(
                    scalar(8),
                    tables(VARIABLE),
                    tables(NODE),
                    unread(),
                    unread(),
                    texts(),
                    texts(),
                    text(),
                    tables(UPDATER),
                    unread()));

    /** What a field holds. */
    enum Kind {
        SCALAR,
        TEXT,
        VECTOR,
        TEXTS,
        TABLE,
        TABLES,
        UNREAD
    }

    /**
     * A field.
     *
     * @param bytes of the scalar or of an element of the vector
     * @param table of what the field points at, or null
     */
    record Field(Kind kind, int bytes, Table table) {}

    /** What must hold of a table that lies within the file. */
    interface Check {
        void check(TableView view) throws ModelFormatException;
    }

    private static Field scalar(int bytes) {
        return new Field(Kind.SCALAR, bytes, null);
    }

    private static Field vector(int bytes) {
        return new Field(Kind.VECTOR, bytes, null);
    }

    private static Field text() {
        return new Field(Kind.TEXT, 1, null);
    }

    private static Field texts() {
        return new Field(Kind.TEXTS, 4, null);
    }

    private static Field table(Table table) {
        return new Field(Kind.TABLE, 4, table);
    }

    private static Field tables(Table table) {
        return new Field(Kind.TABLES, 4, table);
    }

    private static Field unread() {
        return new Field(Kind.UNREAD, 0, null);
    }
}
