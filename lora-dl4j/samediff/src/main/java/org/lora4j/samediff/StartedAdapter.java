/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.Arguments;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Where an adapter starts, as a {@link LoraStart} found it, and what the base gives up for that.
 *
 * <p>{@link AdaptedSameDiff#startAdapter} adds it to the model that it was made for. The base itself is
 * never written to: what it gives up is taken off as long as the adapter acts, and {@code adapter(name)} hands out a plain
 * adapter for the untouched base, which has twice the rank if anything was given up.
 *
 * @param config the config, with the ranks that the start gave
 * @param factors the factors by module path and PEFT's suffix, in PEFT's layout
 * @param givenUp the factors whose scaled product the base gives up, by module path; empty if the base stays as it is
 * @apiNote Status: stable
 */
public record StartedAdapter(
        LoraConfig config, Map<String, Map<String, INDArray>> factors, Map<String, Map<String, INDArray>> givenUp) {

    /**
     * Copies the maps.
     *
     * @param config the config
     * @param factors the factors by module path
     * @param givenUp what the base gives up by module path
     */
    public StartedAdapter {
        Arguments.required(factors, "StartedAdapter: factors", "factors by module path");
        Arguments.required(givenUp, "StartedAdapter: givenUp", "parts by module path");
        factors = Collections.unmodifiableMap(new LinkedHashMap<>(factors));
        givenUp = Collections.unmodifiableMap(new LinkedHashMap<>(givenUp));
    }
}
