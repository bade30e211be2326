/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import org.lora4j.error.Arguments;

/**
 * How well searching by vectors finds what is relevant. Texts are ranked by cosine; of equal ones the first given comes first.
 *
 * @param queries number of queries
 * @param recall mean share of the relevant texts that are among the first {@code k}, by {@code k}
 * @param meanReciprocalRank mean of {@code 1 / rank} of the first relevant text
 * @param ndcg normalized discounted cumulative gain of the first {@code k}, by {@code k}, with gains 0 and 1 and the discount
 *     {@code 1 / log2(rank + 1)} (Järvelin and Kekäläinen 2002)
 * @param reciprocalRanks {@code 1 / rank} of each query, for tests of significance
 * @apiNote Status: stable
 */
public record RetrievalEvaluation(
        int queries,
        Map<Integer, Double> recall,
        double meanReciprocalRank,
        Map<Integer, Double> ndcg,
        List<Double> reciprocalRanks) {

    /** The {@code k} that are counted. */
    public static final List<Integer> CUTS = List.of(1, 3, 5, 10, 20, 100);

    /**
     * Copies all.
     *
     * @param queries as in the record
     * @param recall as in the record
     * @param meanReciprocalRank as in the record
     * @param ndcg as in the record
     * @param reciprocalRanks as in the record
     */
    public RetrievalEvaluation {
        Arguments.required(recall, "RetrievalEvaluation: recall", "numbers by rank");
        Arguments.required(ndcg, "RetrievalEvaluation: ndcg", "numbers by rank");
        Arguments.allRequired(reciprocalRanks, "RetrievalEvaluation: reciprocalRanks", "a number");
        recall = Collections.unmodifiableMap(new TreeMap<>(recall));
        ndcg = Collections.unmodifiableMap(new TreeMap<>(ndcg));
        reciprocalRanks = List.copyOf(reciprocalRanks);
    }

    /**
     * Ranks passages for queries.
     *
     * @param queries vectors of the queries
     * @param passages vectors of what is searched
     * @param relevant for each query the indices of its passages, one or more
     * @return the numbers
     * @throws IllegalArgumentException if there is no query, or one without a relevant passage
     */
    public static RetrievalEvaluation of(
            float[][] queries, float[][] passages, List<? extends Collection<Integer>> relevant) {
        return of(queries, passages, relevant, VectorSimilarity.COSINE);
    }

    /** The same by another similarity. */
    static RetrievalEvaluation of(
            float[][] queries,
            float[][] passages,
            List<? extends Collection<Integer>> relevant,
            VectorSimilarity similarity) {
        Arguments.required(queries, "RetrievalEvaluation.of: queries", "vectors");
        Arguments.required(passages, "RetrievalEvaluation.of: passages", "vectors");
        Arguments.allRequired(relevant, "RetrievalEvaluation.of: relevant", "indices of passages");
        if (relevant.size() != queries.length) {
            throw new IllegalArgumentException("RetrievalEvaluation: " + queries.length
                    + " queries and relevant passages of " + relevant.size() + "; expected as many.");
        }
        Ranks ranks = new Ranks(similarity);
        for (int i = 0; i < queries.length; i++) {
            Set<Integer> right = Set.copyOf(relevant.get(i));
            ranks.add(i, queries[i], passages, right::contains, right.size(), -1);
        }
        return ranks.evaluation();
    }

    /**
     * Ranks each text for each other one; those of its group are relevant.
     *
     * @param vectors the vectors
     * @param groups the group of each of them; texts that are alone in theirs are searched, but do not search
     * @return the numbers
     * @throws IllegalArgumentException if there is no group of two or more
     */
    public static RetrievalEvaluation withinGroups(float[][] vectors, List<String> groups) {
        Arguments.required(vectors, "RetrievalEvaluation.withinGroups: vectors", "vectors");
        Arguments.allRequired(groups, "RetrievalEvaluation.withinGroups: groups", "the group of a vector");
        Ranks ranks = new Ranks();
        for (int i = 0; i < vectors.length; i++) {
            String own = groups.get(i);
            int count = Collections.frequency(groups, own) - 1;
            if (count > 0) {
                ranks.add(i, vectors[i], vectors, j -> groups.get(j).equals(own), count, i);
            }
        }
        return ranks.evaluation();
    }

    /** Sums over queries. */
    static final class Ranks {

        private final VectorSimilarity similarity;
        private final List<Double> reciprocal = new ArrayList<>();
        private final Map<Integer, Double> recall = new TreeMap<>();
        private final Map<Integer, Double> ndcg = new TreeMap<>();

        /** By the cosine, or by scores that are given. */
        Ranks() {
            this(VectorSimilarity.COSINE);
        }

        private Ranks(VectorSimilarity similarity) {
            this.similarity = similarity;
        }

        private void add(int query, float[] vector, float[][] passages, IntPredicate relevant, int count, int leftOut) {
            if (count == 0) {
                throw new IllegalArgumentException("RetrievalEvaluation: query " + query
                        + " has no relevant passage; expected one or more. Leave it out.");
            }
            double[] scores = new double[passages.length];
            List<Integer> right = new ArrayList<>();
            for (int j = 0; j < passages.length; j++) {
                scores[j] = j == leftOut ? Double.NEGATIVE_INFINITY : similarity.of(vector, passages[j]);
                if (j != leftOut && relevant.test(j)) {
                    right.add(j);
                }
            }
            add(scores, right);
        }

        /** A query: the score of each passage, and which are relevant. */
        void add(double[] scores, List<Integer> relevant) {
            int[] places =
                    relevant.stream().mapToInt(j -> rank(scores, j)).sorted().toArray();
            reciprocal.add(1.0 / places[0]);
            for (int k : CUTS) {
                double found = 0;
                double gain = 0;
                double best = 0;
                for (int i = 0; i < places.length; i++) {
                    boolean within = places[i] <= k;
                    found += within ? 1 : 0;
                    gain += within ? discount(places[i]) : 0;
                    best += i < k ? discount(i + 1) : 0;
                }
                recall.merge(k, found / places.length, Double::sum);
                ndcg.merge(k, gain / best, Double::sum);
            }
        }

        private static int rank(double[] scores, int of) {
            int rank = 1;
            for (int j = 0; j < scores.length; j++) {
                rank += scores[j] > scores[of] || (scores[j] == scores[of] && j < of) ? 1 : 0;
            }
            return rank;
        }

        private static double discount(int rank) {
            return Math.log(2) / Math.log(rank + 1.0);
        }

        RetrievalEvaluation evaluation() {
            int count = reciprocal.size();
            if (count == 0) {
                throw new IllegalArgumentException(
                        "RetrievalEvaluation: no query with a relevant text; expected one or more.");
            }
            recall.replaceAll((k, sum) -> sum / count);
            ndcg.replaceAll((k, sum) -> sum / count);
            double mean = reciprocal.stream().mapToDouble(r -> r).average().orElseThrow();
            return new RetrievalEvaluation(count, recall, mean, ndcg, reciprocal);
        }
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "RetrievalEvaluation[%d queries, recall@1 %.4f, recall@10 %.4f, MRR %.4f, nDCG@10 %.4f]",
                queries,
                recall.get(1),
                recall.get(10),
                meanReciprocalRank,
                ndcg.get(10));
    }
}
