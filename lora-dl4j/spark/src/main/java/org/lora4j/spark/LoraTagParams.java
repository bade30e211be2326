/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import org.apache.spark.ml.param.Param;

/**
 * What taggers give besides tags.
 *
 * @param <S> the stage itself, which setters give back
 * @apiNote Status: experimental
 */
public interface LoraTagParams<S> extends LoraPredictionParams<S> {

    /**
     * The param of the same name: column of the probabilities of the tags; empty for none.
     *
     * @return the param
     */
    default Param<String> probabilityCol() {
        return text("probabilityCol");
    }

    /**
     * The value of {@link #probabilityCol}.
     *
     * @return what was set, or the default
     */
    default String getProbabilityCol() {
        return value("probabilityCol", String.class);
    }

    /**
     * Sets {@link #probabilityCol}.
     *
     * @param value the value
     * @return this stage
     */
    default S setProbabilityCol(String value) {
        return with("probabilityCol", value);
    }

    /**
     * The param of the same name: column of what the tags say together; empty for none.
     *
     * @return the param
     */
    default Param<String> entitiesCol() {
        return text("entitiesCol");
    }

    /**
     * The value of {@link #entitiesCol}.
     *
     * @return what was set, or the default
     */
    default String getEntitiesCol() {
        return value("entitiesCol", String.class);
    }

    /**
     * Sets {@link #entitiesCol}.
     *
     * @param value the value
     * @return this stage
     */
    default S setEntitiesCol(String value) {
        return with("entitiesCol", value);
    }
}
