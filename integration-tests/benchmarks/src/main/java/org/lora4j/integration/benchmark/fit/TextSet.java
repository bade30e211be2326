/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.fit;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.lora4j.text.LabeledText;
import org.lora4j.train.ShuffledIndices;

/**
 * Texts to draw examples from, and those that are tested with, always the same.
 *
 * @param pool none of which is among the test texts, letter case and outer white space aside
 * @param test at most {@value #TESTED}, since every candidate reads them
 */
record TextSet(List<LabeledText> pool, List<LabeledText> test) {

    static final int TESTED = 1000;

    private static final long SEED = 0;

    static TextSet of(List<LabeledText> train, List<LabeledText> test) {
        List<LabeledText> tested = drawn(test, TESTED, SEED);
        Set<String> known = new HashSet<>();
        tested.forEach(text -> known.add(plain(text)));
        return new TextSet(
                train.stream().filter(text -> !known.contains(plain(text))).toList(), tested);
    }

    private static String plain(LabeledText text) {
        return text.text().strip().toLowerCase(Locale.ROOT);
    }

    /** Examples to learn from, drawn as they come: a small draw may lack a label. */
    List<LabeledText> draw(int size, long seed) {
        return drawn(pool, size, seed);
    }

    private static List<LabeledText> drawn(List<LabeledText> texts, int size, long seed) {
        return Arrays.stream(ShuffledIndices.of(texts.size(), seed, 0))
                .limit(size)
                .mapToObj(texts::get)
                .toList();
    }
}
