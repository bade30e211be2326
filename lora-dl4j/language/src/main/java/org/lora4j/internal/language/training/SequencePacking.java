/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.training;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Puts sequences together in rows: the longest first, each where it fills a row best (best fit decreasing).
 *
 * @apiNote Status: internal
 */
public final class SequencePacking {

    private SequencePacking() {}

    /**
     * Packs sequences.
     *
     * @param length maximum number of tokens of a row; a longer sequence is a row by itself
     * @return rows of one sequence or more
     */
    public static List<List<TokenRow>> packed(List<TokenRow> sequences, int length) {
        List<TokenRow> longestFirst = new ArrayList<>(sequences);
        longestFirst.sort(Comparator.comparingInt(TokenRow::length).reversed());
        List<List<TokenRow>> rows = new ArrayList<>();
        NavigableMap<Integer, List<List<TokenRow>>> byRoom = new TreeMap<>();
        for (TokenRow sequence : longestFirst) {
            Integer room = byRoom.ceilingKey(sequence.length());
            List<TokenRow> row;
            if (room == null) {
                room = Math.max(length, sequence.length());
                row = new ArrayList<>();
                rows.add(row);
            } else {
                List<List<TokenRow>> fitting = byRoom.get(room);
                row = fitting.remove(fitting.size() - 1);
                if (fitting.isEmpty()) {
                    byRoom.remove(room);
                }
            }
            row.add(sequence);
            byRoom.computeIfAbsent(room - sequence.length(), r -> new ArrayList<>())
                    .add(row);
        }
        return rows;
    }

    /**
     * Every sequence in a row of its own.
     *
     * @return as many rows
     */
    public static List<List<TokenRow>> single(List<TokenRow> sequences) {
        return sequences.stream().map(List::of).toList();
    }
}
