/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import org.apache.spark.ml.param.Param;

/**
 * The column of labels.
 *
 * @param <S> the stage itself, which setters give back
 * @apiNote Status: experimental
 */
public interface LoraLabelParams<S> extends LoraParams<S> {

    /**
     * The param of the same name: column of what is learned.
     *
     * @return the param
     */
    default Param<String> labelCol() {
        return text("labelCol");
    }

    /**
     * The value of {@link #labelCol}.
     *
     * @return what was set, or the default
     */
    default String getLabelCol() {
        return value("labelCol", String.class);
    }

    /**
     * Sets {@link #labelCol}.
     *
     * @param value the value
     * @return this stage
     */
    default S setLabelCol(String value) {
        return with("labelCol", value);
    }
}
