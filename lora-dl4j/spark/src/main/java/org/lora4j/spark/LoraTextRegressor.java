/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.List;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;

/**
 * Learns to tell a number of a text: {@code org.lora4j.text.TextRegressor} as an estimator of Spark ML.
 *
 * @apiNote Status: experimental
 */
public final class LoraTextRegressor extends LoraEstimator<LoraTextRegressor, LoraTextRegressionModel>
        implements LoraTextParams<LoraTextRegressor>,
                LoraDistributedParams<LoraTextRegressor>,
                LoraPartsParams<LoraTextRegressor>,
                LoraLabelParams<LoraTextRegressor>,
                LoraHeadParams<LoraTextRegressor>,
                LoraPredictionParams<LoraTextRegressor> {

    private static final long serialVersionUID = 1;

    private static final List<ParamRow> ROWS = ParamRows.of(
            ParamRows.BASE,
            ParamRows.TEXT,
            ParamRows.TRAINING,
            ParamRows.DISTRIBUTED,
            ParamRows.PARTS,
            ParamRows.LABEL,
            ParamRows.HEAD,
            ParamRows.PREDICTION);

    /** With a name of its own. */
    public LoraTextRegressor() {
        this(Identifiable$.MODULE$.randomUID("loraTextRegressor"));
    }

    /**
     * With a given name.
     *
     * @param uid a name that no other stage has
     */
    public LoraTextRegressor(String uid) {
        super(uid, ROWS);
    }

    @Override
    RowTask<?, ?, ?> task() {
        return new RegressorTask();
    }

    @Override
    LoraTextRegressionModel model(SavedFiles files, Facts facts) {
        return new LoraTextRegressionModel(uid()).holding(files, facts);
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @return a reader
     */
    public static MLReader<LoraTextRegressor> read() {
        return new DefaultParamsReader<>();
    }

    /**
     * Reads what {@link #save} wrote.
     *
     * @param path where it is
     * @return the estimator
     */
    public static LoraTextRegressor load(String path) {
        return read().load(path);
    }
}
