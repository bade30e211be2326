/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

/**
 * The factors of one adapter in one module, as a method calculates with them.
 *
 * @param <T> what is calculated with
 * @apiNote Status: experimental
 */
public interface Factors<T> {

    /**
     * One factor.
     *
     * @param suffix PEFT's suffix
     * @return the factor; null if there is none
     */
    T get(String suffix);

    /**
     * The factor on the update.
     *
     * @return a finite number
     */
    double scaling();

    /**
     * Whether values of the input are dropped now.
     *
     * @return true in a training step with dropout
     */
    default boolean drops() {
        return false;
    }

    /**
     * Applies dropout.
     *
     * @param x the activation
     * @return what is left of it; itself without dropout
     */
    default T drop(T x) {
        return x;
    }

    /**
     * What is left of the update in this step, if the method leaves out parts of it.
     *
     * @return a factor for each output {@code [outputs]}; null where all is left
     */
    default T kept() {
        return null;
    }

    /**
     * Weighs the parts of the rank against each other.
     *
     * @param thin the thin activation
     * @return itself, unless a gate weighs experts
     */
    default T gated(T thin) {
        return thin;
    }
}
