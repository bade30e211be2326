/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.lora4j.error.MessageText;

/**
 * How much each example that was learned from moves a loss: that of validation examples, or of a single prediction.
 *
 * <p><b>State.</b> Immutable.
 *
 * @param <E> an example
 * @apiNote Status: experimental
 */
public final class Influence<E> {

    private static final int SHOWN = 5;

    private final List<Ranked<E>> ranking;
    private final double[] values;

    /**
     * An example with its influence.
     *
     * @param index its number among those learned from, from 0
     * @param example the example
     * @param influence how the loss changes with the weight of the example: above 0 it raises the loss, it is harmful; below 0 it
     *     lowers it, it is helpful
     * @param <E> an example
     * @apiNote Status: experimental
     */
    public record Ranked<E>(int index, E example, double influence) {}

    Influence(List<E> examples, double[] values) {
        this.values = values.clone();
        this.ranking = IntStream.range(0, values.length)
                .mapToObj(i -> new Ranked<>(i, examples.get(i), values[i]))
                .sorted(Comparator.comparingDouble((Ranked<E> ranked) -> -ranked.influence()))
                .toList();
    }

    /**
     * The influence of each example.
     *
     * @return in the order of the examples; a copy
     */
    public double[] values() {
        return values.clone();
    }

    /**
     * All examples.
     *
     * @return the most harmful first
     */
    public List<Ranked<E>> ranking() {
        return ranking;
    }

    /**
     * The examples that raise the loss most: those to look at first for wrong labels.
     *
     * @param count how many, 1 or more
     * @return the most harmful first; none that lowers the loss
     * @throws IllegalArgumentException if {@code count} is below 1
     */
    public List<Ranked<E>> mostHarmful(int count) {
        requireCount(count, "mostHarmful");
        return ranking.stream()
                .filter(ranked -> ranked.influence() > 0)
                .limit(count)
                .toList();
    }

    /**
     * The examples that lower the loss most.
     *
     * @param count how many, 1 or more
     * @return the most helpful first; none that raises the loss
     * @throws IllegalArgumentException if {@code count} is below 1
     */
    public List<Ranked<E>> mostHelpful(int count) {
        requireCount(count, "mostHelpful");
        return ranking.stream()
                .filter(ranked -> ranked.influence() < 0)
                .sorted(Comparator.comparingDouble(Ranked::influence))
                .limit(count)
                .toList();
    }

    private static void requireCount(int count, String call) {
        if (count < 1) {
            throw new IllegalArgumentException("Influence." + call + ": count = " + count + "; expected 1 or more.");
        }
    }

    /** The most harmful and the most helpful, a line each. */
    @Override
    public String toString() {
        List<String> lines = new ArrayList<>();
        lines.add("of " + values.length + " examples, those that raise the loss:");
        mostHarmful(SHOWN).forEach(ranked -> lines.add(line(ranked)));
        lines.add("and those that lower it:");
        mostHelpful(SHOWN).forEach(ranked -> lines.add(line(ranked)));
        return String.join("\n", lines);
    }

    private static String line(Ranked<?> ranked) {
        return String.format(
                Locale.ROOT,
                "  %+11.4g  %d: %s",
                ranked.influence(),
                ranked.index(),
                MessageText.value(ranked.example()));
    }
}
