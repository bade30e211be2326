/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

/**
 * What learns besides the head.
 *
 * @apiNote Status: internal
 */
public enum Tuning {
    /** Nothing: the encoder stays as it was read. */
    HEAD_ONLY,
    /** Low-rank factors. */
    LORA,
    /** All weights, in a copy. */
    FULL
}
