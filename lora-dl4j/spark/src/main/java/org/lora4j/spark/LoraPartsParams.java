/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import org.apache.spark.ml.param.IntParam;

/**
 * In how many parts rows of a batch are computed, of tasks whose loss is one of single rows.
 *
 * @param <S> the stage itself, which setters give back
 * @apiNote Status: experimental
 */
public interface LoraPartsParams<S> extends LoraParams<S> {

    /**
     * The param of the same name: in how many parts a batch is cut, on which rounding depends and not on the workers; 0 for as many as a task has threads.
     *
     * @return the param
     */
    default IntParam gradientParts() {
        return (IntParam) declared("gradientParts");
    }

    /**
     * The value of {@link #gradientParts}.
     *
     * @return what was set, or the default
     */
    default int getGradientParts() {
        return value("gradientParts", Integer.class);
    }

    /**
     * Sets {@link #gradientParts}.
     *
     * @param value the value
     * @return this stage
     */
    default S setGradientParts(int value) {
        return with("gradientParts", value);
    }
}
