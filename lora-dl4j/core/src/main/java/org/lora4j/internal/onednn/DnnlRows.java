/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.stream;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Kernel.Rounded;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.array.GrowingMemory;
import org.lora4j.internal.array.Lasting;
import org.lora4j.internal.array.Region;
import org.lora4j.internal.array.ThreadArrays;
import org.lora4j.internal.onednn.DnnlRowWork.Kind;
import org.lora4j.internal.onednn.DnnlRowWork.Sizes;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Element-wise and row-wise work by oneDNN, on arrays in 'c' order. What it has no vector code for on this processor, and
 * what else it cannot do, is left to the kernels in Java.
 *
 * @apiNote Status: internal
 */
public final class DnnlRows {

    private static final Map<String, Work> BY_NAME = Map.of(
            "gelu", DnnlRows::gelu,
            "gelu_bp", DnnlRows::geluBackward,
            "softmax", DnnlRows::softmax,
            "softmax_bp", DnnlRows::softmaxBackward,
            "layer_norm", DnnlRows::layerNorm,
            "layer_norm_dx", DnnlRows::layerNormBackwardOfInput,
            "layer_norm_bp", DnnlRows::layerNormBackward);

    /** What is also compiled for arrays of which all are BF16. */
    private static final Set<String> ROUNDED = Set.of("gelu", "gelu_bp");

    private final engine engine;
    private final ThreadLocal<OfThread> ofThread = ThreadLocal.withInitial(this::ofThread);

    /** Returns false, with nothing written that counts, if it is to be done in another way. */
    @FunctionalInterface
    private interface Work {
        boolean run(OfThread mine, List<INDArray> in, List<INDArray> out);
    }

    /** What a thread must not share. */
    private static final class OfThread {
        private final engine engine;
        private final stream stream;
        private final Cache<DnnlRowWork.Key, DnnlRowWork> works = new Cache<>();
        private final GrowingMemory statistics = new GrowingMemory();
        private final GrowingMemory unused = new GrowingMemory();

        OfThread(engine engine) {
            this.engine = engine;
            this.stream = Lasting.of(new stream(engine));
        }

        boolean run(Kind kind, Sizes sizes, Region... places) {
            DnnlRowWork work =
                    works.computeIfAbsent(new DnnlRowWork.Key(kind, sizes), key -> new DnnlRowWork(key, engine));
            if (work.isFast()) {
                work.run(stream, places);
            }
            return work.isFast();
        }

        /** Mean and variance of each row. */
        Region statistics(long rows) {
            return statistics.atLeast(2 * rows * Float.BYTES);
        }

        /** The gradient of the gain, which oneDNN computes whether or not it is wanted. */
        Region unused(long width) {
            return unused.atLeast(width * Float.BYTES);
        }
    }

    public DnnlRows(engine engine) {
        this.engine = engine;
    }

    private OfThread ofThread() {
        return new OfThread(engine);
    }

    /** {@code rounds} tells whether activations may be BF16. */
    public Kernel kernel(String name, Kernel java, boolean rounds) {
        Work work = BY_NAME.get(name);
        if (work == null) {
            return java;
        }
        Kernel kernel = java.computedBy((in, out) -> {
            if (!arePlain(in, out) || !work.run(ofThread.get(), in, out)) {
                FloatFallback.run(java, in, out);
            }
        });
        return rounds && ROUNDED.contains(name) ? kernel.rounding(DnnlRows::ofOneType) : kernel;
    }

    private static Rounded ofOneType(List<INDArray> in) {
        return new Rounded(
                Set.of(), IntStream.range(0, in.size()).boxed().collect(Collectors.toSet()), Set.of(0), true);
    }

    private static boolean arePlain(List<INDArray> in, List<INDArray> out) {
        DataType type = out.get(0).dataType();
        return (type == DataType.FLOAT || type == DataType.BFLOAT16)
                && Stream.of(in, out)
                        .flatMap(List::stream)
                        .allMatch(array -> array.dataType() == type && DenseArray.isRowMajor(array));
    }

