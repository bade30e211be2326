/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

/**
 * An example for vectors, its texts by their index.
 *
 * @param positive a text that belongs to it; -1 if there is none
 * @param negatives texts that do not
 * @param similarity how near both should be, if that is what is learned
 * @param target the vector that the anchor should have, if that is what is learned; else null
 * @param group examples of the same group, 0 or above, are no negatives of each other; -1 for none
 * @apiNote Status: internal
 */
public record SentenceRows(int anchor, int positive, int[] negatives, double similarity, float[] target, int group) {}
