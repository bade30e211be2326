/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.expression;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/** Letters that are the same without regard to case, as Unicode's simple case folding has them. */
final class CaseFolding {

    /** Behind it are no letters of two cases. */
    private static final int LAST_CASED = 0x1E943;

    /** Where letters are that several letters stand for in another case: sharp s, ligatures, Greek with iota below. */
    private static final int[] SEVERAL = {
        0xDF, 0xDF, 0x130, 0x130, 0x149, 0x149, 0x1F0, 0x1F0, 0x390, 0x390, 0x3B0, 0x3B0, 0x587, 0x587, 0x1E96, 0x1E9A,
        0x1E9E, 0x1E9E, 0x1F50, 0x1FFC, 0xFB00, 0xFB06, 0xFB13, 0xFB17
    };

    private CaseFolding() {}

    /** Made when first needed, as few expressions disregard case. */
    private static final class Table {

        private static final Map<Integer, int[]> SAME = new HashMap<>();
        private static final Map<Integer, String> EXPANSIONS = new HashMap<>();

        static {
            Map<Integer, List<Integer>> byFold = new HashMap<>();
            for (int point = 0; point <= LAST_CASED; point++) {
                int folded = fold(point);
                if (folded != point) {
                    byFold.computeIfAbsent(folded, key -> new ArrayList<>(List.of(key)))
                            .add(point);
                }
            }
            for (List<Integer> same : byFold.values()) {
                int[] points = same.stream().mapToInt(Integer::intValue).toArray();
                same.forEach(point -> SAME.put(point, points));
            }
            for (int i = 0; i < SEVERAL.length; i += 2) {
                for (int point = SEVERAL[i]; point <= SEVERAL[i + 1]; point++) {
                    String expanded = expanded(point);
                    if (expanded.codePointCount(0, expanded.length()) > 1) {
                        EXPANSIONS.put(point, expanded);
                    }
                }
            }
        }

        private static String expanded(int point) {
            String letter = Character.toString(point);
            return point == 0x1E9E || point == 0xDF
                    ? "ss"
                    : letter.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
        }

        /** The i without its dot, and the I with one, are letters of their own everywhere but in Turkish. */
        private static int fold(int point) {
            return point == 0x130 || point == 0x131 ? point : Character.toLowerCase(Character.toUpperCase(point));
        }
    }

    /** A set with all that differs from it by case only. */
    static CodePointSet anyCase(CodePointSet set) {
        int[] added = Table.SAME.entrySet().stream()
                .filter(entry -> set.contains(entry.getKey()))
                .flatMapToInt(entry -> IntStream.of(entry.getValue()))
                .toArray();
        return set.or(CodePointSet.of(added));
    }

    /** Whether a set has a letter that is several in another case. */
    static boolean hasLetterOfSeveral(CodePointSet set) {
        return Table.EXPANSIONS.keySet().stream().anyMatch(set::contains);
    }

    /** The first part of a text that is one letter in another case; null if there is none. */
    static String severalAsOne(String letters) {
        String folded = letters.toLowerCase(Locale.ROOT);
        return folded.length() < 2
                ? null
                : Table.EXPANSIONS.values().stream()
                        .filter(folded::contains)
                        .sorted()
                        .findFirst()
                        .orElse(null);
    }
}
