/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * Finds places for values in one piece of memory, such that no two that are needed at the same time overlap: the largest
 * first, each at the lowest place that is free while it is needed (greedy by size, Pisarchyk and Lee 2020,
 * arXiv:2001.03288).
 */
final class MemoryPlacement {

    private MemoryPlacement() {}

    /** Gives each value its offset, and returns the bytes that all of them need. */
    static long place(Collection<PlannedValue> values) {
        List<PlannedValue> largestFirst = new ArrayList<>(values);
        largestFirst.sort(
                Comparator.comparingLong(PlannedValue::bytes).reversed().thenComparingInt(PlannedValue::firstStep));
        List<PlannedValue> byOffset = new ArrayList<>();
        long end = 0;
        for (PlannedValue value : largestFirst) {
            long offset = 0;
            for (PlannedValue placed : byOffset) {
                if (placed.overlapsInTime(value)) {
                    if (offset + value.bytes() <= placed.offset()) {
                        break;
                    }
                    offset = Math.max(offset, placed.offset() + placed.bytes());
                }
            }
            value.placeAt(offset);
            insert(byOffset, value);
            end = Math.max(end, offset + value.bytes());
        }
        return end;
    }

    private static void insert(List<PlannedValue> byOffset, PlannedValue value) {
        int at = 0;
        while (at < byOffset.size() && byOffset.get(at).offset() <= value.offset()) {
            at++;
        }
        byOffset.add(at, value);
    }

    /** The elements of an array of a shape. */
    static long length(long... shape) {
        long length = 1;
        for (long size : shape) {
            length *= size;
        }
        return length;
    }
}
