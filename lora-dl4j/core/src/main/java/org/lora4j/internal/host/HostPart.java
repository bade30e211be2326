/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import org.lora4j.method.AdapterMethod;
import org.lora4j.method.ModuleShape;
import org.lora4j.model.AdaptableModule;

/**
 * The factors of one module.
 *
 * @apiNote Status: internal
 */
public interface HostPart {

    /**
     * The module.
     *
     * @return a module of the model, or one that the adapter alone knows
     */
    AdaptableModule module();

    /**
     * How the factors act.
     *
     * @return the method of the config in this module
     */
    AdapterMethod method();

    /**
     * The rank of the update.
     *
     * @return 1 or more
     */
    int rank();

    /** How many numbers the factors have. */
    long parameters();

    /**
     * Whether the update is as large as the weight.
     *
     * @return true if the rank reaches the smaller side of the weight, or the factors have as many numbers
     */
    default boolean isFullRank() {
        ModuleShape shape = module().shape();
        return rank() >= Math.min(shape.fanIn(), shape.outputs()) || parameters() >= shape.parameters();
    }
}
