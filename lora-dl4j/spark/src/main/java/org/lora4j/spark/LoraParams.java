/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;

/**
 * A stage whose params are declared in a table.
 *
 * @param <S> the stage itself, which setters give back
 * @apiNote Status: experimental
 */
public interface LoraParams<S> extends Params {

    /**
     * A param by its name.
     *
     * @param name such as {@code textCol}
     * @return the param
     * @throws IllegalArgumentException if this stage has none of that name
     */
    Param<?> declared(String name);

    /**
     * A text param.
     *
     * @param name its name
     * @return the param
     */
    @SuppressWarnings("unchecked")
    default Param<String> text(String name) {
        return (Param<String>) declared(name);
    }

    /**
     * The value of a param.
     *
     * @param name its name
     * @param type its class
     * @param <T> its class
     * @return what was set, or the default
     */
    default <T> T value(String name, Class<T> type) {
        return type.cast(getOrDefault(declared(name)));
    }

    /**
     * Sets a param.
     *
     * @param name its name
     * @param value the value
     * @return this stage
     * @throws IllegalArgumentException if the value is none that the param can have
     */
    @SuppressWarnings("unchecked")
    default S with(String name, Object value) {
        set((Param<Object>) declared(name), value);
        return (S) this;
    }
}
