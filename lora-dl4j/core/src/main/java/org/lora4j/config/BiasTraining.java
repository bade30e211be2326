/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

/**
 * Which biases of the base model learn together with the adapter.
 *
 * <p>The learned biases belong to the adapter, so a model whose adapters are disabled computes with the biases of its
 * base, exactly. PEFT differs: there, with anything but {@link #NONE}, the learned ones stay in place.
 *
 * @apiNote Status: stable
 */
public enum BiasTraining {
    /** No bias. */
    NONE("none"),
    /** Every bias of the base model. */
    ALL("all"),
    /** The biases of the adapted modules. */
    ADAPTED_ONLY("lora_only");

    private final String peftName;

    BiasTraining(String peftName) {
        this.peftName = peftName;
    }

    /**
     * The name of this choice in PEFT's {@code bias} field.
     *
     * @return {@code none}, {@code all} or {@code lora_only}
     */
    public String peftName() {
        return peftName;
    }
}
