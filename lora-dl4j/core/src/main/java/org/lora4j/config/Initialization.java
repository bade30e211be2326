/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.EnumSet;
import java.util.Set;

/**
 * How A and B of a fresh adapter start. This table is the one place to add a start value: its constant and PEFT's name
 * here, its numbers in the table {@code PairStarts} of {@code method}.
 *
 * @apiNote Status: stable
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
    RANDOM("false"),
    /** Two random factors whose product is zero, so that both learn from the first step on; the rank must be even. */
    ORTHOGONAL("orthogonal"),
    /**
     * The leading singular vectors of the weight; the base gives up the part that the factors start with, so that the sum
     * is unchanged. Meng et al. 2024, arXiv 2404.02948.
     */
    PISSA("pissa"),
    /**
     * The leading columns of a QR decomposition of the weight, with the base reduced likewise. Büyükakyüz 2024, arXiv
     * 2406.01775.
     */
    OLORA("olora"),
    /**
     * B the left singular vectors of the weight with the smallest values, and not trained; A zero. The update starts at zero,
     * and the base stays as it is.
     */
    MICA("mica"),
    /** LoKr as the library it comes from starts it: the right factor zero, the left one random. The update starts at zero. */
    LYCORIS("lycoris"),
    /** C3A: uniform in ±√(6/(inputs + outputs)). The update does not start at zero. */
    XAVIER_UNIFORM("xavier_uniform"),
    /** C3A: uniform in ±1/√(inputs), PEFT's {@code kaiming_uniform} there. The update does not start at zero. */
    FAN_IN_UNIFORM("kaiming_uniform");

    /** Those that are no start of A and B. */
    static final Set<Initialization> OF_OTHER_METHODS = EnumSet.of(LYCORIS, XAVIER_UNIFORM, FAN_IN_UNIFORM);

    private final String peftName;

    Initialization(String peftName) {
        this.peftName = peftName;
    }

    /**
     * Whether a fresh adapter's update is taken off the base weight, so that a saved adapter belongs to that residual.
     *
     * @return true for starts that are computed from the weight
     */
    public boolean movesBase() {
        return this == PISSA || this == OLORA;
    }

    /**
     * Whether this start is one that PEFT names by a word of its own and does not combine with a bias on B.
     *
     * @return false for the flags true and false
     */
    boolean isSpecial() {
        return this != KAIMING_UNIFORM && this != RANDOM;
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
