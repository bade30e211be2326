/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.expression;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** Code points in classes whose members no set of an expression tells apart. */
final class Alphabet {

    private static final int MOST_CLASSES = 120;

    /**
     * Classes of the basic plane, in pages that are made when a text has a character of them; one more than the class, 0 while it
     * is not known, also to a thread that sees a page before what another one wrote there.
     */
    private final byte[][] pages = new byte[0x100][];

    private final int[] starts;
    private final int[] classes;
    private final boolean[][] members;

    private Alphabet(int[] starts, int[] classes, boolean[][] members) {
        this.starts = starts;
        this.classes = classes;
        this.members = members;
    }

    static Alphabet of(List<CodePointSet> sets) throws UnsupportedExpressionException {
        TreeSet<Integer> changes = new TreeSet<>(List.of(0));
        for (CodePointSet set : sets) {
            for (int change : set.changes()) {
                changes.add(change);
            }
        }
        changes.remove(Character.MAX_CODE_POINT + 1);
        int[] starts = changes.stream().mapToInt(Integer::intValue).toArray();
        int[] classes = new int[starts.length];
        Map<String, Integer> known = new HashMap<>();
        boolean[][] members = new boolean[sets.size()][MOST_CLASSES];
        char[] signature = new char[sets.size()];
        for (int i = 0; i < starts.length; i++) {
            for (int set = 0; set < signature.length; set++) {
                signature[set] = sets.get(set).contains(starts[i]) ? '1' : '0';
            }
            int next = known.size();
            classes[i] = known.computeIfAbsent(new String(signature), key -> next);
            if (classes[i] >= MOST_CLASSES) {
                throw new UnsupportedExpressionException(
                        "sets that tell more than " + MOST_CLASSES + " kinds of characters apart; supported are fewer");
            }
            for (int set = 0; set < signature.length; set++) {
                members[set][classes[i]] = signature[set] == '1';
            }
        }
        return new Alphabet(starts, classes, trimmed(members, known.size()));
    }

    private static boolean[][] trimmed(boolean[][] members, int count) {
        boolean[][] trimmed = new boolean[members.length][];
        for (int i = 0; i < members.length; i++) {
            trimmed[i] = Arrays.copyOf(members[i], count);
        }
        return trimmed;
    }

    /** How many classes there are; this is also the symbol of the end of the text. */
    int size() {
        return members.length == 0 ? 1 : members[0].length;
    }

    int classOf(int point) {
        if (point >= 0x10000) {
            return search(point);
        }
        byte[] page = pages[point >> 8];
        if (page == null) {
            page = new byte[0x100];
            pages[point >> 8] = page;
        }
        int known = page[point & 0xFF];
        if (known == 0) {
            known = search(point) + 1;
            page[point & 0xFF] = (byte) known;
        }
        return known - 1;
    }

    private int search(int point) {
        int found = Arrays.binarySearch(starts, point);
        return classes[found >= 0 ? found : -found - 2];
    }

    /** Whether a class is in a set; the end of the text, or what stands before its start, is in none. */
    boolean contains(int set, int symbol) {
        boolean[] of = members[set];
        return symbol < of.length && of[symbol];
    }
}
