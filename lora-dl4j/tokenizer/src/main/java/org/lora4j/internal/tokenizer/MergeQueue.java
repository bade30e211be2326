/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.Arrays;

/** The merges that could be made in a word, the next one first: by their number, and of one number from left to right. */
final class MergeQueue {

    private long[] heap;
    private int size;

    MergeQueue(int expected) {
        heap = new long[Math.max(8, expected)];
    }

    boolean isEmpty() {
        return size == 0;
    }

    void add(int merge, int place) {
        if (size == heap.length) {
            heap = Arrays.copyOf(heap, 2 * size);
        }
        long entry = (long) merge << 32 | place;
        int at = size++;
        while (at > 0 && heap[at - 1 >> 1] > entry) {
            heap[at] = heap[at - 1 >> 1];
            at = at - 1 >> 1;
        }
        heap[at] = entry;
    }

    /** Takes the next one: its merge above, its place below. */
    long next() {
        long first = heap[0];
        long last = heap[--size];
        int at = 0;
        while (2 * at + 1 < size) {
            int child = 2 * at + 1;
            child += child + 1 < size && heap[child + 1] < heap[child] ? 1 : 0;
            if (heap[child] >= last) {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = last;
        return first;
    }
}
