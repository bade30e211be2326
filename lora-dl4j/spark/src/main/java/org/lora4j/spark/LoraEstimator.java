/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;

/**
 * An estimator of Spark ML that trains an adapter. A fit is a job of one task: an executor gets the rows in their order, and learns from
 * them as the plain trainer would. Several fits at once, as {@code CrossValidator} with {@code parallelism} has them, are several tasks.
 *
 * @param <S> the estimator itself
 * @param <M> its model
 * @apiNote Status: experimental
 */
public abstract class LoraEstimator<S extends LoraEstimator<S, M>, M extends LoraSparkModel<M>> extends Estimator<M>
        implements DefaultParamsWritable, LoraBaseParams<S>, LoraTrainingParams<S> {

    private static final long serialVersionUID = 1;

    /** Column for the order of rows while they are on their way. */
    private static final String ORDER = "lora4j row";

    private final String uid;
    private final ParamTable table;

    LoraEstimator(String uid, List<ParamRow> rows) {
        this.uid = uid;
        this.table = new ParamTable(this, rows);
        table.setDefaults(this, rows);
    }

    /** What learns. */
    abstract RowTask<?, ?, ?> task();

    /** A model of what was learned. */
    abstract M model(SavedFiles files, Facts facts);

    @Override
    public String uid() {
        return uid;
    }

    @Override
    public Param<?> declared(String name) {
        return table.get(name);
    }

    @Override
    public S copy(ParamMap extra) {
        return defaultCopy(extra);
    }

    @Override
    public StructType transformSchema(StructType schema) {
        Arguments.required(schema, task().name() + ".transformSchema: schema", "a schema");
        Problems problems = new Problems();
        StructType after = checked(schema, problems);
        problems.throwIfAny(task().name());
        return after;
    }

    /** The table with what a model adds; {@code problems} get what is wrong with the columns. */
    final StructType checked(StructType schema, Problems problems) {
        ParamValues settings = ParamValues.of(this);
        TableColumns columns = new TableColumns(schema, problems);
        task().checkTraining(columns, settings);
        if (settings.names("validationIndicatorCol")) {
            columns.require("validationIndicatorCol", settings.text("validationIndicatorCol"), TableColumns.Kind.TRUTH);
        }
        return Predicting.checked(task(), columns, settings, Facts.NONE);
    }

    /**
     * Learns.
     *
     * @param dataset the table
     * @return the model
     * @throws IllegalArgumentException if a column is missing or of the wrong type, the base cannot be had by the executors, or the rows
     *     are none that can be learned from; the message says all of it
     */
    @Override
    public M fit(Dataset<?> dataset) {
        Arguments.required(dataset, task().name() + ".fit: dataset", "a table");
        Problems problems = new Problems();
        checked(dataset.schema(), problems);
        ParamValues settings = ParamValues.of(this);
        JavaSparkContext spark =
                JavaSparkContext.fromSparkContext(dataset.sparkSession().sparkContext());
        TrainedFiles trained = train(task(), dataset, settings, spark, problems);
        if (trained.problem() != null) {
            throw new IllegalArgumentException(trained.problem());
        }
        M model = copyValues(model(trained.files(), trained.facts()), ParamMap.empty());
        model.setParent(this);
        return model;
    }

    private static <B extends AutoCloseable, E> TrainedFiles train(
            RowTask<B, E, ?> task,
            Dataset<?> dataset,
            ParamValues settings,
            JavaSparkContext spark,
            Problems problems) {
        DriverCheck<B> check = new DriverCheck<>(spark, task, settings, problems);
        Facts facts = check.facts(dataset.schema());
        if (settings.flag("distributed")) {
            DistributedTraining.check(settings, spark, problems);
        }
        BaseSource base =
                check.base(opened -> task.rehearseTraining(opened, settings, facts, dataset.schema(), problems));
        RowTraining<B, E> training = new RowTraining<>(task, settings, facts, base, RunMetrics.of(spark));
        if (settings.flag("distributed")) {
            return DistributedTraining.train(
                    training, inOrder(dataset, task, settings).collectAsList(), spark);
        }
        // Of a table without rows Spark may leave out the partition, too.
        return inOrder(dataset, task, settings).toJavaRDD().mapPartitions(new TrainAll<>(training)).collect().stream()
                .findFirst()
                .orElseGet(() -> TrainedFiles.failed(training.noRow()));
    }

    /** The rows in one partition, in the order that the table has them. */
    private static Dataset<Row> inOrder(Dataset<?> dataset, RowTask<?, ?, ?> task, ParamValues settings) {
        return dataset.select(columns(task, settings))
                .withColumn(ORDER, functions.monotonically_increasing_id())
                .repartition(1)
                .sortWithinPartitions(ORDER);
    }

    /** What is read of a table to learn from. */
    static Column[] columns(RowTask<?, ?, ?> task, ParamValues settings) {
        List<String> names = new ArrayList<>(task.trainingColumns(settings));
        if (settings.names("validationIndicatorCol")) {
            names.add(settings.text("validationIndicatorCol"));
        }
        return names.stream().distinct().map(Predicting::column).toArray(Column[]::new);
    }

    /** Learns from all rows of the one partition. */
    private record TrainAll<B extends AutoCloseable, E>(RowTraining<B, E> training)
            implements FlatMapFunction<Iterator<Row>, TrainedFiles> {

        private static final long serialVersionUID = 1;

        @Override
        public Iterator<TrainedFiles> call(Iterator<Row> rows) {
            return List.of(training.of(rows, RowTask.Site.ALONE)).iterator();
        }
    }
}
