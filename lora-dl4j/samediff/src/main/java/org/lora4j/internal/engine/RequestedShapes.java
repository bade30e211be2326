/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.lora4j.error.MessageText;
import org.lora4j.internal.engine.autodiff.rules.Shapes;

/**
 * Answers the questions of the gradient rules from traced shapes and remembers them: the gradient graph built from them
 * fits other shapes exactly if they give the same answers.
 */
final class RequestedShapes implements Shapes {

    private Map<String, long[]> shapes;
    private final Map<String, Integer> ranks = new HashMap<>();
    private final Map<Pair, int[]> broadcasts = new HashMap<>();

    private record Pair(String input, String output) {}

    RequestedShapes(Map<String, long[]> shapes) {
        this.shapes = shapes;
    }

    /** Forgets the shapes, which are many, and keeps the questions with their answers. */
    RequestedShapes frozen() {
        shapes = Map.of();
        return this;
    }

    @Override
    public boolean knows(String variable) {
        return shapes.containsKey(variable);
    }

    @Override
    public int rank(String variable) {
        return ranks.computeIfAbsent(variable, v -> shape(shapes, v).length);
    }

    @Override
    public int[] broadcastDimensions(String input, String output) {
        return broadcasts.computeIfAbsent(new Pair(input, output), p -> broadcast(shapes, p));
    }

    boolean answersAreTheSameFor(Map<String, long[]> other) {
        return ranks.entrySet().stream().allMatch(e -> shape(other, e.getKey()).length == e.getValue())
                && broadcasts.entrySet().stream()
                        .allMatch(e -> Arrays.equals(broadcast(other, e.getKey()), e.getValue()));
    }

    private static int[] broadcast(Map<String, long[]> shapes, Pair pair) {
        long[] in = shape(shapes, pair.input());
        long[] out = shape(shapes, pair.output());
        int missing = out.length - in.length;
        for (int d = Math.max(0, missing); d < out.length; d++) {
            // ND4J gives the sum of such arrays a shape, and notices when it runs; what is made of the graph here does
            // not.
            if (in[d - missing] != 1 && in[d - missing] != out[d]) {
                throw new IllegalArgumentException("graph input: " + MessageText.name(pair.input()) + " has shape "
                        + Arrays.toString(in)
                        + " and " + MessageText.name(pair.output()) + ", which is computed from it element by element, "
                        + Arrays.toString(out) + "; expected sizes that are equal or 1. Compare the arrays with each"
                        + " other and with the placeholders of the graph.");
            }
        }
        return IntStream.range(0, out.length)
                .filter(d -> d < missing || (in[d - missing] == 1 && out[d] != 1))
                .toArray();
    }

    private static long[] shape(Map<String, long[]> shapes, String variable) {
        long[] shape = shapes.get(variable);
        if (shape == null) {
            throw new IllegalStateException(
                    "gradient graph: the shape of " + MessageText.name(variable) + " was not seen in the run forwards");
        }
        return shape;
    }
}
