/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import org.apache.spark.ml.param.Param;

/**
 * The column of weights.
 *
 * @param <S> the stage itself, which setters give back
 * @apiNote Status: experimental
 */
public interface LoraWeightParams<S> extends LoraParams<S> {

    /**
     * The param of the same name: column of the weights of examples; empty for none.
     *
     * @return the param
     */
    default Param<String> weightCol() {
        return text("weightCol");
    }

    /**
     * The value of {@link #weightCol}.
     *
     * @return what was set, or the default
     */
    default String getWeightCol() {
        return value("weightCol", String.class);
    }

    /**
     * Sets {@link #weightCol}.
     *
     * @param value the value
     * @return this stage
     */
    default S setWeightCol(String value) {
        return with("weightCol", value);
    }
}
