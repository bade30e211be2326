/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.sampling;

/**
 * Why a sequence ended. Users read it as {@code FinishReason}, which has the same constants: that package uses this one.
 *
 * @apiNote Status: internal
 */
public enum EndReason {
    /** It has all tokens that it may have. */
    LENGTH,
    /** A token came that ends a text. */
    STOP_TOKEN,
    /** A stop string came. */
    STOP_STRING,
    /** Whoever listened said so. */
    CANCELLED,
    /** The model has no place for more. */
    CONTEXT_FULL
}
