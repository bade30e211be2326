/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

/**
 * How A and B of a fresh adapter start. This table is the one place to add a start value: its constant and PEFT's name
 * here, its numbers in {@code method.init}.
 *
 * @apiNote Status: experimental
 */
public enum Initialization {
    /**
     * A uniform in ±1/√(inputs) (Kaiming with a = √5), B zero; embeddings: A zero, B standard normal. The update starts
     * at zero.
     */
    KAIMING_UNIFORM("true"),
    /** A normal with standard deviation 1/rank, B zero. The update starts at zero. */
    GAUSSIAN("gaussian"),
    /** A and B both random, so that the update does <em>not</em> start at zero. For tests; discouraged by PEFT. */
    RANDOM("false");

    private final String peftName;

    Initialization(String peftName) {
        this.peftName = peftName;
    }

    /**
     * The value of PEFT's {@code init_lora_weights} field.
     *
     * @return the name; {@code true} and {@code false} stand for the JSON booleans
     */
    public String peftName() {
        return peftName;
    }
}
