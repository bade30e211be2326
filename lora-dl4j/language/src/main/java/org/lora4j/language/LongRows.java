/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

/**
 * What becomes of an example with more tokens than a row may have. Plain text is no such case: it goes on in the next row.
 *
 * @apiNote Status: stable
 */
public enum LongRows {
    /** It is a mistake, which the message tells. */
    REFUSE,
    /** Its first tokens go, but for the one that begins a text: of a long prompt what is next to the answer stays. */
    CUT_START,
    /** Its last tokens go. */
    CUT_END
}
