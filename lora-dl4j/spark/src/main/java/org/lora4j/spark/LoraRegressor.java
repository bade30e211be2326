/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.List;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;

/**
 * Learns to tell a number of a vector by an adapter over a network of Deeplearning4j or a SameDiff graph with one output.
 *
 * @apiNote Status: experimental
 */
public final class LoraRegressor extends LoraEstimator<LoraRegressor, LoraRegressionModel>
        implements LoraFeatureParams<LoraRegressor>,
                LoraSavedModuleParams<LoraRegressor>,
                LoraLabelParams<LoraRegressor>,
                LoraPartsParams<LoraRegressor>,
                LoraDistributedParams<LoraRegressor>,
                LoraPredictionParams<LoraRegressor> {

    private static final long serialVersionUID = 1;

    private static final List<ParamRow> ROWS = ParamRows.of(
            ParamRows.needed("checkpoint", ParamRows.BASE),
            ParamRows.FEATURES,
            ParamRows.TRAINING,
            ParamRows.SAVED_MODULES,
            ParamRows.LABEL,
            ParamRows.PREDICTION,
            ParamRows.PARTS,
            ParamRows.DISTRIBUTED);

    /** With a name of its own. */
    public LoraRegressor() {
        this(Identifiable$.MODULE$.randomUID("loraRegressor"));
    }

    /**
     * With a given name.
     *
     * @param uid a name that no other stage has
     */
    public LoraRegressor(String uid) {
        super(uid, ROWS);
    }

    @Override
    RowTask<?, ?, ?> task() {
        return new VectorRegressorTask();
    }

    @Override
    LoraRegressionModel model(SavedFiles files, Facts facts) {
        return new LoraRegressionModel(uid()).holding(files, facts);
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @return a reader
     */
    public static MLReader<LoraRegressor> read() {
        return new DefaultParamsReader<>();
    }

    /**
     * Reads what {@link #save} wrote.
     *
     * @param path where it is
     * @return the estimator
     */
    public static LoraRegressor load(String path) {
        return read().load(path);
    }
}
