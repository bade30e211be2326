/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import org.lora4j.internal.dl4j.layer.FrozenParameterRules;

/**
 * A layer configuration with low-rank updates over a frozen stock layer.
 *
 * <p>Implementations extend the stock configuration of their kind, whose features they keep, and answer DL4J's questions
 * about parameters through {@link FrozenParameterRules}.
 *
 * @apiNote Status: experimental
 */
public interface LoraLayer {

    /**
     * The updates, and what else learns.
     *
     * @return the settings
     */
    LoraSettings lora();
}
