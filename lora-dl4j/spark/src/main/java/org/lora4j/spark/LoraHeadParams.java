/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import org.apache.spark.ml.param.BooleanParam;

/**
 * Whether the head alone learns.
 *
 * @param <S> the stage itself, which setters give back
 * @apiNote Status: experimental
 */
public interface LoraHeadParams<S> extends LoraParams<S> {

    /**
     * The param of the same name: whether the head alone learns.
     *
     * @return the param
     */
    default BooleanParam headOnly() {
        return (BooleanParam) declared("headOnly");
    }

    /**
     * The value of {@link #headOnly}.
     *
     * @return what was set, or the default
     */
    default boolean getHeadOnly() {
        return value("headOnly", Boolean.class);
    }

    /**
     * Sets {@link #headOnly}.
     *
     * @param value the value
     * @return this stage
     */
    default S setHeadOnly(boolean value) {
        return with("headOnly", value);
    }
}
