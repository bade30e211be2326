/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The bound: what every training step with frozen linear layers has to compute, whatever else it does. For each layer the
 * product forwards, {@code X W}, and the one backwards to its input, {@code dY W'}; into arrays made beforehand, each in the
 * layout that is the fastest of all on this machine. Layers of one shape share their arrays, which favors the bound.
 */
final class LinearProducts {

    private static final List<String> LAYOUTS = List.of("ccc", "ccf", "cfc", "cff", "fcc", "fcf", "ffc", "fff");
    private static final int TRIALS = 3;

    /** {@code result = left right}, or {@code left right'}. */
    private record Product(INDArray left, INDArray right, INDArray result, boolean transposed, int layers) {

        void run() {
            Nd4j.gemm(left, right, result, false, transposed, 1, 0);
        }

        double seconds() {
            double best = Double.MAX_VALUE;
            for (int i = 0; i < TRIALS; i++) {
                long from = System.nanoTime();
                run();
                best = Math.min(best, (System.nanoTime() - from) / 1e9);
            }
            return best;
        }
    }

    private final List<Product> products = new ArrayList<>();
    private final double operations;

    LinearProducts(List<LinearShape> shapes, long tokens) {
        shapes.forEach(shape -> add(tokens, shape.in(), shape.out(), shape.layers()));
        operations = products.stream()
                .mapToDouble(p -> 2.0 * p.left().length() * p.result().size(1) * p.layers())
                .sum();
    }

    private void add(long tokens, long in, long out, int layers) {
        SplittableRandom random = new SplittableRandom(in * 31 + out);
        INDArray weight = uniform(random, in, out);
        products.add(
                fastest(uniform(random, tokens, in), weight, Nd4j.create(DataType.FLOAT, tokens, out), false, layers));
        products.add(
                fastest(uniform(random, tokens, out), weight, Nd4j.create(DataType.FLOAT, tokens, in), true, layers));
    }

    private static Product fastest(INDArray left, INDArray right, INDArray result, boolean transposed, int layers) {
        Product best = null;
        double bestSeconds = Double.MAX_VALUE;
        for (String layout : LAYOUTS) {
            Product product = new Product(
                    left.dup(layout.charAt(0)),
                    right.dup(layout.charAt(1)),
                    result.dup(layout.charAt(2)),
                    transposed,
                    layers);
            double seconds = product.seconds();
            if (seconds < bestSeconds) {
                best = product;
                bestSeconds = seconds;
            }
        }
        return best;
    }

    private static INDArray uniform(SplittableRandom random, long rows, long columns) {
        float[] values = new float[Math.toIntExact(rows * columns)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return Nd4j.create(values, new long[] {rows, columns}, 'c');
    }

    /** Floating-point operations of one {@link #run}. */
    double operations() {
        return operations;
    }

    void run() {
        for (Product product : products) {
            for (int layer = 0; layer < product.layers(); layer++) {
                product.run();
            }
        }
    }
}
