/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

/** Which two tokens become one, and which of two merges comes first. */
final class MergeTable {

    private final LongIntMap numbers;
    private final int[] made;

    private MergeTable(LongIntMap numbers, int[] made) {
        this.numbers = numbers;
        this.made = made;
    }

    /**
     * The table of a file.
     *
     * @param pairs the first and the second token of each merge, by turns, in the order of their right
     * @param count how many merges there are
     * @param prefix what inner tokens begin with, perhaps nothing
     */
    static MergeTable of(String[] pairs, int count, String prefix, Vocabulary vocabulary) {
        LongIntMap numbers = new LongIntMap(count);
        int[] made = new int[count];
        for (int i = 0; i < count; i++) {
            String first = pairs[2 * i];
            String second = pairs[2 * i + 1];
            if (!second.startsWith(prefix)) {
                throw refused(
                        i,
                        second,
                        "lacks the prefix of inner tokens, \"" + prefix + "\"; expected it in second tokens");
            }
            int left = id(i, first, vocabulary);
            int right = id(i, second, vocabulary);
            made[i] = id(
                    i, prefix.isEmpty() ? first.concat(second) : first + second.substring(prefix.length()), vocabulary);
            // A pair that comes twice has its last place.
            numbers.put(key(left, right), i);
        }
        return new MergeTable(numbers, made);
    }

    private static int id(int merge, String token, Vocabulary vocabulary) {
        Integer id = vocabulary.id(token);
        if (id == null) {
            throw refused(
                    merge, token, "is not in the vocabulary; expected tokens of it, and that both make one of it");
        }
        return id;
    }

    private static Refusal refused(int merge, String token, String why) {
        return new Refusal("model.merges[" + merge + "]", token, "which " + why);
    }

    private static long key(int left, int right) {
        return (long) left << 32 | right;
    }

    /** The number of the merge of two tokens, lower ones going first; -1 if there is none. */
    int find(int left, int right) {
        return numbers.get(key(left, right));
    }

    /** The token that a merge makes. */
    int made(int merge) {
        return made[merge];
    }
}
