/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import org.apache.spark.ml.param.Param;

/**
 * What classifiers give besides predictions.
 *
 * @param <S> the stage itself, which setters give back
 * @apiNote Status: experimental
 */
public interface LoraClassParams<S> extends LoraPredictionParams<S> {

    /**
     * The param of the same name: column of the probabilities of all classes; empty for none.
     *
     * @return the param
     */
    default Param<String> probabilityCol() {
        return text("probabilityCol");
    }

    /**
     * The value of {@link #probabilityCol}.
     *
     * @return what was set, or the default
     */
    default String getProbabilityCol() {
        return value("probabilityCol", String.class);
    }

    /**
     * Sets {@link #probabilityCol}.
     *
     * @param value the value
     * @return this stage
     */
    default S setProbabilityCol(String value) {
        return with("probabilityCol", value);
    }

    /**
     * The param of the same name: column of the logarithms of the probabilities; empty for none.
     *
     * @return the param
     */
    default Param<String> rawPredictionCol() {
        return text("rawPredictionCol");
    }

    /**
     * The value of {@link #rawPredictionCol}.
     *
     * @return what was set, or the default
     */
    default String getRawPredictionCol() {
        return value("rawPredictionCol", String.class);
    }

    /**
     * Sets {@link #rawPredictionCol}.
     *
     * @param value the value
     * @return this stage
     */
    default S setRawPredictionCol(String value) {
        return with("rawPredictionCol", value);
    }

    /**
     * The param of the same name: column for the index of a label that is a text, so that evaluators can compare; empty for none.
     *
     * @return the param
     */
    default Param<String> labelIndexCol() {
        return text("labelIndexCol");
    }

    /**
     * The value of {@link #labelIndexCol}.
     *
     * @return what was set, or the default
     */
    default String getLabelIndexCol() {
        return value("labelIndexCol", String.class);
    }

    /**
     * Sets {@link #labelIndexCol}.
     *
     * @param value the value
     * @return this stage
     */
    default S setLabelIndexCol(String value) {
        return with("labelIndexCol", value);
    }
}
