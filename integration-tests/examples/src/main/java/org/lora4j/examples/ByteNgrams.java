/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.lora4j.text.LabeledText;

/**
 * A baseline without any encoder or tokenizer: multinomial naive Bayes over the bytes of a text, one to five of them in a row, each counted
 * once a text (as Lui and Baldwin 2012, langid.py: an Off-the-shelf Language Identification Tool, do for languages).
 */
public final class ByteNgrams {

    private static final int LONGEST = 5;
    private static final double[] SMOOTHINGS = {0.01, 0.1, 1};

    private final List<String> labels;
    /** For each n-gram, which is its bytes as a number, the labels of the texts that have it. */
    private final Map<Long, Postings> grams = new HashMap<>();

    private final double[] totals;
    private double smoothing;

    /** Labels, one for each text. */
    private static final class Postings {
        private int[] labels = new int[2];
        private int size;

        void add(int label) {
            if (size == labels.length) {
                labels = Arrays.copyOf(labels, 2 * size);
            }
            labels[size++] = label;
        }

        /** Adds how often each label occurs. */
        void count(int... counts) {
            for (int i = 0; i < size; i++) {
                counts[labels[i]]++;
            }
        }
    }

    private ByteNgrams(List<LabeledText> train) {
        labels = LabeledTexts.labels(train).stream().distinct().sorted().toList();
        totals = new double[labels.size()];
        Map<String, Integer> numbers = new HashMap<>();
        labels.forEach(label -> numbers.put(label, numbers.size()));
        for (LabeledText one : train) {
            int label = numbers.get(one.labels().get(0));
            for (long gram : grams(one.text())) {
                grams.computeIfAbsent(gram, g -> new Postings()).add(label);
                totals[label]++;
            }
        }
    }

    /**
     * Learns.
     *
     * @param train texts with a label each
     * @param validation others to choose the smoothing with
     * @return what was learned
     */
    public static ByteNgrams fit(List<LabeledText> train, List<LabeledText> validation) {
        ByteNgrams model = new ByteNgrams(train);
        double best = SMOOTHINGS[0];
        double most = -1;
        for (double smoothing : SMOOTHINGS) {
            model.smoothing = smoothing;
            double right =
                    Comparison.share(LabeledTexts.labels(validation), model.predict(LabeledTexts.texts(validation)));
            if (right > most) {
                most = right;
                best = smoothing;
            }
        }
        model.smoothing = best;
        return model;
    }

    private static Set<Long> grams(String text) {
        byte[] bytes = text.toLowerCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8);
        Set<Long> grams = new HashSet<>();
        for (int from = 0; from < bytes.length; from++) {
            // The 1 in front tells how many bytes follow.
            long gram = 1;
            for (int length = 0; length < LONGEST && from + length < bytes.length; length++) {
                gram = gram << Byte.SIZE | bytes[from + length] & 0xff;
                grams.add(gram);
            }
        }
        return grams;
    }

    /**
     * The most probable labels.
     *
     * @param texts texts
     * @return a label for each
     */
    public List<String> predict(List<String> texts) {
        return texts.stream().map(this::label).toList();
    }

    private String label(String text) {
        double[] sums = new double[labels.size()];
        int known = 0;
        int[] counts = new int[sums.length];
        for (long gram : grams(text)) {
            Postings postings = grams.get(gram);
            if (postings != null) {
                known++;
                postings.count(counts);
                for (int i = 0; i < sums.length; i++) {
                    sums[i] += counts[i] == 0 ? 0 : Math.log1p(counts[i] / smoothing);
                    counts[i] = 0;
                }
            }
        }
        for (int i = 0; i < sums.length; i++) {
            sums[i] -= known * Math.log(totals[i] + smoothing * grams.size());
        }
        return labels.get(IntStream.range(0, sums.length)
                .reduce((a, b) -> sums[b] > sums[a] ? b : a)
                .orElseThrow());
    }

    /**
     * How much of a text was learned from.
     *
     * @param text a text that is not empty
     * @return the share of its n-grams that some training text has
     */
    public double familiar(String text) {
        Set<Long> own = grams(text);
        return own.stream().filter(grams::containsKey).count() / (double) own.size();
    }
}
