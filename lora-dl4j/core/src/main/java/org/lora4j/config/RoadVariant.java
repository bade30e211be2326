/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

/**
 * How many angles, and as many scales, RoAD has for a pair of outputs.
 *
 * @apiNote Status: stable
 */
public enum RoadVariant {
    /** One: pairs are turned and stretched. */
    ROAD_1(1),
    /** Two: each output of a pair has its own. */
    ROAD_2(2),
    /** Four: any map of pairs, and twice as many numbers as it needs. */
    ROAD_4(4);

    private final int numbersOfPair;

    RoadVariant(int numbersOfPair) {
        this.numbersOfPair = numbersOfPair;
    }

    /**
     * How many angles a pair has, and scales.
     *
     * @return 1, 2 or 4
     */
    public int numbersOfPair() {
        return numbersOfPair;
    }

    /**
     * The name of this choice in PEFT's {@code variant} field.
     *
     * @return such as {@code road_1}
     */
    public String peftName() {
        return "road_" + numbersOfPair;
    }
}
