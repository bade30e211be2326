/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;

/**
 * How several workers train one adapter together.
 *
 * @param <S> the stage itself, which setters give back
 * @apiNote Status: experimental
 */
public interface LoraDistributedParams<S> extends LoraParams<S> {

    /**
     * The param of the same name: whether several workers train one adapter together.
     *
     * @return the param
     */
    default BooleanParam distributed() {
        return (BooleanParam) declared("distributed");
    }

    /**
     * The value of {@link #distributed}.
     *
     * @return what was set, or the default
     */
    default boolean getDistributed() {
        return value("distributed", Boolean.class);
    }

    /**
     * Sets {@link #distributed}.
     *
     * @param value the value
     * @return this stage
     */
    default S setDistributed(boolean value) {
        return with("distributed", value);
    }

    /**
     * The param of the same name: how many workers train together.
     *
     * @return the param
     */
    default IntParam numWorkers() {
        return (IntParam) declared("numWorkers");
    }

    /**
     * The value of {@link #numWorkers}.
     *
     * @return what was set, or the default
     */
    default int getNumWorkers() {
        return value("numWorkers", Integer.class);
    }

    /**
     * Sets {@link #numWorkers}.
     *
     * @param value the value
     * @return this stage
     */
    default S setNumWorkers(int value) {
        return with("numWorkers", value);
    }

    /**
     * The param of the same name: seconds that a worker waits for the others.
     *
     * @return the param
     */
    default IntParam workerTimeout() {
        return (IntParam) declared("workerTimeout");
    }

    /**
     * The value of {@link #workerTimeout}.
     *
     * @return what was set, or the default
     */
    default int getWorkerTimeout() {
        return value("workerTimeout", Integer.class);
    }

    /**
     * Sets {@link #workerTimeout}.
     *
     * @param value the value
     * @return this stage
     */
    default S setWorkerTimeout(int value) {
        return with("workerTimeout", value);
    }

    /**
     * The param of the same name: folder that all workers see, to which steps are written and from which they go on; empty for none.
     *
     * @return the param
     */
    default Param<String> checkpointDir() {
        return text("checkpointDir");
    }

    /**
     * The value of {@link #checkpointDir}.
     *
     * @return what was set, or the default
     */
    default String getCheckpointDir() {
        return value("checkpointDir", String.class);
    }

    /**
     * Sets {@link #checkpointDir}.
     *
     * @param value the value
     * @return this stage
     */
    default S setCheckpointDir(String value) {
        return with("checkpointDir", value);
    }

    /**
     * The param of the same name: after how many steps they are written.
     *
     * @return the param
     */
    default IntParam checkpointSteps() {
        return (IntParam) declared("checkpointSteps");
    }

    /**
     * The value of {@link #checkpointSteps}.
     *
     * @return what was set, or the default
     */
    default int getCheckpointSteps() {
        return value("checkpointSteps", Integer.class);
    }

    /**
     * Sets {@link #checkpointSteps}.
     *
     * @param value the value
     * @return this stage
     */
    default S setCheckpointSteps(int value) {
        return with("checkpointSteps", value);
    }
}
