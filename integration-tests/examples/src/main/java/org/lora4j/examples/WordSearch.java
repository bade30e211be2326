/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.lora4j.text.LabeledWords;

/** A baseline without any encoder: passages by the words that they have in common with a query (BM25, Robertson and Zaragoza 2009). */
public final class WordSearch {

    private static final double SATURATION = 1.2;
    private static final double LENGTH = 0.75;

    private final List<Map<String, Integer>> counts = new ArrayList<>();
    private final List<Integer> lengths = new ArrayList<>();
    private final Map<String, Integer> passagesWith = new HashMap<>();
    private final double meanLength;

    /**
     * Counts words.
     *
     * @param passages what is searched
     */
    public WordSearch(List<String> passages) {
        for (String passage : passages) {
            Map<String, Integer> own = new HashMap<>();
            List<String> words = words(passage);
            words.forEach(word -> own.merge(word, 1, Integer::sum));
            own.keySet().forEach(word -> passagesWith.merge(word, 1, Integer::sum));
            counts.add(own);
            lengths.add(words.size());
        }
        meanLength = lengths.stream().mapToInt(length -> length).average().orElse(1);
    }

    private static List<String> words(String text) {
        return LabeledWords.split(text.toLowerCase(Locale.ROOT));
    }

    /**
     * How well each passage fits.
     *
     * @param query what is asked for
     * @return a score for each passage, higher is better
     */
    public double[] scores(String query) {
        double[] scores = new double[counts.size()];
        Set<String> asked = new TreeSet<>(words(query));
        for (int i = 0; i < scores.length; i++) {
            for (String word : asked) {
                double count = counts.get(i).getOrDefault(word, 0);
                double with = passagesWith.getOrDefault(word, 0);
                double rarity = Math.log(1 + (scores.length - with + 0.5) / (with + 0.5));
                double longer = 1 - LENGTH + LENGTH * lengths.get(i) / meanLength;
                scores[i] += rarity * count * (SATURATION + 1) / (count + SATURATION * longer);
            }
        }
        return scores;
    }

    /**
     * How early a relevant passage comes.
     *
     * @param query what is asked for
     * @param relevant the indices of the relevant passages
     * @return one over the place of the first of them; of equal scores the first given comes first
     */
    public double reciprocalRank(String query, Set<Integer> relevant) {
        double[] scores = scores(query);
        double best = 0;
        for (int of : relevant) {
            int place = 1;
            for (int j = 0; j < scores.length; j++) {
                place += scores[j] > scores[of] || scores[j] == scores[of] && j < of ? 1 : 0;
            }
            best = Math.max(best, 1.0 / place);
        }
        return best;
    }
}
