/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;

/**
 * The adapter of a row.
 *
 * @param <S> the stage itself, which setters give back
 * @apiNote Status: experimental
 */
public interface LoraAdapterParams<S> extends LoraParams<S> {

    /**
     * The param of the same name: column of the names of adapters; empty for none, null in a row for the base.
     *
     * @return the param
     */
    default Param<String> adapterCol() {
        return text("adapterCol");
    }

    /**
     * The value of {@link #adapterCol}.
     *
     * @return what was set, or the default
     */
    default String getAdapterCol() {
        return value("adapterCol", String.class);
    }

    /**
     * Sets {@link #adapterCol}.
     *
     * @param value the value
     * @return this stage
     */
    default S setAdapterCol(String value) {
        return with("adapterCol", value);
    }

    /**
     * The param of the same name: folder with the folder of each adapter.
     *
     * @return the param
     */
    default Param<String> adaptersPath() {
        return text("adaptersPath");
    }

    /**
     * The value of {@link #adaptersPath}.
     *
     * @return what was set, or the default
     */
    default String getAdaptersPath() {
        return value("adaptersPath", String.class);
    }

    /**
     * Sets {@link #adaptersPath}.
     *
     * @param value the value
     * @return this stage
     */
    default S setAdaptersPath(String value) {
        return with("adaptersPath", value);
    }

    /**
     * The param of the same name: how many adapters an executor keeps in memory.
     *
     * @return the param
     */
    default IntParam maxAdapters() {
        return (IntParam) declared("maxAdapters");
    }

    /**
     * The value of {@link #maxAdapters}.
     *
     * @return what was set, or the default
     */
    default int getMaxAdapters() {
        return value("maxAdapters", Integer.class);
    }

    /**
     * Sets {@link #maxAdapters}.
     *
     * @param value the value
     * @return this stage
     */
    default S setMaxAdapters(int value) {
        return with("maxAdapters", value);
    }
}
