/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import org.lora4j.config.LoraConfig;

/**
 * How the factors of a slot act. Configurations hold these names, so they stay as they are.
 *
 * @apiNote Status: experimental
 */
public enum SlotMethod {
    /** {@code W + s B A}. */
    LORA,
    /** {@code W + s B A} with a learned length for each output. */
    DORA;

    /**
     * The method that a config asks for.
     *
     * @param config a config
     * @return the method
     */
    public static SlotMethod of(LoraConfig config) {
        return config.dora() ? DORA : LORA;
    }
}
