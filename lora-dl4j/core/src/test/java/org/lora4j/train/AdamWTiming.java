/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.lora4j.train.TrainableParameter.Kind;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Prints what a step of an optimizer costs per parameter, for 22 million floats in arrays of the sizes of a small encoder. Not
 * a test: run its main by hand, alone on the machine.
 */
final class AdamWTiming {

    private static final long[][] SHAPES = {{384, 384}, {384, 1536}, {1536, 384}, {384}};
    private static final long TOTAL = 22_000_000;
    private static final int ROUNDS = 15;

    private AdamWTiming() {}

    public static void main(String[] args) {
        measure("norm only", null, 'c');
        measure("AdamW", AdamW.of(1e-3), 'c');
        measure("AdamW, gradients in the other order", AdamW.of(1e-3), 'f');
        measure("Sgd with momentum", SgdOptimizer.of(1e-3).withMomentum(0.9), 'c');
        measure("Adam of ND4J", Nd4jOptimizer.of(new org.nd4j.linalg.learning.config.Adam(1e-3)), 'c');
    }

    private static void measure(String what, Optimizer optimizer, char gradientOrder) {
        List<INDArray> gradients = new ArrayList<>();
        List<ParameterUpdater> updaters = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(1);
        long count = 0;
        for (int i = 0; count < TOTAL; i++) {
            long[] shape = SHAPES[i % SHAPES.length];
            INDArray value = random(random, shape);
            gradients.add(random(random, shape).dup(gradientOrder));
            if (optimizer != null) {
                updaters.add(optimizer.updaterFor(TestModel.parameter("p" + i, Kind.WEIGHT, value)));
            }
            count += value.length();
        }
        double[] nanos = new double[ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            long from = System.nanoTime();
            if (optimizer == null) {
                gradients.forEach(Norms::norm);
            }
            for (int i = 0; i < updaters.size(); i++) {
                updaters.get(i).update(gradients.get(i), new UpdateStep(1e-3, 0.01, 1, round, 1));
            }
            nanos[round] = (System.nanoTime() - from) / (double) count;
        }
        Arrays.sort(nanos);
        System.out.printf(
                Locale.ROOT,
                "%-40s %.1f M values: median %.2f, best %.2f ns a value%n",
                what,
                count / 1e6,
                nanos[ROUNDS / 2],
                nanos[0]);
        gradients.forEach(INDArray::close);
    }

    private static INDArray random(SplittableRandom random, long[] shape) {
        long length = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        float[] values = new float[(int) length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble() - 0.5f;
        }
        return Nd4j.create(values, shape, 'c');
    }
}
