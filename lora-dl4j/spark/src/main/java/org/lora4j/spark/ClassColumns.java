/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.spark.ml.attribute.Attribute;
import org.apache.spark.ml.attribute.AttributeGroup;
import org.apache.spark.ml.attribute.NominalAttribute;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;

/**
 * Labels in tables: as texts, or as indices whose names the column's attribute may have. What a classifier adds has such an attribute,
 * so that Spark's evaluators and {@code IndexToString} understand it.
 */
final class ClassColumns {

    private ClassColumns() {}

    /** What the column of labels tells: the names behind indices, if it has them. */
    static Facts facts(StructField label) {
        if (DataTypes.StringType.equals(label.dataType())) {
            return new Facts(List.of(), true);
        }
        if (Attribute.fromStructField(label) instanceof NominalAttribute names
                && names.values().isDefined()) {
            List<String> labels = Arrays.asList(names.values().get());
            Problems problems = new Problems();
            problems.check(
                    labels.stream().map(String::strip).distinct().count() == labels.size() && !labels.contains(""),
                    "the names of labels in the column " + MessageText.name(label.name())
                            + " are equal or empty, white space at their ends aside, expected different words");
            problems.throwIfAny("labelCol");
            return new Facts(labels, false);
        }
        return Facts.NONE;
    }

    /** The label of a row, as the plain trainer gets it. */
    static String label(Row row, String column, Facts facts) {
        if (facts.textLabels()) {
            return RowCells.text(row, column);
        }
        int index = RowCells.index(row, column);
        List<String> names = facts.labels();
        if (names.isEmpty()) {
            return Integer.toString(index);
        }
        if (index >= names.size()) {
            throw new IllegalArgumentException("column " + MessageText.name(column) + " is " + index + ", but it names "
                    + names.size() + " labels; expected less than that");
        }
        return names.get(index);
    }

    /** The names behind indices, after something was learned. */
    static Facts learned(Facts given, List<String> learned) {
        if (given.textLabels()) {
            return new Facts(learned, true);
        }
        if (!given.labels().isEmpty()) {
            return given;
        }
        int last = learned.stream().mapToInt(Integer::parseInt).max().orElse(0);
        return new Facts(
                IntStream.rangeClosed(0, last).mapToObj(Integer::toString).toList(), false);
    }

    /** Without the column for indices, where there are no texts to find them for. */
    static ParamValues forTable(TableColumns columns, ParamValues settings) {
        return settings.names("labelIndexCol") && !columns.has(settings.text("labelCol"), TableColumns.Kind.TEXT)
                ? settings.with("labelIndexCol", "")
                : settings;
    }

    /** The index of a row's own label, if it is asked for. */
    static Double ownIndex(Row row, ParamValues settings, Facts facts) {
        if (!settings.names("labelIndexCol")) {
            return null;
        }
        String label = RowCells.text(row, settings.text("labelCol")).strip();
        int index = facts.labels().indexOf(label);
        if (index < 0) {
            throw new IllegalArgumentException("the label " + MessageText.name(label)
                    + " was never learned; expected one of " + Problems.quoted(facts.labels())
                    + ClosestNames.hint(label, facts.labels()));
        }
        return (double) index;
    }

    /** The columns that a classifier adds. */
    static List<StructField> outputs(ParamValues settings, Facts facts) {
        List<StructField> fields = new ArrayList<>();
        for (String column : List.of("rawPredictionCol", "probabilityCol")) {
            if (settings.names(column)) {
                String name = settings.text(column);
                Metadata size = new AttributeGroup(name, facts.labels().size()).toMetadata();
                fields.add(new StructField(name, SQLDataTypes.VectorType(), true, size));
            }
        }
        for (String column : List.of("predictionCol", "labelIndexCol")) {
            if (settings.names(column)) {
                fields.add(new StructField(
                        settings.text(column), DataTypes.DoubleType, true, names(settings.text(column), facts)));
            }
        }
        return fields;
    }

    private static Metadata names(String column, Facts facts) {
        NominalAttribute attribute = NominalAttribute.defaultAttr().withName(column);
        return facts.labels().isEmpty()
                ? attribute.toMetadata()
                : attribute.withValues(facts.labels().toArray(String[]::new)).toMetadata();
    }

    /** The cells of a row, in the order of {@link #outputs}. */
    static Object[] cells(String given, Map<String, Double> scores, Double own, ParamValues settings, Facts facts) {
        double[] probabilities = facts.labels().stream()
                .mapToDouble(label -> scores.getOrDefault(label.strip(), 0.0))
                .toArray();
        List<Object> cells = new ArrayList<>();
        if (settings.names("rawPredictionCol")) {
            // The logarithm of a probability is the head's number less one that all classes share; that of 0 would be
            // no number.
            cells.add(Vectors.dense(Arrays.stream(probabilities)
                    .map(p -> Math.log(Math.max(p, Double.MIN_VALUE)))
                    .toArray()));
        }
        if (settings.names("probabilityCol")) {
            cells.add(Vectors.dense(probabilities));
        }
        if (settings.names("predictionCol")) {
            cells.add((double) index(given, facts));
        }
        if (settings.names("labelIndexCol")) {
            cells.add(own);
        }
        return cells.toArray();
    }

    private static int index(String label, Facts facts) {
        for (int i = 0; i < facts.labels().size(); i++) {
            if (facts.labels().get(i).strip().equals(label)) {
                return i;
            }
        }
        throw new IllegalStateException("the model gave the label " + MessageText.name(label) + "; expected one of "
                + Problems.quoted(facts.labels()) + ".");
    }
}
