/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.NativeThreads;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.internal.array.Exponential;
import org.lora4j.internal.array.HyperbolicTangent;
import org.lora4j.internal.array.NormalDistribution;
import org.lora4j.internal.array.RowLoops;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.engine.plan.Plan;
import org.lora4j.internal.engine.plan.PlanStep;
import org.lora4j.train.AdamW;
import org.lora4j.train.ParameterUpdater;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.UpdateStep;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The process that {@link KernelBenchmark} starts: short loops on a block of values, then whole kernels as a plan runs them, on
 * arrays that the cache holds and on some that it does not. Tells nanoseconds a value, and bytes a value of kernels.
 */
public final class KernelProcess {

    static final String SEPARATOR = "|";
    static final String NANOSECONDS = "nanoseconds";
    static final String BYTES = "bytes";

    private static final int BLOCK = 8192;
    private static final int WIDTH = 384;
    private static final int ROWS_OF_SOFTMAX = 64;
    /** Scores beyond some 80 below the largest would be rounded to nothing, which takes longer. */
    private static final double SIZE_OF_SCORES = 0.25;

    private static final long WARM_UP_NANOSECONDS = 300_000_000;
    /** Of a plan, which is more code than a loop. */
    private static final int WARM_UPS = 8;

    private static final long SAMPLE_NANOSECONDS = 20_000_000;

    private static final List<String> KERNELS = List.of(
            "gelu",
            "gelu_bp",
            "layer_norm",
            "layer_norm_bp",
            "layer_norm_dx",
            "softmax",
            "softmax_bp",
            "lora4j_row_norm",
            "lora4j_row_norm_bp",
            "lora4j_sigmoid_gate",
            "lora4j_sigmoid_gate_bp");

    private static volatile float result;

    private KernelProcess() {}

    /**
     * Measures.
     *
     * @param args rounds that count
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        int rounds = Integer.parseInt(args[0]);
        loops().forEach((name, loop) -> tell(name, NANOSECONDS, time(loop, rounds) / BLOCK));
        NativeThreads.one(() -> {
            arrays("in the cache", 64, rounds);
            arrays("from memory", 8192, rounds);
        });
        Runtime.getRuntime().halt(0);
    }

    private static void tell(String name, String field, double value) {
        ChildJava.tell(name + SEPARATOR + field, value);
    }

    /** Those that replace their values start from the same ones each time. */
    private static Map<String, Runnable> loops() {
        float[] x = new float[BLOCK];
        float[] ones = new float[BLOCK];
        for (int i = 0; i < BLOCK; i++) {
            x[i] = (float) Math.sin(i);
            ones[i] = i % 2 == 0 ? 1 : -1;
        }
        float[] y = x.clone();
        float[] work = new float[BLOCK];
        Map<String, Runnable> loops = new LinkedHashMap<>();
        loops.put("loop: x *= number", () -> RowLoops.multiply(y, 0, BLOCK, -1));
        loops.put("loop: x *= y", () -> RowLoops.multiply(ones, y, BLOCK));
        loops.put("loop: sum of a row", () -> result = RowLoops.sum(x, 0, BLOCK));
        loops.put("loop: product of two rows", () -> result = RowLoops.dot(x, ones, 0, BLOCK));
        loops.put("loop: largest of a row", () -> result = RowLoops.max(x, 0, BLOCK));
        loops.put("loop: clamp", () -> NormalDistribution.clamp(x, work, BLOCK, 1));
        loops.put("loop: copy", () -> System.arraycopy(x, 0, y, 0, BLOCK));
        loops.put("loop: copy, x times Phi(x)", () -> {
            System.arraycopy(x, 0, y, 0, BLOCK);
            NormalDistribution.multiplyByIts(y, work, BLOCK);
        });
        loops.put("loop: copy, tanh", () -> {
            System.arraycopy(x, 0, y, 0, BLOCK);
            HyperbolicTangent.apply(y, BLOCK);
        });
        loops.put("loop: copy, exp", () -> {
            System.arraycopy(x, 0, y, 0, BLOCK);
            Exponential.apply(y, BLOCK);
        });
        return loops;
    }

