/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;

/**
 * What stages over texts have.
 *
 * @param <S> the stage itself, which setters give back
 * @apiNote Status: experimental
 */
public interface LoraTextParams<S> extends LoraBaseParams<S> {

    /**
     * The param of the same name: column of the texts.
     *
     * @return the param
     */
    default Param<String> textCol() {
        return text("textCol");
    }

    /**
     * The value of {@link #textCol}.
     *
     * @return what was set, or the default
     */
    default String getTextCol() {
        return value("textCol", String.class);
    }

    /**
     * Sets {@link #textCol}.
     *
     * @param value the value
     * @return this stage
     */
    default S setTextCol(String value) {
        return with("textCol", value);
    }

    /**
     * The param of the same name: the most tokens of a text, 0 for those of the base.
     *
     * @return the param
     */
    default IntParam maxTokenLen() {
        return (IntParam) declared("maxTokenLen");
    }

    /**
     * The value of {@link #maxTokenLen}.
     *
     * @return what was set, or the default
     */
    default int getMaxTokenLen() {
        return value("maxTokenLen", Integer.class);
    }

    /**
     * Sets {@link #maxTokenLen}.
     *
     * @param value the value
     * @return this stage
     */
    default S setMaxTokenLen(int value) {
        return with("maxTokenLen", value);
    }
}
