/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One {@code torch.nn.MultiheadAttention} of a sequence on itself, linear maps before and behind it. No case was at hand
 * when this was written: the weights tell the modules, and the base output tells which of the usual ways to join them is
 * meant.
 */
final class MultiheadNetwork implements Network {

    static final String IN_PROJECTION = ".in_proj_weight";

    private static final String IN_BIAS = ".in_proj_bias";

    private static final String OUT = ".out_proj";

    private static final double EPSILON = 1e-5;

    /** Every order of the linear modules is tried. */
    private static final int MOST_MODULES = 4;

    /** How a sequence becomes one row. */
    private enum Pooling {
        NONE,
        MEAN,
        LAST,
        FIRST
    }

    /**
     * A way to join the modules.
     *
     * @param heads number of heads
     * @param batchFirst whether the first axis of the input is the batch
     * @param residual whether the input of the attention is added to its result
     * @param pooling how the sequence ends
     * @param before linear modules in front
     * @param behind linear modules behind, with rectifiers between
     */
    private record Guess(
            long heads,
            boolean batchFirst,
            boolean residual,
            Pooling pooling,
            List<String> before,
            List<String> behind) {}

    @Override
    public List<Variant> variants(GoldenCase golden) {
        String attention = attentionOf(golden);
        if (attention == null || modules(golden, attention, 2).size() > MOST_MODULES) {
            return List.of();
        }
        long features = golden.base().get(attention + IN_PROJECTION).size(1);
        boolean sequence = golden.io().get("y_base").rank() == 3;
        List<Pooling> poolings = sequence ? List.of(Pooling.NONE) : List.of(Pooling.MEAN, Pooling.LAST, Pooling.FIRST);
        List<Variant> variants = new ArrayList<>();
        for (long heads : Attention.headsOf(golden, features)) {
            for (List<List<String>> order : orders(golden, attention)) {
                for (boolean batchFirst : axisOrders(golden, sequence)) {
                    for (boolean residual : List.of(false, true)) {
                        for (Pooling pooling : poolings) {
                            Guess guess = new Guess(heads, batchFirst, residual, pooling, order.get(0), order.get(1));
                            variants.add(() -> build(golden, attention, guess));
                        }
                    }
                }
            }
        }
        return variants;
    }

    /** Whether the batch may be the first axis, and whether it may be the second. */
    private static List<Boolean> axisOrders(GoldenCase golden, boolean sequence) {
        INDArray input = golden.io().getOrDefault("x", golden.io().get("ids"));
        long rows = golden.io().get("y_base").size(0);
        return Stream.of(true, false)
                .filter(batchFirst -> sequence || input.size(batchFirst ? 0 : 1) == rows)
                .toList();
    }

    /** The one attention module, or null if there is none or there are several. */
    private static String attentionOf(GoldenCase golden) {
        List<String> weights = golden.base().keySet().stream()
                .filter(name -> name.endsWith(IN_PROJECTION))
                .toList();
        return weights.size() == 1
                ? weights.get(0).substring(0, weights.get(0).length() - IN_PROJECTION.length())
                : null;
    }

    /** Which linear modules may stand before the attention and which behind, in which order, by their sizes. */
    private static List<List<List<String>>> orders(GoldenCase golden, String attention) {
        List<String> names = modules(golden, attention, 2);
        names.removeIf(name -> isTable(golden, name));
        List<List<List<String>>> orders = new ArrayList<>();
        for (List<String> order : permutations(names)) {
            for (int split = 0; split <= order.size(); split++) {
                List<String> before = order.subList(0, split);
                List<String> behind = order.subList(split, order.size());
                if (fits(golden, attention, before, behind)) {
                    orders.add(List.of(before, behind));
                }
            }
        }
        return orders;
    }

    private static boolean fits(GoldenCase golden, String attention, List<String> before, List<String> behind) {
        long features = golden.base().get(attention + IN_PROJECTION).size(1);
        INDArray x = golden.io().get("x");
        INDArray y = golden.io().get("y_base");
        long size = x == null ? features : x.size(2);
        List<String> all = new ArrayList<>(before);
        all.add(attention + OUT);
        all.addAll(behind);
        for (String module : all) {
            INDArray weight = golden.base().get(module + ".weight");
            if (weight.size(1) != size) {
                return false;
            }
            size = weight.size(0);
        }
        return size == y.size(y.rank() - 1);
    }