    /** Nanoseconds of the median round. */
    private static double time(Runnable work, int rounds) {
        long from = System.nanoTime();
        long calls = 0;
        for (; System.nanoTime() - from < WARM_UP_NANOSECONDS; calls++) {
            work.run();
        }
        long count = Math.max(1, calls * SAMPLE_NANOSECONDS / WARM_UP_NANOSECONDS);
        List<Double> times = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            long start = System.nanoTime();
            for (long i = 0; i < count; i++) {
                work.run();
            }
            times.add((double) (System.nanoTime() - start) / count);
        }
        return Measurements.median(times);
    }

    private static void arrays(String size, int rows, int rounds) {
        kernels(size, rows, rounds);
        optimizer(size, rows, rounds);
    }

    private static void kernels(String size, int rows, int rounds) {
        SameDiff graph = graph(rows);
        GraphExecutor executor =
                SameDiffExecutor.forTraining(graph, List.of("x")).withProducts(Multiplier.nd4j());
        Runnable step =
                () -> executor.gradients(Map.of(), 0).gradients().values().forEach(INDArray::close);
        for (int i = 0; i < WARM_UPS; i++) {
            time(step, 1);
        }
        StepTimes times = new StepTimes();
        Plan.watch(times);
        time(step, rounds);
        Plan.watch(null);
        times.by(PlanStep::work).forEach((work, spent) -> {
            if (KERNELS.contains(work)) {
                double values = (double) spent.calls() * rows * WIDTH;
                tell(size + ": " + work, NANOSECONDS, spent.seconds() * 1e9 / values);
                tell(size + ": " + work, BYTES, spent.bytes() / values);
            }
        });
    }

    /** Every kernel once, one after the other. */
    private static SameDiff graph(int rows) {
        SameDiff graph = SameDiff.create();
        Nd4j.getRandom().setSeed(1);
        SDVariable x = graph.var("x", Nd4j.randn(DataType.FLOAT, rows, WIDTH));
        SDVariable gains =
                graph.constant("gains", Nd4j.rand(DataType.FLOAT, WIDTH).add(1));
        SDVariable other =
                graph.constant("other", Nd4j.rand(DataType.FLOAT, rows, WIDTH).add(1));
        SDVariable gelu = x.mul(graph.math().erf(x.div(Math.sqrt(2))).add(1)).mul(0.5);
        SDVariable layer = graph.nn().layerNorm(gelu, gains, false, 1);
        SDVariable root =
                graph.math().sqrt(graph.math().square(layer).mean(true, 1).add(1e-5));
        SDVariable rms = layer.div(root).mul(gains);
        SDVariable gated = rms.mul(graph.nn().sigmoid(rms)).mul(other);
        SDVariable scores =
                graph.reshape(gated.mul(SIZE_OF_SCORES), (long) rows * WIDTH / ROWS_OF_SOFTMAX, ROWS_OF_SOFTMAX);
        SDVariable shares = graph.reshape(graph.nn().softmax(scores, -1), rows, WIDTH);
        shares.mul(other).sum("loss");
        graph.setLossVariables("loss");
        return graph;
    }

    private static void optimizer(String size, int rows, int rounds) {
        INDArray value = Nd4j.rand(DataType.FLOAT, rows, WIDTH);
        INDArray gradient = Nd4j.rand(DataType.FLOAT, rows, WIDTH);
        ParameterUpdater updater = AdamW.of(1e-6)
                .updaterFor(new TrainableParameter("x", "x", TrainableParameter.Kind.WEIGHT, value, Optional.empty()));
        UpdateStep step = new UpdateStep(1e-6, 0, 1, 1, 0);
        String name = size + ": AdamW";
        tell(name, NANOSECONDS, time(() -> updater.update(gradient, step), rounds) / value.length());
        // The parameter and two means are read and written, the gradient is read.
        tell(name, BYTES, 7 * Float.BYTES);
    }
}
