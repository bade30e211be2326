/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

/**
 * Where the head of a model comes from.
 *
 * @apiNote Status: experimental
 */
public enum HeadMode {
    /** A new linear module that learns with the adapter and is saved with it. */
    NEW,
    /** The head that the base came with. It stays frozen; the trainer must be told the names of its outputs. */
    REUSE
}
