/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.host;

import java.util.Map;
import java.util.Set;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.method.AdapterMethod;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An adapter as a host keeps it.
 *
 * @apiNote Status: experimental
 */
public interface HostAdapter {

    /**
     * The adapter's name.
     *
     * @return a name, unique in its model
     */
    String name();

    /**
     * What is adapted and how.
     *
     * @return the config
     */
    LoraConfig config();

    /**
     * How the factors act.
     *
     * @return the method of the config
     */
    AdapterMethod method();

    /**
     * The values now.
     *
     * @return a copy
     */
    Adapter snapshot();

    /**
     * The modules with factors.
     *
     * @return paths of modules
     */
    Set<String> modulePaths();

    /**
     * The factors of a module now, in PEFT's layout.
     *
     * @param module path of a module of {@link #modulePaths}
     * @return arrays by suffix, only to be read
     */
    Map<String, INDArray> factors(String module);

    /**
     * The factors that a module's start took off the base, in PEFT's layout, where a start does so ({@link
     * org.lora4j.config.Initialization#movesBase}).
     *
     * @param module path of a module of {@link #modulePaths}
     * @return arrays by suffix, only to be read; empty if nothing was taken
     */
    default Map<String, INDArray> start(String module) {
        return Map.of();
    }

    /**
     * The parameters of the base that this adapter replaces.
     *
     * @return paths of parameters
     */
    Set<String> savedPaths();

    /**
     * How many numbers learn when this adapter does.
     *
     * @return the numbers in all factors and saved parameters
     */
    long parameters();
}
