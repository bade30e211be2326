/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

/**
 * Where an adapted network has the values that do not learn.
 *
 * @apiNote Status: stable
 */
public enum MemoryMode {

    /**
     * In the network's own array of parameters, as every stock network has them, with a gradient for each. Everything that
     * DL4J can do with a network works without conditions: a saved network is complete. Costs twice the parameters in
     * memory besides the base.
     */
    IN_VIEW,

    /**
     * Outside of it, without gradients: layers read the base's own array. What the network has as parameters, in
     * {@code params()}, {@code paramTable()}, {@code numParams()} and in a file, are factors and what is trained. Costs what
     * learns besides the base. Two kinds of values take memory of their own: those that differ from the base's in a state
     * (merged weights, saved modules that do not learn), and layers of kinds that have no adapters but learn in part.
     *
     * <p>A saved network names its base by a hash of the base's parameters. To read it back the base must be there: adapted
     * in this mode, or registered with {@link RegisteredBase}.
     */
    LOW_MEMORY
}
