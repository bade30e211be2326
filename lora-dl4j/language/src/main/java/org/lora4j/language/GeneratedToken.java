/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

/**
 * A token that just came.
 *
 * @param prompt the index of its prompt among those given
 * @param number which of the texts of this prompt it belongs to, 0 for the first
 * @param id the token
 * @param text what may be shown now: empty while a character is incomplete or may belong to a stop string, and longer where
 *     such text turns out to be none; the pieces together are the text of the {@link Generation}
 * @param logProbability as of {@link Generation#logProbabilities}; NaN if the config does not ask for them
 * @apiNote Status: stable
 */
public record GeneratedToken(int prompt, int number, int id, String text, double logProbability) {}
