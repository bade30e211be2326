/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import org.apache.spark.ml.param.Param;

/**
 * What differs from adapter to adapter.
 *
 * @param <S> the stage itself, which setters give back
 * @apiNote Status: experimental
 */
public interface LoraScoresParams<S> extends LoraPredictionParams<S> {

    /**
     * The param of the same name: column of the probabilities of all labels of the row's adapter; empty for none.
     *
     * @return the param
     */
    default Param<String> scoresCol() {
        return text("scoresCol");
    }

    /**
     * The value of {@link #scoresCol}.
     *
     * @return what was set, or the default
     */
    default String getScoresCol() {
        return value("scoresCol", String.class);
    }

    /**
     * Sets {@link #scoresCol}.
     *
     * @param value the value
     * @return this stage
     */
    default S setScoresCol(String value) {
        return with("scoresCol", value);
    }
}
