/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.tongues;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * A baseline without any encoder or tokenizer: multinomial naive Bayes over the bytes of a text, one to five of them in a row, each counted
 * once a text (Lui and Baldwin 2012, langid.py, an Off-the-shelf Language Identification Tool, for languages).
 */
final class ByteNgrams {

    private static final int LONGEST = 5;
    private static final double[] SMOOTHINGS = {0.01, 0.1, 1};

    private final Map<Long, float[]> logs = new HashMap<>();
    private final List<String> labels;

    /** Counts of n-grams by label, smoothed. An n-gram is its bytes as a number. */
    private ByteNgrams(Map<Long, int[]> counts, List<String> labels, double smoothing) {
        this.labels = labels;
        double[] totals = new double[labels.size()];
        counts.values().forEach(own -> Arrays.setAll(totals, i -> totals[i] + own[i]));
        counts.forEach((gram, own) -> {
            float[] log = new float[own.length];
            for (int i = 0; i < log.length; i++) {
                log[i] = (float) Math.log((own[i] + smoothing) / (totals[i] + smoothing * counts.size()));
            }
            logs.put(gram, log);
        });
    }

    /** Learns, with the smoothing that is best on validation texts. */
    static ByteNgrams fit(
            List<String> texts, List<String> labels, List<String> validation, List<String> validationLabels) {
        Map<String, Integer> numbers = new TreeMap<>();
        labels.forEach(label -> numbers.putIfAbsent(label, 0));
        List<String> names = List.copyOf(numbers.keySet());
        names.forEach(name -> numbers.put(name, names.indexOf(name)));
        Map<Long, int[]> counts = new HashMap<>();
        for (int i = 0; i < texts.size(); i++) {
            int label = numbers.get(labels.get(i));
            grams(texts.get(i)).forEach(gram -> counts.computeIfAbsent(gram, g -> new int[names.size()])[label]++);
        }
        ByteNgrams best = null;
        long most = -1;
        for (double smoothing : SMOOTHINGS) {
            ByteNgrams model = new ByteNgrams(counts, names, smoothing);
            List<String> said = validation.stream().map(model::label).toList();
            long right = IntStream.range(0, said.size())
                    .filter(i -> said.get(i).equals(validationLabels.get(i)))
                    .count();
            if (right > most) {
                most = right;
                best = model;
            }
        }
        return best;
    }

    private static Set<Long> grams(String text) {
        byte[] bytes = text.toLowerCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8);
        Set<Long> grams = new HashSet<>();
        for (int from = 0; from < bytes.length; from++) {
            long gram = 0;
            for (int length = 1; length <= LONGEST && from + length <= bytes.length; length++) {
                // A byte is never 0 here, so the number tells the length, too.
                gram = gram << Byte.SIZE | bytes[from + length - 1] & 0xff;
                grams.add(gram);
            }
        }
        return grams;
    }

    /** The most probable label. */
    String label(String text) {
        double[] sums = new double[labels.size()];
        for (long gram : grams(text)) {
            float[] log = logs.get(gram);
            if (log != null) {
                Arrays.setAll(sums, i -> sums[i] + log[i]);
            }
        }
        return labels.get(IntStream.range(0, sums.length)
                .reduce((a, b) -> sums[b] > sums[a] ? b : a)
                .orElseThrow());
    }

    /** Which share of its n-grams was learned from. */
    double familiar(String text) {
        Set<Long> grams = grams(text);
        return grams.stream().filter(logs::containsKey).count() / (double) grams.size();
    }
}
