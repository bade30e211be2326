/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.advisor;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.lora4j.advice.LabeledFeatures;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextEncoder;

/**
 * Texts with what an encoder makes of them, computed once for all that a run asks.
 *
 * @param texts the texts
 * @param rows the features of each
 */
record Features(List<LabeledText> texts, float[][] rows) {

    static Features of(TextEncoder encoder, List<LabeledText> texts) {
        return new Features(
                texts, encoder.embed(texts.stream().map(LabeledText::text).toList()));
    }

    int size() {
        return rows.length;
    }

    String label(int row) {
        return texts.get(row).labels().get(0);
    }

    LabeledFeatures labeled() {
        return new LabeledFeatures(
                rows, IntStream.range(0, size()).mapToObj(this::label).toList());
    }

    /** Some of them in random order. */
    Features some(int from, int to, long seed) {
        int[] order = shuffled(size(), seed);
        List<LabeledText> some = new ArrayList<>();
        float[][] vectors = new float[to - from][];
        for (int i = from; i < to; i++) {
            some.add(texts.get(order[i]));
            vectors[i - from] = rows[order[i]];
        }
        return new Features(some, vectors);
    }

    /** Those with some labels. */
    Features with(List<String> labels) {
        int[] kept = IntStream.range(0, size())
                .filter(i -> labels.contains(label(i)))
                .toArray();
        return new Features(
                IntStream.of(kept).mapToObj(texts::get).toList(),
                IntStream.of(kept).mapToObj(i -> rows[i]).toArray(float[][]::new));
    }

    static int[] shuffled(int count, long seed) {
        int[] order = IntStream.range(0, count).toArray();
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = count - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
        return order;
    }

    /** The labels of all, a share of which is replaced by any other one. */
    Flipped flipped(double share, long seed) {
        List<String> classes = List.copyOf(
                new TreeSet<>(IntStream.range(0, size()).mapToObj(this::label).toList()));
        List<String> labels =
                new ArrayList<>(IntStream.range(0, size()).mapToObj(this::label).toList());
        boolean[] wrong = new boolean[size()];
        int count = (int) Math.round(share * size());
        int[] order = shuffled(size(), seed);
        SplittableRandom random = new SplittableRandom(seed + 1_000_003);
        for (int i = 0; i < count; i++) {
            int own = classes.indexOf(labels.get(order[i]));
            int other = random.nextInt(classes.size() - 1);
            labels.set(order[i], classes.get(other < own ? other : other + 1));
            wrong[order[i]] = true;
        }
        return new Flipped(labels, wrong, count);
    }

    /**
     * Labels with wrong ones among them.
     *
     * @param labels the labels
     * @param wrong which of them were replaced
     * @param count how many
     */
    record Flipped(List<String> labels, boolean[] wrong, int count) {}
}
