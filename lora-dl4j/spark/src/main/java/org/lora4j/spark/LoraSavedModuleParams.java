/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import org.apache.spark.ml.param.StringArrayParam;

/**
 * What learns in full beside the adapter.
 *
 * @param <S> the stage itself, which setters give back
 * @apiNote Status: experimental
 */
public interface LoraSavedModuleParams<S> extends LoraParams<S> {

    /**
     * The param of the same name: modules that learn in full, such as the head.
     *
     * @return the param
     */
    default StringArrayParam modulesToSave() {
        return (StringArrayParam) declared("modulesToSave");
    }

    /**
     * The value of {@link #modulesToSave}.
     *
     * @return what was set, or the default
     */
    default String[] getModulesToSave() {
        return value("modulesToSave", String[].class);
    }

    /**
     * Sets {@link #modulesToSave}.
     *
     * @param value the value
     * @return this stage
     */
    default S setModulesToSave(String[] value) {
        return with("modulesToSave", value);
    }
}
