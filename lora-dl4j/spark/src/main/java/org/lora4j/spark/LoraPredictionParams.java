/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import org.apache.spark.ml.param.Param;

/**
 * The column of predictions.
 *
 * @param <S> the stage itself, which setters give back
 * @apiNote Status: experimental
 */
public interface LoraPredictionParams<S> extends LoraParams<S> {

    /**
     * The param of the same name: column of the predictions.
     *
     * @return the param
     */
    default Param<String> predictionCol() {
        return text("predictionCol");
    }

    /**
     * The value of {@link #predictionCol}.
     *
     * @return what was set, or the default
     */
    default String getPredictionCol() {
        return value("predictionCol", String.class);
    }

    /**
     * Sets {@link #predictionCol}.
     *
     * @param value the value
     * @return this stage
     */
    default S setPredictionCol(String value) {
        return with("predictionCol", value);
    }
}
