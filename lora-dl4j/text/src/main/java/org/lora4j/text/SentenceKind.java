/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.internal.array.InnerProducts;

/** What examples of a sentence encoder say, and how well vectors agree with it. */
enum SentenceKind {
    /** Texts that belong together. */
    PAIRS("MRR") {
        @Override
        double score(List<SentenceExample> examples, Embedder by) {
            return retrieval(examples, by).meanReciprocalRank();
        }
    },
    /** Texts with a similarity. */
    SIMILARITIES("Spearman") {
        @Override
        double score(List<SentenceExample> examples, Embedder by) {
            float[][] first = by.texts(anchors(examples));
            float[][] second = by.texts(positives(examples));
            double[] cosines = new double[first.length];
            double[] wanted = new double[first.length];
            for (int i = 0; i < first.length; i++) {
                cosines[i] = by.similarity().of(first[i], second[i]);
                wanted[i] = examples.get(i).similarity().orElseThrow();
            }
            return cosines.length < 2 ? 0 : Correlation.spearman(cosines, wanted);
        }
    },
    /** Texts with a vector. */
    VECTORS("cosine with the vectors") {
        @Override
        double score(List<SentenceExample> examples, Embedder by) {
            float[][] vectors = by.texts(anchors(examples));
            double sum = 0;
            for (int i = 0; i < vectors.length; i++) {
                sum += InnerProducts.cosine(vectors[i], examples.get(i).vector().orElseThrow());
            }
            return sum / vectors.length;
        }
    };

    /** Vectors of texts for a purpose. */
    interface Embedder {

        float[][] texts(List<String> texts);

        float[][] queries(List<String> texts);

        float[][] passages(List<String> texts);

        VectorSimilarity similarity();
    }

    private final String metric;

    SentenceKind(String metric) {
        this.metric = metric;
    }

    String metric() {
        return metric;
    }

    abstract double score(List<SentenceExample> examples, Embedder by);

    static SentenceKind of(SentenceExample example) {
        if (example.similarity().isPresent()) {
            return SIMILARITIES;
        }
        return example.positive().isPresent() ? PAIRS : VECTORS;
    }

    private static List<String> anchors(List<SentenceExample> examples) {
        return examples.stream().map(SentenceExample::anchor).toList();
    }

    private static List<String> positives(List<SentenceExample> examples) {
        return examples.stream()
                .map(example -> example.positive().orElseThrow())
                .toList();
    }

    /** By what pairs have relevant texts in common. */
    static String key(SentenceExample pair) {
        return pair.group().map(group -> "group " + group).orElse("anchor " + pair.anchor());
    }

    /** The positives of all pairs by {@link #key}. */
    static Map<String, Set<String>> relevant(List<SentenceExample> pairs) {
        Map<String, Set<String>> relevant = new LinkedHashMap<>();
        pairs.forEach(pair -> relevant.computeIfAbsent(key(pair), key -> new LinkedHashSet<>())
                .add(pair.positive().orElseThrow()));
        return relevant;
    }

    /** Each anchor once, searching all distinct positives. */
    static RetrievalEvaluation retrieval(List<SentenceExample> pairs, Embedder by) {
        Map<String, Set<String>> right = relevant(pairs);
        List<String> passages = positives(pairs).stream().distinct().toList();
        Map<String, Integer> places = new LinkedHashMap<>();
        passages.forEach(passage -> places.put(passage, places.size()));
        Map<String, String> keys = new LinkedHashMap<>();
        pairs.forEach(pair -> keys.putIfAbsent(pair.anchor(), key(pair)));
        List<List<Integer>> relevant = new ArrayList<>();
        keys.values()
                .forEach(key ->
                        relevant.add(right.get(key).stream().map(places::get).toList()));
        return RetrievalEvaluation.of(
                by.queries(List.copyOf(keys.keySet())), by.passages(passages), relevant, by.similarity());
    }
}
