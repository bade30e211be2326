/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import java.util.stream.IntStream;

/**
 * A deeper model made by repeating layers of another one (PEFT: {@code layer_replication}). Copies share the weights of the
 * base; each has an update of its own. {@code LayerReplication.of(0, 4, 2, 5)} makes the layers 0, 1, 2, 3, 2, 3, 4 of a
 * model, which are then numbered from 0 to 6.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @param ranges for each stretch of layers the first one and the one behind its last
 * @apiNote Status: stable
 */
public record LayerReplication(List<List<Integer>> ranges) {

    private static final LayerReplication NONE = new LayerReplication(List.of());

    /** Bounds in files are numbers of strangers, and what follows from them is as long. */
    private static final int MOST_LAYERS = 10_000;

    /**
     * Copies the lists.
     *
     * @param ranges as in the record
     */
    public LayerReplication {
        ranges = ranges.stream().map(List::copyOf).toList();
    }

    /**
     * No layer is repeated.
     *
     * @return the model as it is
     */
    public static LayerReplication none() {
        return NONE;
    }

    /**
     * Stretches of layers, one after the other.
     *
     * @param bounds first layer and the one behind the last, of each stretch
     * @return the choice
     * @throws IllegalArgumentException if a bound is without its other one
     */
    public static LayerReplication of(int... bounds) {
        if (bounds.length % 2 != 0) {
            throw new IllegalArgumentException(
                    "LayerReplication: " + bounds.length + " bounds; expected two for each stretch of layers.");
        }
        return new LayerReplication(IntStream.range(0, bounds.length / 2)
                .mapToObj(i -> List.of(bounds[2 * i], bounds[2 * i + 1]))
                .toList());
    }

    /**
     * Whether the model stays as it is.
     *
     * @return true for {@link #none()}
     */
    public boolean isEmpty() {
        return ranges.isEmpty();
    }

    /**
     * Where each layer of the deeper model comes from.
     *
     * @return numbers of layers of the other model, in the order of the deeper one
     */
    public List<Integer> sources() {
        return ranges.stream()
                .flatMap(range -> IntStream.range(range.get(0), range.get(1)).boxed())
                .toList();
    }

    /**
     * What is wrong with the ranges.
     *
     * @return sentences that follow the name of a field; empty if nothing is
     */
    public List<String> problems() {
        boolean fits = ranges.stream()
                .allMatch(range -> range.size() == 2 && 0 <= range.get(0) && range.get(0) < range.get(1));
        if (!fits) {
            return List.of("= " + ranges + ", expected ranges [from, to] of layers with 0 <= from < to");
        }
        long layers = ranges.stream()
                .mapToLong(range -> (long) range.get(1) - range.get(0))
                .sum();
        return layers <= MOST_LAYERS
                ? List.of()
                : List.of("= " + ranges + " makes " + layers + " layers, expected at most " + MOST_LAYERS);
    }

    @Override
    public String toString() {
        return ranges.toString();
    }
}
