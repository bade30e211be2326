/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;

/**
 * The columns of a table, looked at before anything runs.
 *
 * @param schema the table's
 * @param problems gets what is wrong
 */
record TableColumns(StructType schema, Problems problems) {

    /** What a column may hold. */
    enum Kind {
        TEXT("a text", DataTypes.StringType::equals),
        TEXTS("texts", Kind::isTexts),
        TEXT_OR_TEXTS("a text, or its words", type -> DataTypes.StringType.equals(type) || isTexts(type)),
        NUMBER("a number", NumericType.class::isInstance),
        LABEL("a text or an index", type -> DataTypes.StringType.equals(type) || type instanceof NumericType),
        TRUTH("a truth value", DataTypes.BooleanType::equals),
        ANY("anything", type -> true),
        VECTOR("a vector", type -> SQLDataTypes.VectorType().equals(type));

        private final String words;
        private final Predicate<DataType> test;

        Kind(String words, Predicate<DataType> test) {
            this.words = words;
            this.test = test;
        }

        private static boolean isTexts(DataType type) {
            return type instanceof ArrayType array && DataTypes.StringType.equals(array.elementType());
        }
    }

    /** Wants a column. */
    void require(String param, String column, Kind kind) {
        int index = Arrays.asList(schema.fieldNames()).indexOf(column);
        if (index < 0) {
            List<String> names = Arrays.asList(schema.fieldNames());
            problems.add(
                    param + " = " + MessageText.name(column) + ", but the table has no such column, expected one of "
                            + Problems.quoted(names) + ClosestNames.hint(column, names));
            return;
        }
        DataType type = schema.fields()[index].dataType();
        problems.check(
                kind.test.test(type),
                param + " = " + MessageText.name(column) + ", a column of " + type.simpleString() + ", expected "
                        + kind.words);
    }

    /** Whether a table has a column of a kind. */
    boolean has(String column, Kind kind) {
        return Arrays.stream(schema.fields())
                .anyMatch(field -> field.name().equals(column) && kind.test.test(field.dataType()));
    }

    /** Wants names that are free. */
    void requireFree(List<StructField> added) {
        List<String> names = Arrays.asList(schema.fieldNames());
        for (StructField field : added) {
            problems.check(
                    !names.contains(field.name()),
                    "the table has a column " + MessageText.name(field.name())
                            + " already, expected another name for what is added");
        }
        problems.check(
                added.stream().map(StructField::name).distinct().count() == added.size(),
                "columns that are added have the same name, "
                        + Problems.quoted(added.stream().map(StructField::name).toList())
                        + ", expected different ones");
    }
}
