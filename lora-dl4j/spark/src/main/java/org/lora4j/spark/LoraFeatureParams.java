/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import org.apache.spark.ml.param.Param;

/**
 * What stages over vectors have. {@code checkpoint} is the zip of a network of Deeplearning4j, or a file of a SameDiff graph.
 *
 * @param <S> the stage itself, which setters give back
 * @apiNote Status: experimental
 */
public interface LoraFeatureParams<S> extends LoraBaseParams<S> {

    /**
     * The param of the same name: column of the vectors.
     *
     * @return the param
     */
    default Param<String> featuresCol() {
        return text("featuresCol");
    }

    /**
     * The value of {@link #featuresCol}.
     *
     * @return what was set, or the default
     */
    default String getFeaturesCol() {
        return value("featuresCol", String.class);
    }

    /**
     * Sets {@link #featuresCol}.
     *
     * @param value the value
     * @return this stage
     */
    default S setFeaturesCol(String value) {
        return with("featuresCol", value);
    }

    /**
     * The param of the same name: what the base calls its input.
     *
     * @return the param
     */
    default Param<String> inputName() {
        return text("inputName");
    }

    /**
     * The value of {@link #inputName}.
     *
     * @return what was set, or the default
     */
    default String getInputName() {
        return value("inputName", String.class);
    }

    /**
     * Sets {@link #inputName}.
     *
     * @param value the value
     * @return this stage
     */
    default S setInputName(String value) {
        return with("inputName", value);
    }

    /**
     * The param of the same name: what the base calls its labels.
     *
     * @return the param
     */
    default Param<String> labelsName() {
        return text("labelsName");
    }

    /**
     * The value of {@link #labelsName}.
     *
     * @return what was set, or the default
     */
    default String getLabelsName() {
        return value("labelsName", String.class);
    }

    /**
     * Sets {@link #labelsName}.
     *
     * @param value the value
     * @return this stage
     */
    default S setLabelsName(String value) {
        return with("labelsName", value);
    }

    /**
     * The param of the same name: what the base calls its output: probabilities of classes, or a number; for SameDiff graphs.
     *
     * @return the param
     */
    default Param<String> outputName() {
        return text("outputName");
    }

    /**
     * The value of {@link #outputName}.
     *
     * @return what was set, or the default
     */
    default String getOutputName() {
        return value("outputName", String.class);
    }

    /**
     * Sets {@link #outputName}.
     *
     * @param value the value
     * @return this stage
     */
    default S setOutputName(String value) {
        return with("outputName", value);
    }
}
