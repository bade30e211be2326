/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;

/**
 * How texts are made.
 *
 * @param <S> the stage itself, which setters give back
 * @apiNote Status: experimental
 */
public interface LoraPromptParams<S> extends LoraParams<S> {

    /**
     * The param of the same name: column of the prompts.
     *
     * @return the param
     */
    default Param<String> promptCol() {
        return text("promptCol");
    }

    /**
     * The value of {@link #promptCol}.
     *
     * @return what was set, or the default
     */
    default String getPromptCol() {
        return value("promptCol", String.class);
    }

    /**
     * Sets {@link #promptCol}.
     *
     * @param value the value
     * @return this stage
     */
    default S setPromptCol(String value) {
        return with("promptCol", value);
    }

    /**
     * The param of the same name: column of the texts that are made.
     *
     * @return the param
     */
    default Param<String> outputCol() {
        return text("outputCol");
    }

    /**
     * The value of {@link #outputCol}.
     *
     * @return what was set, or the default
     */
    default String getOutputCol() {
        return value("outputCol", String.class);
    }

    /**
     * Sets {@link #outputCol}.
     *
     * @param value the value
     * @return this stage
     */
    default S setOutputCol(String value) {
        return with("outputCol", value);
    }

    /**
     * The param of the same name: the most tokens of a text that is made.
     *
     * @return the param
     */
    default IntParam maxNewTokens() {
        return (IntParam) declared("maxNewTokens");
    }

    /**
     * The value of {@link #maxNewTokens}.
     *
     * @return what was set, or the default
     */
    default int getMaxNewTokens() {
        return value("maxNewTokens", Integer.class);
    }

    /**
     * Sets {@link #maxNewTokens}.
     *
     * @param value the value
     * @return this stage
     */
    default S setMaxNewTokens(int value) {
        return with("maxNewTokens", value);
    }

    /**
     * The param of the same name: how freely tokens are drawn, 0 for the likeliest one.
     *
     * @return the param
     */
    default DoubleParam temperature() {
        return (DoubleParam) declared("temperature");
    }

    /**
     * The value of {@link #temperature}.
     *
     * @return what was set, or the default
     */
    default double getTemperature() {
        return value("temperature", Double.class);
    }

    /**
     * Sets {@link #temperature}.
     *
     * @param value the value
     * @return this stage
     */
    default S setTemperature(double value) {
        return with("temperature", value);
    }

    /**
     * The param of the same name: the share of probability that tokens are drawn from.
     *
     * @return the param
     */
    default DoubleParam topP() {
        return (DoubleParam) declared("topP");
    }

    /**
     * The value of {@link #topP}.
     *
     * @return what was set, or the default
     */
    default double getTopP() {
        return value("topP", Double.class);
    }

    /**
     * Sets {@link #topP}.
     *
     * @param value the value
     * @return this stage
     */
    default S setTopP(double value) {
        return with("topP", value);
    }

    /**
     * The param of the same name: seed of everything random.
     *
     * @return the param
     */
    default LongParam seed() {
        return (LongParam) declared("seed");
    }

    /**
     * The value of {@link #seed}.
     *
     * @return what was set, or the default
     */
    default long getSeed() {
        return value("seed", Long.class);
    }

    /**
     * Sets {@link #seed}.
     *
     * @param value the value
     * @return this stage
     */
    default S setSeed(long value) {
        return with("seed", value);
    }
}
