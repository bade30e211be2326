/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.lora4j.error.Arguments;

/**
 * A query, a passage and how relevant it is.
 *
 * @param pair the query and the passage
 * @param relevance 0 to 1
 * @apiNote Status: stable
 */
public record ScoredPair(TextPair pair, double relevance) {

    /**
     * Checks the values.
     *
     * @param pair as in the record
     * @param relevance as in the record
     * @throws IllegalArgumentException if the relevance is not between 0 and 1
     */
    public ScoredPair {
        Objects.requireNonNull(pair, "ScoredPair: pair is null; expected two texts");
        if (!(relevance >= 0 && relevance <= 1)) {
            throw new IllegalArgumentException(
                    "ScoredPair: relevance = " + relevance + "; expected 0 to 1. Divide grades by the highest one.");
        }
    }

    /**
     * A query and a passage.
     *
     * @param query the query
     * @param passage the passage
     * @param relevance 0 to 1
     */
    public ScoredPair(String query, String passage, double relevance) {
        this(new TextPair(query, passage), relevance);
    }

    /**
     * Every anchor with its positive (1) and each of its negatives (0), as {@link SentenceEncoder#withHardNegatives} gives
     * them.
     *
     * @param examples examples made by {@link SentenceExample#pair}
     * @return the pairs
     */
    public static List<ScoredPair> of(List<SentenceExample> examples) {
        Arguments.allRequired(examples, "ScoredPair.of: examples", "an example");
        List<ScoredPair> pairs = new ArrayList<>();
        for (SentenceExample example : examples) {
            example.positive().ifPresent(text -> pairs.add(new ScoredPair(example.anchor(), text, 1)));
            example.negatives().forEach(text -> pairs.add(new ScoredPair(example.anchor(), text, 0)));
        }
        return pairs;
    }
}
