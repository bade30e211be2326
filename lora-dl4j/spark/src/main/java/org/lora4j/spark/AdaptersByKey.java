/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;

/**
 * Trains one adapter for each value of a key column, many at a time: each as the estimator by itself would train it on the rows of that
 * key, in their order.
 *
 * <p>Each adapter is a directory of PEFT below a folder, named after the key. One that is there and whole is left as it is, so a job that was
 * stopped goes on where it was. A key whose rows cannot be learned from fails alone.
 *
 * <pre>{@code
 * Dataset<Row> report = AdaptersByKey.of(new LoraTextClassifier(), "customer", "hdfs:///adapters").fit(table);
 * }</pre>
 *
 * <p><b>State.</b> Immutable.
 *
 * @apiNote Status: experimental
 */
public final class AdaptersByKey {

    /** The columns of the report. */
    static final StructType REPORT = DataTypes.createStructType(List.of(
            DataTypes.createStructField("key", DataTypes.StringType, false),
            DataTypes.createStructField("directory", DataTypes.StringType, false),
            DataTypes.createStructField("state", DataTypes.StringType, false),
            DataTypes.createStructField("rows", DataTypes.LongType, false),
            DataTypes.createStructField("seconds", DataTypes.DoubleType, false),
            DataTypes.createStructField("problem", DataTypes.StringType, true)));

    /** Columns for the key and the order of rows while they are on their way. */
    static final String KEY = "lora4j key";

    private static final String ORDER = "lora4j row";

    private final LoraEstimator<?, ?> estimator;
    private final String keyCol;
    private final String folder;

    private AdaptersByKey(LoraEstimator<?, ?> estimator, String keyCol, String folder) {
        this.estimator = estimator;
        this.keyCol = keyCol;
        this.folder = folder;
    }

    /**
     * Says what is trained.
     *
     * @param estimator what each adapter is trained by; its params are taken at {@link #fit}
     * @param keyCol column of the keys, texts or what Spark casts to texts
     * @param folder where the directories go, on any file system of Hadoop
     * @return the trainer
     */
    public static AdaptersByKey of(LoraEstimator<?, ?> estimator, String keyCol, String folder) {
        Arguments.required(estimator, "AdaptersByKey.of: estimator", "an estimator");
        Arguments.required(keyCol, "AdaptersByKey.of: keyCol", "the name of a column");
        Arguments.required(folder, "AdaptersByKey.of: folder", "a folder");
        return new AdaptersByKey(estimator, keyCol, folder);
    }

    /**
     * Trains all adapters that are not there yet.
     *
     * @param dataset the table
     * @return a row for each key: {@code key}, {@code directory}, {@code state} (trained, present or failed), {@code rows}, {@code seconds}
     *     and {@code problem}
     * @throws IllegalArgumentException if a column is missing or of the wrong type, or the executors cannot have the base
     */
    public Dataset<Row> fit(Dataset<?> dataset) {
        Arguments.required(dataset, "AdaptersByKey.fit: dataset", "a table");
        Problems problems = new Problems();
        new TableColumns(dataset.schema(), problems).require("keyCol", keyCol, TableColumns.Kind.ANY);
        problems.check(
                !ParamValues.of(estimator).flag("distributed"),
                "distributed = true, expected false: each adapter is trained by one task");
        problems.check(
                !dataset.sparkSession().sparkContext().getConf().getBoolean("spark.speculation", false),
                "spark.speculation = true, expected false: two tasks would write the same folders");
        estimator.checked(dataset.schema(), problems);
        return fit(estimator.task(), dataset, problems);
    }

    private <B extends AutoCloseable, E> Dataset<Row> fit(
            RowTask<B, E, ?> task, Dataset<?> dataset, Problems problems) {
        ParamValues settings = ParamValues.of(estimator);
        JavaSparkContext spark =
                JavaSparkContext.fromSparkContext(dataset.sparkSession().sparkContext());
        DriverCheck<B> check = new DriverCheck<>(spark, task, settings, problems);
        Facts facts = check.facts(dataset.schema());
        BaseSource base =
                check.base(opened -> task.rehearseTraining(opened, settings, facts, dataset.schema(), problems));
        RowTraining<B, E> training = new RowTraining<>(task, settings, facts, base, RunMetrics.of(spark));
        List<Column> columns = new ArrayList<>(List.of(LoraEstimator.columns(task, settings)));
        columns.add(functions
                .col(Predicting.quoted(keyCol))
                .cast(DataTypes.StringType)
                .as(KEY));
        columns.add(functions.monotonically_increasing_id().as(ORDER));
        TrainGroups<B, E> groups =
                new TrainGroups<>(training, folder, new SerializableConfiguration(spark.hadoopConfiguration()));
        List<Row> report = dataset.select(columns.toArray(Column[]::new))
                .repartition(parts(spark), functions.col(KEY))
                .sortWithinPartitions(KEY, ORDER)
                .mapPartitions(groups, Encoders.row(REPORT))
                .collectAsList();
        return dataset.sparkSession().createDataFrame(report, REPORT).orderBy("key");
    }

    /** More parts than tasks at a time, so that a large key does not hold up the others of its part for long. */
    private static int parts(JavaSparkContext spark) {
        return Math.max(1, spark.defaultParallelism()) * 8;
    }
}
