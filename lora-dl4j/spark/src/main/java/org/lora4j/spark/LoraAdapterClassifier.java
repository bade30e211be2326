/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.List;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;

/**
 * Tells the labels of texts, each by the adapter that a column names: {@code org.lora4j.serve.text.TextServer} over the rows of a table. The
 * adapters are what {@link AdaptersByKey} wrote, or what {@code TextClassifier.save} did, over one base.
 *
 * @apiNote Status: experimental
 */
public final class LoraAdapterClassifier extends Transformer
        implements DefaultParamsWritable,
                LoraBaseParams<LoraAdapterClassifier>,
                LoraTextParams<LoraAdapterClassifier>,
                LoraAdapterParams<LoraAdapterClassifier>,
                LoraScoresParams<LoraAdapterClassifier> {

    private static final long serialVersionUID = 1;

    private static final List<ParamRow> ROWS =
            ParamRows.of(ParamRows.BASE, ParamRows.TEXT, ParamRows.ADAPTERS, ParamRows.PREDICTION, ParamRows.SCORES);

    private final String uid;
    private final ParamTable table;

    /** With a name of its own. */
    public LoraAdapterClassifier() {
        this(Identifiable$.MODULE$.randomUID("loraAdapterClassifier"));
    }

    /**
     * With a given name.
     *
     * @param uid a name that no other stage has
     */
    public LoraAdapterClassifier(String uid) {
        this.uid = uid;
        this.table = new ParamTable(this, ROWS);
        table.setDefaults(this, ROWS);
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
    public LoraAdapterClassifier copy(ParamMap extra) {
        return defaultCopy(extra);
    }

    @Override
    public StructType transformSchema(StructType schema) {
        Arguments.required(schema, "LoraAdapterClassifier.transformSchema: schema", "a schema");
        return Predicting.schema(
                new AdaptersTask(), new TableColumns(schema, new Problems()), ParamValues.of(this), Facts.NONE);
    }

    /**
     * Adds the columns of labels.
     *
     * @param dataset the table
     * @return the table with them
     * @throws IllegalArgumentException if a column is missing or of the wrong type, or the executors cannot have the base
     */
    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        Arguments.required(dataset, "LoraAdapterClassifier.transform: dataset", "a table");
        return Predicting.transform(new AdaptersTask(), dataset, ParamValues.of(this), Facts.NONE, SavedFiles.NONE);
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @return a reader
     */
    public static MLReader<LoraAdapterClassifier> read() {
        return new DefaultParamsReader<>();
    }

    /**
     * Reads what {@link #save} wrote.
     *
     * @param path where it is
     * @return the stage
     */
    public static LoraAdapterClassifier load(String path) {
        return read().load(path);
    }
}
