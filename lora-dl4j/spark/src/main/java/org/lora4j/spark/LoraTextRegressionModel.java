/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.List;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;

/**
 * Tells numbers of texts; made by {@link LoraTextRegressor}.
 *
 * @apiNote Status: experimental
 */
public final class LoraTextRegressionModel extends LoraSparkModel<LoraTextRegressionModel>
        implements LoraTextParams<LoraTextRegressionModel>,
                LoraLabelParams<LoraTextRegressionModel>,
                LoraPredictionParams<LoraTextRegressionModel> {

    private static final long serialVersionUID = 1;

    private static final List<ParamRow> ROWS =
            ParamRows.of(ParamRows.BASE, ParamRows.TEXT, ParamRows.LABEL, ParamRows.PREDICTION);

    /** With a name of its own, and nothing learned: Spark looks at its params. */
    public LoraTextRegressionModel() {
        this(Identifiable$.MODULE$.randomUID("loraTextRegressor"));
    }

    /**
     * With a given name, and nothing learned.
     *
     * @param uid a name that no other stage has
     */
    public LoraTextRegressionModel(String uid) {
        super(uid, ROWS);
    }

    @Override
    RowTask<?, ?, ?> task() {
        return new RegressorTask();
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @return a reader
     */
    public static MLReader<LoraTextRegressionModel> read() {
        return new ModelFolder.Reader<>(LoraTextRegressionModel.class);
    }

    /**
     * Reads what {@link #save} wrote.
     *
     * @param path where it is
     * @return the model
     */
    public static LoraTextRegressionModel load(String path) {
        return read().load(path);
    }
}