    private static List<List<String>> permutations(List<String> names) {
        if (names.isEmpty()) {
            return List.of(List.of());
        }
        List<List<String>> all = new ArrayList<>();
        for (String first : names) {
            List<String> rest = new ArrayList<>(names);
            rest.remove(first);
            for (List<String> others : permutations(rest)) {
                List<String> order = new ArrayList<>(List.of(first));
                order.addAll(others);
                all.add(order);
            }
        }
        return all;
    }

    private static List<String> modules(GoldenCase golden, String attention, int axes) {
        List<String> found = new ArrayList<>();
        golden.base().forEach((name, array) -> {
            boolean weight = name.endsWith(".weight") && array.rank() == axes;
            if (weight && !name.startsWith(attention + ".")) {
                found.add(name.substring(0, name.length() - ".weight".length()));
            }
        });
        return found;
    }

    private static boolean isTable(GoldenCase golden, String module) {
        return golden.io().containsKey("ids") && module.contains("emb");
    }

    private static Net build(GoldenCase golden, String attention, Guess guess) {
        Layers layers = new Layers(golden);
        SameDiff graph = layers.graph();
        String name = golden.io().containsKey("ids") ? "ids" : "x";
        INDArray input = golden.io().get(name);
        SDVariable placeholder = layers.input(name);
        for (String module : modules(golden, attention, 2)) {
            if (isTable(golden, module)) {
                placeholder = graph.gather(layers.parameter(module + ".weight"), placeholder, 0);
            }
        }
        SDVariable x = guess.batchFirst() ? placeholder : graph.permute(placeholder, 1, 0, 2);
        long batch = input.size(guess.batchFirst() ? 0 : 1);
        long time = input.size(guess.batchFirst() ? 1 : 0);
        SDVariable h = graph.reshape(x, batch * time, -1);
        for (String module : guess.before()) {
            h = layers.linear(module, h);
        }
        long features = layers.array(attention + IN_PROJECTION).size(1);
        SDVariable packed = layers.withBias(
                attention + IN_BIAS, graph.mmul(h, layers.parameter(attention + IN_PROJECTION), false, true, false));
        SDVariable[] parts = Packed.split(layers, packed, batch * time, features);
        Attention kernel = new Attention(batch, time, guess.heads(), guess.heads(), features / guess.heads(), false);
        SDVariable result = layers.linear(attention + OUT, kernel.apply(layers, parts[0], parts[1], parts[2]));
        h = guess.residual() ? h.add(result) : result;
        for (String norm : modules(golden, attention, 1)) {
            h = layers.layerNorm(norm, h, EPSILON);
        }
        h = pooled(graph, h, guess.pooling(), batch, time, features);
        for (int i = 0; i < guess.behind().size(); i++) {
            h = layers.linear(guess.behind().get(i), i == 0 ? h : layers.relu(h));
        }
        return new Net(layers, shaped(golden, graph, h, guess, batch, time), Map.of(name, input));
    }

    private static SDVariable pooled(
            SameDiff graph, SDVariable h, Pooling pooling, long batch, long time, long features) {
        if (pooling == Pooling.NONE) {
            return h;
        }
        SDVariable steps = graph.reshape(h, batch, time, features);
        if (pooling == Pooling.MEAN) {
            return steps.mean(1);
        }
        return graph.unstack(steps, 1, (int) time)[pooling == Pooling.LAST ? (int) time - 1 : 0];
    }

    private static SDVariable shaped(
            GoldenCase golden, SameDiff graph, SDVariable h, Guess guess, long batch, long time) {
        long[] shape = golden.io().get("y_base").shape();
        if (guess.pooling() != Pooling.NONE || guess.batchFirst()) {
            return graph.reshape(h, Arrays.copyOf(shape, shape.length));
        }
        return graph.permute(graph.reshape(h, batch, time, shape[2]), 1, 0, 2);
    }
}
