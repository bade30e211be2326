/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

/**
 * Some words in a row that are one thing.
 *
 * @param type what it is, such as {@code artist}
 * @param from index of its first word
 * @param to index behind its last word
 * @apiNote Status: stable
 */
public record Entity(String type, int from, int to) {

    /** What it is and where: {@code artist (words 3 to 4)}, the first word being 0. */
    @Override
    public String toString() {
        return type + (to - from == 1 ? " (word " + from : " (words " + from + " to " + (to - 1)) + ")";
    }
}
