/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.advice;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Words that are more frequent in one set of texts than in another: log-odds with an informative Dirichlet prior, the words of
 * both sets together, divided by their standard deviation (Monroe, Colaresi, Quinn 2008, Fightin' Words, equations 16 and 19).
 * A text counts a word once, so a word can be in nearly all of them: texts without it are counted in the variance, too. Costs one
 * pass over the texts.
 *
 * @param word the word
 * @param first in how many texts of the first set it is
 * @param second in how many of the second
 * @param deviations how sure the difference is, in standard deviations; above 0 for the second set
 * @apiNote Status: internal
 */
public record TellingWords(String word, int first, int second, double deviations) {

    /** How many texts the prior counts for: enough to hold back words that were seen once or twice. */
    private static final double PRIOR = 100;

    /**
     * Compares two sets.
     *
     * @param first plain texts, one or more
     * @param second plain texts, one or more
     * @param least words that are less sure are left out
     * @param most how many to give
     * @return the surest, of both signs
     */
    public static List<TellingWords> of(List<String> first, List<String> second, double least, int most) {
        Map<String, int[]> counts = new TreeMap<>();
        count(first, counts, 0);
        count(second, counts, 1);
        double texts = first.size() + second.size();
        return counts.entrySet().stream()
                .map(entry -> {
                    int[] n = entry.getValue();
                    double prior = PRIOR * (n[0] + n[1]) / texts;
                    double a = n[0] + prior;
                    double b = n[1] + prior;
                    double withoutA = first.size() + PRIOR - a;
                    double withoutB = second.size() + PRIOR - b;
                    double odds = Math.log(b / withoutB) - Math.log(a / withoutA);
                    double variance = 1 / a + 1 / withoutA + 1 / b + 1 / withoutB;
                    return new TellingWords(entry.getKey(), n[0], n[1], odds / Math.sqrt(variance));
                })
                // Words that all texts have give no number here.
                .filter(word -> Math.abs(word.deviations()) >= least)
                .sorted(Comparator.comparingDouble((TellingWords word) -> -Math.abs(word.deviations())))
                .limit(most)
                .toList();
    }

    private static void count(List<String> texts, Map<String, int[]> counts, int set) {
        for (String text : texts) {
            for (String word : new HashSet<>(PlainText.words(text))) {
                counts.computeIfAbsent(word, unused -> new int[2])[set]++;
            }
        }
    }
}
