/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.internal.array.Blocks;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.array.RowLoops;
import org.lora4j.internal.array.ThreadArrays;
import org.lora4j.internal.graph.GraphOrder;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/**
 * Values that are turned in pairs: {@code z = x c + x' s} with x {@code [rows, groups, 2, half]}, x' the same with both halves
 * of each group exchanged, c {@code [1, groups, 1 or 2, half]} and s {@code [1, groups, 2, half]}. As ops these are five
 * passes over memory, and more backwards.
 */
final class PairKernels {

    static final int AXES = 4;

    private PairKernels() {}

    /** The names of x, c and s by the name of the op that computes the sum. */
    static Map<String, List<String>> find(SameDiff graph) {
        Map<String, List<String>> found = new HashMap<>();
        for (SameDiffOp op : graph.getOps().values()) {
            List<SameDiffOp> terms = producers(graph, op, "add", "multiply", "multiply");
            List<SameDiffOp> swap =
                    terms.isEmpty() ? terms : producers(graph, terms.get(1), "multiply", "concat", null);
            List<SameDiffOp> parts =
                    swap.isEmpty() ? swap : producers(graph, swap.get(0), "concat", "strided_slice", "strided_slice");
            if (!parts.isEmpty()) {
                String x = GraphOrder.inputs(terms.get(0)).get(0);
                boolean halves = isHalf(parts.get(0), x, 1)
                        && isHalf(parts.get(1), x, 0)
                        && Arrays.equals(((DynamicCustomOp) swap.get(0).getOp()).iArgs(), new long[] {2})
                        && graph.getVariable(x).dataType() == DataType.FLOAT;
                if (halves) {
                    found.put(
                            op.getName(),
                            List.of(
                                    x,
                                    GraphOrder.inputs(terms.get(0)).get(1),
                                    GraphOrder.inputs(terms.get(1)).get(1)));
                }
            }
        }
        return found;
    }

    /** The ops that give both inputs of an op, if it and they have these names; a name may be any. */
    private static List<SameDiffOp> producers(SameDiff graph, SameDiffOp op, String name, String first, String second) {
        List<String> in = GraphOrder.inputs(op);
        if (!op.getOp().opName().equals(name) || in.size() != 2) {
            return List.of();
        }
        SameDiffOp a = graph.getOps().get(GraphOrder.producer(graph, in.get(0)));
        SameDiffOp b = graph.getOps().get(GraphOrder.producer(graph, in.get(1)));
        boolean fits = a != null
                && a.getOp().opName().equals(first)
                && (second == null || b != null && b.getOp().opName().equals(second));
        return !fits ? List.of() : second == null ? List.of(a) : List.of(a, b);
    }

    /** Whether a slice takes the first or the second half of each group of x. */
    private static boolean isHalf(SameDiffOp slice, String x, int half) {
        // Masks of what is taken whole from the start, of none, to the end, and of none; then from, to and steps.
        long[] expected = {3, 0, 3, 0, 0, 0, 0, half, 0, 0, half + 1L, 1, 1, 1};
        return GraphOrder.inputs(slice).equals(List.of(x))
                && Arrays.equals(((DynamicCustomOp) slice.getOp()).iArgs(), expected);
    }

    /** Inputs x, c, s. */
    static void forward(DenseArray[] in, DenseArray[] out) {
        int width = (int) in[2].length();
        int half = in[0].width();
        int size = Blocks.size(in[0].length(), width);
        float[] own = repeated(in[1], half, width, size);
        float[] other = LayerNormKernels.repeated(in[2], size);
        Blocks.run(in[0].length(), width, (block, from, length) -> {
            float[] x = ThreadArrays.array(0, length);
            float[] swapped = ThreadArrays.array(1, length);
            in[0].read(from, x, length);
            swap(x, swapped, length, half);
            for (int i = 0; i < length; i++) {
                x[i] = x[i] * own[i] + swapped[i] * other[i];
            }
            out[0].write(from, x, length);
        });
    }

    /** Inputs x, c, s, dz; outputs dx, dc, ds. */
    static void backward(DenseArray[] in, DenseArray[] out) {
        int width = (int) in[2].length();
        int half = in[0].width();
        int blocks = Blocks.count(in[0].length(), width);
        int size = Blocks.size(in[0].length(), width);
        float[] own = repeated(in[1], half, width, size);
        float[] other = LayerNormKernels.repeated(in[2], size);
        float[][] ownSums = new float[blocks][width];
        float[][] otherSums = new float[blocks][width];
        Blocks.run(in[0].length(), width, (block, from, length) -> {
            float[] x = ThreadArrays.array(0, length);
            float[] dz = ThreadArrays.array(1, length);
            float[] swapped = ThreadArrays.array(2, length);
            in[0].read(from, x, length);
            in[3].read(from, dz, length);
            swap(x, swapped, length, half);
            RowLoops.multiply(dz, x, length);
            RowLoops.multiply(dz, swapped, length);
            LayerNormKernels.addRows(x, length, width, ownSums[block]);
            LayerNormKernels.addRows(swapped, length, width, otherSums[block]);
            System.arraycopy(dz, 0, x, 0, length);
            RowLoops.multiply(own, dz, length);
            RowLoops.multiply(other, x, length);
            swap(x, swapped, length, half);
            RowLoops.add(swapped, dz, length);
            out[0].write(from, dz, length);
        });
        if (out[1].length() < width) {
            Arrays.setAll(ownSums, block -> ofBoth(ownSums[block], half));
        }
        LayerNormKernels.write(ownSums, out[1]);
        LayerNormKernels.write(otherSums, out[2]);
    }

    private static float[] ofBoth(float[] sums, int half) {
        float[] both = new float[sums.length / 2];
        for (int i = 0; i < both.length; i++) {
            int first = i / half * 2 * half + i % half;
            both[i] = sums[first] + sums[first + half];
        }
        return both;
    }

    private static void swap(float[] x, float[] into, int length, int half) {
        for (int i = 0; i < length; i += 2 * half) {
            System.arraycopy(x, i, into, i + half, half);
            System.arraycopy(x, i + half, into, i, half);
        }
    }

    /** Of one value for a pair, one for each of both. */
    private static float[] repeated(DenseArray vector, int half, int width, int size) {
        if (vector.length() == width) {
            return LayerNormKernels.repeated(vector, size);
        }
        float[] values = new float[width / 2];
        vector.read(0L, values, values.length);
        float[] each = new float[Math.max(size, width)];
        for (int i = 0; i < width; i++) {
            each[i] = values[i / (2 * half) * half + i % half];
        }
        RowLoops.repeat(each.clone(), width, each, size);
        return each;
    }
}
