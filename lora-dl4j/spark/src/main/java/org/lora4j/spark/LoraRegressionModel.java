/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.List;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;

/**
 * Tells numbers of vectors; made by {@link LoraRegressor}.
 *
 * @apiNote Status: experimental
 */
public final class LoraRegressionModel extends LoraSparkModel<LoraRegressionModel>
        implements LoraFeatureParams<LoraRegressionModel>,
                LoraLabelParams<LoraRegressionModel>,
                LoraPredictionParams<LoraRegressionModel> {

    private static final long serialVersionUID = 1;

    private static final List<ParamRow> ROWS = ParamRows.of(
            ParamRows.needed("checkpoint", ParamRows.BASE), ParamRows.FEATURES, ParamRows.LABEL, ParamRows.PREDICTION);

    /** With a name of its own, and nothing learned: Spark looks at its params. */
    public LoraRegressionModel() {
        this(Identifiable$.MODULE$.randomUID("loraRegressor"));
    }

    /**
     * With a given name, and nothing learned.
     *
     * @param uid a name that no other stage has
     */
    public LoraRegressionModel(String uid) {
        super(uid, ROWS);
    }

    @Override
    RowTask<?, ?, ?> task() {
        return new VectorRegressorTask();
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @return a reader
     */
    public static MLReader<LoraRegressionModel> read() {
        return new ModelFolder.Reader<>(LoraRegressionModel.class);
    }

    /**
     * Reads what {@link #save} wrote.
     *
     * @param path where it is
     * @return the model
     */
    public static LoraRegressionModel load(String path) {
        return read().load(path);
    }
}
