/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;

/**
 * Which examples are kept back as a validation part.
 *
 * @param fraction how much of them; empty for a fifth, or a tenth of {@value #MANY} and more
 * @param seed of the draw
 * @apiNote Status: stable
 */
public record Holdout(OptionalDouble fraction, long seed) {

    /** From so many examples on, a tenth is enough to choose by. */
    public static final int MANY = 1000;

    /**
     * Examples in two parts, each in the order in which they were given.
     *
     * @param train those to learn from
     * @param validation those kept back
     * @param <E> an example
     * @apiNote Status: stable
     */
    public record Split<E>(List<E> train, List<E> validation) {}

    /**
     * Whether nothing is kept back.
     *
     * @return true for a fraction of 0
     */
    public boolean isNone() {
        return fraction.isPresent() && fraction.getAsDouble() == 0;
    }

    /**
     * Draws the validation part: of each group the same share, one at least and never all of it.
     *
     * @param examples the examples
     * @param group what an example belongs to, such as its label
     * @param <E> an example
     * @return both parts
     * @throws IllegalArgumentException if no group has two examples
     */
    public <E> Split<E> of(List<E> examples, Function<E, ?> group) {
        if (isNone()) {
            return new Split<>(examples, List.of());
        }
        double share = fraction.orElse(examples.size() < MANY ? 0.2 : 0.1);
        Map<Object, List<Integer>> groups = new LinkedHashMap<>();
        for (int i : ShuffledIndices.of(examples.size(), seed, 0)) {
            groups.computeIfAbsent(group.apply(examples.get(i)), name -> new ArrayList<>())
                    .add(i);
        }
        boolean[] kept = new boolean[examples.size()];
        for (List<Integer> members : groups.values()) {
            int count = (int) Math.min(members.size() - 1L, Math.max(1, Math.round(share * members.size())));
            members.subList(0, count).forEach(i -> kept[i] = true);
        }
        List<E> train = new ArrayList<>();
        List<E> validation = new ArrayList<>();
        for (int i = 0; i < kept.length; i++) {
            (kept[i] ? validation : train).add(examples.get(i));
        }
        if (validation.isEmpty()) {
            throw new IllegalArgumentException(
                    "fit: " + examples.size()
                            + " examples are too few to keep some of them back as a validation part; expected two or more of a"
                            + " kind. Give a validation part by fit(train, validation), or do without by validationFraction(0).");
        }
        return new Split<>(train, validation);
    }
}
