/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import org.lora4j.model.AdaptableModule;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A parameter of a base model that can be trained fully, under the name that adapter files use.
 *
 * @apiNote Status: internal
 */
public interface HostParameter {

    /**
     * The name.
     *
     * @return a dotted path, for instance {@code classifier.weight}
     */
    String path();

    /**
     * The module whose weight this is.
     *
     * @return the module, or null
     */
    AdaptableModule weightOf();

    /** The shape in adapter files. */
    long[] peftShape();

    /**
     * The value in the base in the layout of adapter files.
     *
     * @return a new array
     */
    INDArray peftValue();

    /** Path of the module that the parameter belongs to. */
    default String module() {
        return module(path());
    }

    /** Path of the module that a parameter belongs to. */
    static String module(String parameter) {
        int dot = parameter.lastIndexOf('.');
        return dot < 0 ? parameter : parameter.substring(0, dot);
    }

    /**
     * Whether this is the bias of something.
     *
     * @return whether the last segment of the path says so
     */
    default boolean isBias() {
        return isBias(path());
    }

    /**
     * Whether a parameter is the bias of something.
     *
     * @return whether its last segment is {@code bias}, or {@code bias_} and more, as recurrent layers have several
     */
    static boolean isBias(String parameter) {
        String last = parameter.substring(parameter.lastIndexOf('.') + 1);
        return last.equals("bias") || last.startsWith("bias_");
    }
}
