/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.Arrays;

/** Texts by their first characters, with a number for each. */
final class Trie {

    static final int ROOT = 0;
    static final int NONE = -1;

    private static final int POINT_BITS = 21;

    private final LongIntMap edges;
    private int[] values;
    private int nodes = 1;

    Trie(int expectedEdges) {
        this.edges = new LongIntMap(expectedEdges);
        this.values = new int[Math.max(16, expectedEdges)];
        values[ROOT] = NONE;
    }

    /** Puts a text with a number, which replaces the one that it had. */
    void put(String text, int value) {
        int node = ROOT;
        int length = text.length();
        for (int i = 0; i < length; ) {
            int point = text.codePointAt(i);
            i += Character.charCount(point);
            int next = next(node, point);
            if (next == NONE) {
                next = nodes++;
                if (next == values.length) {
                    values = Arrays.copyOf(values, 2 * next);
                }
                values[next] = NONE;
                edges.put((long) node << POINT_BITS | point, next);
            }
            node = next;
        }
        values[node] = value;
    }

    /** The node behind a character; {@link #NONE} if no text goes on so. */
    int next(int node, int point) {
        return edges.get((long) node << POINT_BITS | point);
    }

    /** The node of a text; {@link #NONE} if none begins so. */
    int node(String text) {
        int node = ROOT;
        for (int point : text.codePoints().toArray()) {
            node = node == NONE ? NONE : next(node, point);
        }
        return node;
    }

    /** The number of the text that ends at a node; {@link #NONE} if none does. */
    int value(int node) {
        return values[node];
    }
}