    private static boolean gelu(OfThread mine, List<INDArray> in, List<INDArray> out) {
        return mine.run(Kind.GELU, Sizes.elements(in.get(0)), Region.of(in.get(0)), Region.of(out.get(0)));
    }

    private static boolean geluBackward(OfThread mine, List<INDArray> in, List<INDArray> out) {
        Sizes sizes = Sizes.elements(in.get(0));
        return mine.run(Kind.GELU_BACKWARD, sizes, Region.of(in.get(0)), Region.of(in.get(1)), Region.of(out.get(0)));
    }

    private static boolean softmax(OfThread mine, List<INDArray> in, List<INDArray> out) {
        return mine.run(Kind.SOFTMAX, Sizes.rows(in.get(0)), Region.of(in.get(0)), Region.of(out.get(0)));
    }

    private static boolean softmaxBackward(OfThread mine, List<INDArray> in, List<INDArray> out) {
        Sizes sizes = Sizes.rows(in.get(0));
        return mine.run(
                Kind.SOFTMAX_BACKWARD, sizes, Region.of(in.get(0)), Region.of(in.get(1)), Region.of(out.get(0)));
    }

    private static boolean layerNorm(OfThread mine, List<INDArray> in, List<INDArray> out) {
        Sizes sizes = Sizes.rows(in.get(0));
        Region statistics = mine.statistics(sizes.rows());
        return normalize(mine, in, sizes, statistics, Region.of(out.get(0)));
    }

    private static boolean normalize(OfThread mine, List<INDArray> in, Sizes sizes, Region statistics, Region out) {
        Region x = Region.of(in.get(0));
        Region gain = Region.of(in.get(1));
        Region variances = statistics.from(sizes.rows() * Float.BYTES);
        return in.size() > 2
                ? mine.run(Kind.LAYER_NORM_WITH_BIAS, sizes, x, gain, Region.of(in.get(2)), statistics, variances, out)
                : mine.run(Kind.LAYER_NORM, sizes, x, gain, statistics, variances, out);
    }

    private static boolean layerNormBackwardOfInput(OfThread mine, List<INDArray> in, List<INDArray> out) {
        Region ofGain = mine.unused(in.get(0).size(-1));
        return layerNormBackward(mine, Kind.LAYER_NORM_BACKWARD, in, Region.of(out.get(0)), ofGain);
    }

    private static boolean layerNormBackward(OfThread mine, List<INDArray> in, List<INDArray> out) {
        Kind kind = out.size() > 2 ? Kind.LAYER_NORM_WITH_BIAS_BACKWARD : Kind.LAYER_NORM_BACKWARD;
        Region[] gradients = out.stream().map(Region::of).toArray(Region[]::new);
        return layerNormBackward(mine, kind, in, gradients);
    }

    // Mean and variance are computed again, as they are a small part of it.
    private static boolean layerNormBackward(OfThread mine, Kind kind, List<INDArray> in, Region... gradients) {
        Sizes sizes = Sizes.rows(in.get(0));
        Region means = mine.statistics(sizes.rows());
        Region variances = means.from(sizes.rows() * Float.BYTES);
        if (!normalize(mine, in.subList(0, 2), sizes, means, gradients[0]) || hasZero(variances, sizes.rows())) {
            return false;
        }
        Stream<Region> inputs = Stream.of(
                Region.of(in.get(0)), Region.of(in.get(1)), Region.of(in.get(in.size() - 1)), means, variances);
        return mine.run(kind, sizes, Stream.concat(inputs, Stream.of(gradients)).toArray(Region[]::new));
    }

    // A row of equal values has no direction that changes its normalization; oneDNN would divide by zero.
    private static boolean hasZero(Region variances, long rows) {
        int length = Math.toIntExact(rows);
        float[] values = ThreadArrays.array(0, length);
        variances.read(values, length);
        for (int row = 0; row < length; row++) {
            if (values[row] == 0) {
                return true;
            }
        }
        return false;
    }
}
