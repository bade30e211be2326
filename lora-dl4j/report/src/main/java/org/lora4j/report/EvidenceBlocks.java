/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.advice.Advice;
import org.lora4j.internal.report.ReportBlock;
import org.lora4j.internal.report.ReportBlock.Column;
import org.lora4j.internal.report.ReportBlock.Facts;

/**
 * The numbers that an answer rests on. A few stand as values by name. Those of several things of a kind, such as the modules of a model, and
 * what is too much to be looked at one by one, stand in tables; a long table is sorted and folded.
 */
final class EvidenceBlocks {

    /** The most values by name, and the most rows of a table that is not folded. */
    private static final int FEW = 20;

    /** What stands above the things that an answer itself tells of. */
    private static final String THINGS = "what";

    /** The largest number first, then texts by the alphabet. */
    private static final Comparator<Object> ORDER = Comparator.comparingDouble(
                    (Object value) -> value instanceof Number number ? -number.doubleValue() : Double.POSITIVE_INFINITY)
            .thenComparing(String::valueOf);

    private final String question;
    private final Map<String, Object> facts = new LinkedHashMap<>();
    private final List<ReportBlock> tables = new ArrayList<>();

    private EvidenceBlocks(String question) {
        this.question = question;
    }

    static List<ReportBlock> of(Advice advice) {
        Map<String, Object> told = new LinkedHashMap<>(advice.evidence());
        // Lists are what tables of their own show.
        told.values().removeIf(List.class::isInstance);
        EvidenceBlocks evidence = new EvidenceBlocks(advice.question());
        evidence.add("", told);
        List<ReportBlock> blocks = new ArrayList<>();
        if (!evidence.facts.isEmpty()) {
            blocks.add(new Facts(advice.question(), evidence.restsOn(), evidence.facts));
        }
        blocks.addAll(evidence.tables);
        return blocks;
    }

    private String restsOn() {
        return "What the answer on " + question + " rests on";
    }

    private void add(String name, Map<?, ?> values) {
        Map<String, Map<?, ?>> things = new LinkedHashMap<>();
        Map<String, Object> single = new LinkedHashMap<>();
        values.forEach((key, value) -> {
            if (value instanceof Map<?, ?> inner) {
                things.put(String.valueOf(key), inner);
            } else {
                FlatValues.add(String.valueOf(key), value, single);
            }
        });
        addSingle(name, single);
        if (areAlike(things)) {
            Map<String, Map<String, Object>> rows = new LinkedHashMap<>();
            things.forEach((thing, inner) -> {
                Map<String, Object> row = new LinkedHashMap<>();
                inner.forEach((key, value) -> FlatValues.add(String.valueOf(key), value, row));
                rows.put(thing, row);
            });
            table(name.isEmpty() ? THINGS : name, rows);
        } else {
            things.forEach((key, inner) -> add(path(name, key), inner));
        }
    }

    /** Those of the answer itself stand by name as long as there is room, those of something within it all or none. */
    private void addSingle(String name, Map<String, Object> single) {
        boolean fit = facts.size() + single.size() <= FEW;
        Map<String, Map<String, Object>> rows = new LinkedHashMap<>();
        single.forEach((key, value) -> {
            if (fit || name.isEmpty() && facts.size() < FEW) {
                facts.put(path(name, key), value);
            } else {
                rows.put(key, Collections.singletonMap("value", value));
            }
        });
        if (!rows.isEmpty()) {
            table(name.isEmpty() ? "more" : name, rows);
        }
    }

    private static String path(String name, String key) {
        return name.isEmpty() ? key : name + " " + key;
    }

    /** Whether there are two or more, of which the same is told. */
    private static boolean areAlike(Map<String, Map<?, ?>> things) {
        Set<Object> common = new HashSet<>();
        things.values().forEach(thing -> common.addAll(thing.keySet()));
        things.values().forEach(thing -> common.retainAll(thing.keySet()));
        return things.size() > 1 && !common.isEmpty();
    }

    private void table(String name, Map<String, Map<String, Object>> rows) {
        Set<String> names = new LinkedHashSet<>();
        rows.values().forEach(row -> names.addAll(row.keySet()));
        List<Column> columns = new ArrayList<>(List.of(TableRows.text(name)));
        for (String column : names) {
            boolean number = rows.values().stream()
                    .map(row -> row.get(column))
                    .allMatch(value -> value == null || value instanceof Number);
            columns.add(number ? TableRows.number(column) : TableRows.text(column));
        }
        String caption = name.equals(THINGS) ? restsOn() : question + ": " + name;
        TableRows table = new TableRows(question + " " + name, caption, columns.toArray(Column[]::new));
        List<Map.Entry<String, Map<String, Object>>> ordered = new ArrayList<>(rows.entrySet());
        if (rows.size() > FEW) {
            table.folded();
            names.stream()
                    .filter(column -> differs(column, rows))
                    .findFirst()
                    .ifPresent(column -> ordered.sort(
                            Comparator.comparing(row -> row.getValue().get(column), ORDER)));
        }
        for (Map.Entry<String, Map<String, Object>> row : ordered) {
            List<Object> cells = new ArrayList<>(List.of(row.getKey()));
            names.forEach(column -> cells.add(row.getValue().get(column)));
            table.add(cells.toArray());
        }
        tables.add(table.grid());
    }

    private static boolean differs(String column, Map<String, Map<String, Object>> rows) {
        return rows.values().stream().map(row -> row.get(column)).distinct().count() > 1;
    }
}
