/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.TemporaryFolder;

/** Tables with what a task predicts for their rows. */
final class Predicting {

    private Predicting() {}

    /** The table with what is added, after everything that is wrong with it was told. */
    static StructType schema(RowTask<?, ?, ?> task, TableColumns columns, ParamValues settings, Facts facts) {
        StructType schema = checked(task, columns, settings, facts);
        columns.problems().throwIfAny(task.name());
        return schema;
    }

    /** The table with what is added; the columns' problems get what is wrong with it. */
    static StructType checked(RowTask<?, ?, ?> task, TableColumns columns, ParamValues settings, Facts facts) {
        task.checkPrediction(columns, settings);
        columns.problems()
                .check(
                        !settings.names("errorCol")
                                || settings.text("handleInvalid").equals("keep"),
                        "errorCol = " + MessageText.name(settings.text("errorCol")) + " with handleInvalid = "
                                + settings.text("handleInvalid")
                                + ", expected keep, as no other keeps a row that is wrong");
        List<StructField> fields = new ArrayList<>(task.outputs(task.forTable(columns, settings), facts));
        if (settings.names("errorCol")) {
            fields.add(new StructField(settings.text("errorCol"), DataTypes.StringType, true, Metadata.empty()));
        }
        columns.requireFree(fields);
        StructType schema = columns.schema();
        for (StructField field : fields) {
            schema = schema.add(field);
        }
        return schema;
    }

    /** Adds the columns. */
    static <B extends AutoCloseable> Dataset<Row> transform(
            RowTask<B, ?, ?> task, Dataset<?> dataset, ParamValues settings, Facts facts, SavedFiles files) {
        StructType before = dataset.schema();
        Problems problems = new Problems();
        StructType schema = checked(task, new TableColumns(before, problems), settings, facts);
        ParamValues own = task.forTable(new TableColumns(before, new Problems()), settings);
        JavaSparkContext spark =
                JavaSparkContext.fromSparkContext(dataset.sparkSession().sparkContext());
        SerializableConfiguration hadoop = new SerializableConfiguration(spark.hadoopConfiguration());
        BaseSource base = new DriverCheck<>(spark, task, own, problems)
                .base(opened -> rehearse(task, opened, own, files, spark.hadoopConfiguration()));
        // The adapters of a folder may have been trained anew since another table was made.
        String run = own.names("adaptersPath") ? UUID.randomUUID().toString() : "";
        Dataset<Row> predicted = dataset.toDF()
                .mapPartitions(
                        new PredictRows<>(task, own, facts, base, files, run, hadoop, before.length()),
                        Encoders.row(schema));
        return described(predicted, schema);
    }

    private static <B extends AutoCloseable> void rehearse(
            RowTask<B, ?, ?> task, B base, ParamValues settings, SavedFiles files, Configuration hadoop)
            throws IOException {
        if (files.files().isEmpty()) {
            task.rehearsePrediction(base, settings, Optional.empty(), hadoop);
            return;
        }
        try (TemporaryFolder folder = TemporaryFolder.create()) {
            files.writeTo(folder.folder());
            task.rehearsePrediction(base, settings, Optional.of(folder.folder()), hadoop);
        }
    }

    /** The same with what the schema says of its columns, which an encoder of rows does not keep. */
    private static Dataset<Row> described(Dataset<Row> rows, StructType schema) {
        Column[] columns = new Column[schema.length()];
        for (int i = 0; i < columns.length; i++) {
            StructField field = schema.fields()[i];
            columns[i] = column(field.name()).as(field.name(), field.metadata());
        }
        return rows.select(columns);
    }

    /** A column by its name, whatever characters that has. */
    static Column column(String name) {
        return functions.col(quoted(name));
    }

    /** The name of a column as Spark reads it: without quotes a dot in it would lead into a structure. */
    static String quoted(String name) {
        return "`" + name.replace("`", "``") + "`";
    }
}
