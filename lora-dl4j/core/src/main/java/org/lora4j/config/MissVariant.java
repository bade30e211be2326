/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

/**
 * The kinds of updates that MiSS has; PEFT names them where other methods name start values.
 *
 * @apiNote Status: stable
 */
public enum MissVariant {
    /** One small matrix for all parts of the input, starting at zero. */
    STANDARD("true"),
    /** A block for each part of the output, multiplied with the weight, starting at zero. */
    BAT("bat"),
    /** As {@link #STANDARD}, with a matrix that is repeated over the outputs, too. */
    MINI("mini"),
    /** As {@link #STANDARD}, starting at random, so that a fresh adapter changes the output; for tests. */
    RANDOM("false");

    private final String peftName;

    MissVariant(String peftName) {
        this.peftName = peftName;
    }

    /**
     * The value of PEFT's {@code init_weights} field.
     *
     * @return the name; {@code true} and {@code false} stand for the JSON booleans
     */
    public String peftName() {
        return peftName;
    }
}
