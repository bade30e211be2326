/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

/**
 * How the matrices of a model are kept in memory.
 *
 * @apiNote Status: internal
 */
public enum WeightStorage {
    /** In the type of the file. */
    AS_STORED,
    /** {@link org.lora4j.quant.Int8}. */
    INT8,
    /** {@link org.lora4j.quant.Nf4}. */
    NF4
}
