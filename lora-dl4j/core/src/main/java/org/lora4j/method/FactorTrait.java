/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

/**
 * What is special about a factor of a method. A factor without any trait is trained, saved, a module's own, and stays in PEFT's
 * shape.
 *
 * @apiNote Status: experimental
 */
public enum FactorTrait {
    /**
     * It is never trained: it is what the method drew or took from the weight when it started, such as projections and positions.
     * It is saved with the others, and no gradient is taken of it.
     */
    FIXED,
    /**
     * It is cut out of a tensor that all modules share: its first values along each axis. A file holds that tensor once, as large
     * as the largest module needs it. Such a factor is {@link #FIXED}, too.
     */
    SHARED,
    /** Files hold a {@link #SHARED} tensor once more with each module, as PEFT writes RandLoRA's. */
    REPEATED,
    /** No file holds it, as PEFT draws it again from a seed of the config; whoever loads the adapter gives it. */
    UNSAVED,
    /** Its values are whole numbers, in files integers. */
    INTEGER,
    /** It is one of two that make a thin product, and may lie in a host's own layout. */
    THIN,
    /** It is a bias or a gain, which is trained without weight decay by default. */
    BIAS_OR_GAIN
}
