/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.dl4j;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;

/**
 * Where the time of some work goes, from stacks of its thread that are looked at about every millisecond. Nearly all of the
 * time is native, and a thread that runs native code can be looked at any time.
 */
public final class Profile {

    private static final long PAUSE_NANOSECONDS = 1_000_000;
    private static final String REST = "rest";

    /**
     * A kind of work.
     *
     * @param name its name in the report
     * @param marks what the class or the method of a frame ends with
     */
    private record Part(String name, List<String> marks) {

        boolean includes(StackTraceElement[] stack) {
            return Arrays.stream(stack)
                    .map(frame -> frame.getClassName() + "." + frame.getMethodName())
                    .anyMatch(frame -> marks.stream().anyMatch(frame::contains));
        }
    }

    /** The first one that is found counts. */
    private static final List<Part> PARTS = List.of(
            new Part("updates", List.of("layer.LowRank.", "layer.SummedWeight.", "layer.RecurrentWeights.")),
            new Part("updater", List.of("BaseMultiLayerUpdater.update", "NegativeGradientStepFunction.")),
            new Part("im2col", List.of("convolution.Convolution.im2col", "layer.Patches2D.rows")),
            new Part("col2im", List.of("convolution.Convolution.col2im")),
            new Part("products of the weights", List.of("BaseLevel3.gemm", "BaseNDArray.mmul")),
            new Part("activations and loss", List.of("activations.impl.", "lossfunctions.impl.")),
            new Part("pooling", List.of("SubsamplingLayer.")),
            new Part("copies", List.of("BaseNDArray.dup", "BaseNDArray.assign")),
            new Part(
                    "gates, biases, sums",
                    List.of(
                            "BaseNDArray.add",
                            "BaseNDArray.sub",
                            "BaseNDArray.mul",
                            "BaseNDArray.rsub",
                            "BaseNDArray.sum",
                            "OpExecutioner.exec")),
            new Part("views", List.of("BaseNDArray.get", "BaseNDArray.tensorAlongDimension", "BaseNDArray.permute")));

    private Profile() {}

    /**
     * Looks at the stacks of this thread while it works.
     *
     * @param work what it does
     * @param times how often
     * @return shares of all samples, by kind of work, the largest first
     */
    public static Map<String, Double> of(Runnable work, int times) {
        Thread worker = Thread.currentThread();
        Map<String, Integer> samples = new TreeMap<>();
        Thread observer = new Thread(() -> observe(worker, samples), "profile");
        observer.start();
        for (int i = 0; i < times; i++) {
            work.run();
        }
        observer.interrupt();
        try {
            observer.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        double all = samples.values().stream().mapToInt(Integer::intValue).sum();
        Map<String, Double> shares = new LinkedHashMap<>();
        samples.entrySet().stream()
                .sorted(Map.Entry.<String, Integer>comparingByValue().reversed())
                .forEach(entry -> shares.put(entry.getKey(), entry.getValue() / all));
        return shares;
    }

    private static void observe(Thread worker, Map<String, Integer> samples) {
        while (!Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(PAUSE_NANOSECONDS);
            samples.merge(part(worker.getStackTrace()), 1, Integer::sum);
        }
    }

    private static String part(StackTraceElement[] stack) {
        return PARTS.stream()
                .filter(part -> part.includes(stack))
                .map(Part::name)
                .findFirst()
                .orElse(REST);
    }
}
