/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;

/**
 * What every stage has: its base, how executors get it, and what becomes of rows that cannot be used.
 *
 * @param <S> the stage itself, which setters give back
 * @apiNote Status: experimental
 */
public interface LoraBaseParams<S> extends LoraParams<S> {

    /**
     * The param of the same name: the base: the name of a published encoder, or the path of a model directory.
     *
     * @return the param
     */
    default Param<String> checkpoint() {
        return text("checkpoint");
    }

    /**
     * The value of {@link #checkpoint}.
     *
     * @return what was set, or the default
     */
    default String getCheckpoint() {
        return value("checkpoint", String.class);
    }

    /**
     * Sets {@link #checkpoint}.
     *
     * @param value the value
     * @return this stage
     */
    default S setCheckpoint(String value) {
        return with("checkpoint", value);
    }

    /**
     * The param of the same name: how executors get the base.
     *
     * @return the param
     */
    default Param<String> baseDistribution() {
        return text("baseDistribution");
    }

    /**
     * The value of {@link #baseDistribution}.
     *
     * @return what was set, or the default
     */
    default String getBaseDistribution() {
        return value("baseDistribution", String.class);
    }

    /**
     * Sets {@link #baseDistribution}.
     *
     * @param value the value
     * @return this stage
     */
    default S setBaseDistribution(String value) {
        return with("baseDistribution", value);
    }

    /**
     * The param of the same name: what becomes of a row that cannot be used.
     *
     * @return the param
     */
    default Param<String> handleInvalid() {
        return text("handleInvalid");
    }

    /**
     * The value of {@link #handleInvalid}.
     *
     * @return what was set, or the default
     */
    default String getHandleInvalid() {
        return value("handleInvalid", String.class);
    }

    /**
     * Sets {@link #handleInvalid}.
     *
     * @param value the value
     * @return this stage
     */
    default S setHandleInvalid(String value) {
        return with("handleInvalid", value);
    }

    /**
     * The param of the same name: column for what is wrong with a row that is kept; empty for none.
     *
     * @return the param
     */
    default Param<String> errorCol() {
        return text("errorCol");
    }

    /**
     * The value of {@link #errorCol}.
     *
     * @return what was set, or the default
     */
    default String getErrorCol() {
        return value("errorCol", String.class);
    }

    /**
     * Sets {@link #errorCol}.
     *
     * @param value the value
     * @return this stage
     */
    default S setErrorCol(String value) {
        return with("errorCol", value);
    }

    /**
     * The param of the same name: how many rows are held and computed at once.
     *
     * @return the param
     */
    default IntParam inferenceBatchSize() {
        return (IntParam) declared("inferenceBatchSize");
    }

    /**
     * The value of {@link #inferenceBatchSize}.
     *
     * @return what was set, or the default
     */
    default int getInferenceBatchSize() {
        return value("inferenceBatchSize", Integer.class);
    }

    /**
     * Sets {@link #inferenceBatchSize}.
     *
     * @param value the value
     * @return this stage
     */
    default S setInferenceBatchSize(int value) {
        return with("inferenceBatchSize", value);
    }
}
