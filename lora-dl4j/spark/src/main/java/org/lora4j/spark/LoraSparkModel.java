/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.List;
import org.apache.spark.ml.Model;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.MLWritable;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;

/**
 * A model of Spark ML over an adapter. Rows are computed where they are, a few hundred at a time; executors hold the base once, whatever
 * number of tasks they run.
 *
 * @param <M> the model itself
 * @apiNote Status: experimental
 */
public abstract class LoraSparkModel<M extends LoraSparkModel<M>> extends Model<M>
        implements MLWritable, LoraBaseParams<M> {

    private static final long serialVersionUID = 1;

    private final String uid;
    private final ParamTable table;
    private SavedFiles files = SavedFiles.NONE;
    private Facts facts = Facts.NONE;

    LoraSparkModel(String uid, List<ParamRow> rows) {
        this.uid = uid;
        this.table = new ParamTable(this, rows);
        table.setDefaults(this, rows);
    }

    /** What predicts. */
    abstract RowTask<?, ?, ?> task();

    /** Whether the base predicts where nothing was learned. */
    boolean worksWithoutFiles() {
        return false;
    }

    /** Takes what was learned. */
    final M holding(SavedFiles learned, Facts known) {
        files = learned;
        facts = known;
        return self();
    }

    @SuppressWarnings("unchecked")
    private M self() {
        return (M) this;
    }

    final SavedFiles files() {
        return files;
    }

    final Facts facts() {
        return facts;
    }

    @Override
    public String uid() {
        return uid;
    }

    @Override
    public Param<?> declared(String name) {
        return table.get(name);
    }

    @Override
    public M copy(ParamMap extra) {
        M copy = defaultCopy(extra);
        copy.holding(files, facts);
        if (hasParent()) {
            copy.setParent(parent());
        }
        return copy;
    }

    @Override
    public StructType transformSchema(StructType schema) {
        Arguments.required(schema, task().name() + ".transformSchema: schema", "a schema");
        Problems problems = new Problems();
        return Predicting.schema(task(), new TableColumns(schema, problems), ParamValues.of(this), facts);
    }

    /**
     * Adds the columns of this model.
     *
     * @param dataset the table
     * @return the table with them
     * @throws IllegalArgumentException if a column is missing or of the wrong type, or the executors cannot have the base
     * @throws IllegalStateException if nothing was learned
     */
    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        Arguments.required(dataset, task().name() + ".transform: dataset", "a table");
        transformSchema(dataset.schema());
        if (files.files().isEmpty() && !worksWithoutFiles()) {
            throw new IllegalStateException(getClass().getSimpleName()
                    + ".transform: nothing was learned; expected a model of fit(...) or load(...).");
        }
        return Predicting.transform(task(), dataset, ParamValues.of(this), facts, files);
    }

    /**
     * Writes the model: its params as Spark writes them, and beside them, in {@value ModelFolder#NAME}, what was learned as the plain
     * trainer writes it. The base is not written.
     *
     * @return a writer, to any file system of Hadoop
     */
    @Override
    public MLWriter write() {
        return new ModelFolder.Writer(this);
    }
}
