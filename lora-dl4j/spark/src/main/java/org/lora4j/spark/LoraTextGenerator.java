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
 * Lets a language model go on with prompts, each with an adapter of its own: {@code org.lora4j.language.CausalLmServer} over the rows of a
 * table. {@code checkpoint} is a model directory.
 *
 * @apiNote Status: experimental
 */
public final class LoraTextGenerator extends Transformer
        implements DefaultParamsWritable,
                LoraBaseParams<LoraTextGenerator>,
                LoraAdapterParams<LoraTextGenerator>,
                LoraPromptParams<LoraTextGenerator> {

    private static final long serialVersionUID = 1;

    private static final List<ParamRow> ROWS =
            ParamRows.of(ParamRows.needed("checkpoint", ParamRows.BASE), ParamRows.ADAPTERS, ParamRows.PROMPTS);

    private final String uid;
    private final ParamTable table;

    /** With a name of its own. */
    public LoraTextGenerator() {
        this(Identifiable$.MODULE$.randomUID("loraTextGenerator"));
    }

    /**
     * With a given name.
     *
     * @param uid a name that no other stage has
     */
    public LoraTextGenerator(String uid) {
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
    public LoraTextGenerator copy(ParamMap extra) {
        return defaultCopy(extra);
    }

    @Override
    public StructType transformSchema(StructType schema) {
        Arguments.required(schema, "LoraTextGenerator.transformSchema: schema", "a schema");
        return Predicting.schema(
                new GeneratorTask(), new TableColumns(schema, new Problems()), ParamValues.of(this), Facts.NONE);
    }

    /**
     * Adds the column of texts.
     *
     * @param dataset the table
     * @return the table with it
     * @throws IllegalArgumentException if a column is missing or of the wrong type, or the executors cannot have the base
     */
    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        Arguments.required(dataset, "LoraTextGenerator.transform: dataset", "a table");
        return Predicting.transform(new GeneratorTask(), dataset, ParamValues.of(this), Facts.NONE, SavedFiles.NONE);
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @return a reader
     */
    public static MLReader<LoraTextGenerator> read() {
        return new DefaultParamsReader<>();
    }

    /**
     * Reads what {@link #save} wrote.
     *
     * @param path where it is
     * @return the stage
     */
    public static LoraTextGenerator load(String path) {
        return read().load(path);
    }
}
