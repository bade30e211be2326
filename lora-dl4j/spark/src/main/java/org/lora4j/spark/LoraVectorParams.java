/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import org.apache.spark.ml.param.Param;

/**
 * The column of vectors.
 *
 * @param <S> the stage itself, which setters give back
 * @apiNote Status: experimental
 */
public interface LoraVectorParams<S> extends LoraParams<S> {

    /**
     * The param of the same name: column of the vectors.
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
}
