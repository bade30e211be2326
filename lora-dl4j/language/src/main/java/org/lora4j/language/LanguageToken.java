/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

/**
 * A token of a text.
 *
 * @param id its number in the vocabulary
 * @param text how the vocabulary spells it
 * @param start where it begins in the text, in Unicode code points
 * @param end where it ends, in code points, behind its last one; both are 0 for a token that is not of the text
 * @param type 1 for the second text of a pair and its special tokens, else 0
 * @param special whether it was added to the text, such as the one that begins it
 * @apiNote Status: stable
 */
public record LanguageToken(int id, String text, int start, int end, int type, boolean special) {}
