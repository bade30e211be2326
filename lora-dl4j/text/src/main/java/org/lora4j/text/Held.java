/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.internal.text.HeadKind;
import org.lora4j.train.ShuffledIndices;

/**
 * Examples kept back to choose by: a fifth, or a tenth of many; of classes the same share of each, and never all of one.
 *
 * @param train the others
 * @param validation those kept back
 */
record Held<E>(List<E> train, List<E> validation) {

    private static final int MANY = 1000;

    static <I, E, P> Held<E> of(List<E> examples, Targets<I, E, P> targets, long seed) {
        double share = examples.size() < MANY ? 0.2 : 0.1;
        Map<Object, List<Integer>> groups = new LinkedHashMap<>();
        for (int i : ShuffledIndices.of(examples.size(), seed, 0)) {
            groups.computeIfAbsent(group(examples.get(i), targets), group -> new ArrayList<>())
                    .add(i);
        }
        boolean[] kept = new boolean[examples.size()];
        for (List<Integer> group : groups.values()) {
            int count = (int) Math.min(group.size() - 1L, Math.max(1, Math.round(share * group.size())));
            group.subList(0, count).forEach(i -> kept[i] = true);
        }
        List<E> train = new ArrayList<>();
        List<E> validation = new ArrayList<>();
        for (int i = 0; i < kept.length; i++) {
            (kept[i] ? validation : train).add(examples.get(i));
        }
        if (validation.isEmpty()) {
            throw new IllegalArgumentException("fit: " + examples.size()
                    + " examples are too few to keep some of them back to choose by; expected two or more of a label. Give"
                    + " a validation part: fit(train, validation).");
        }
        return new Held<>(train, validation);
    }

    private static <I, E, P> Object group(E example, Targets<I, E, P> targets) {
        return targets.kind() == HeadKind.ONE_CLASS ? Arrays.hashCode(targets.encode(example, null)) : 0;
    }
}
