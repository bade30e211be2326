/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.random.RandomStreams;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The first promise, for products spelled in every way, of sizes at which libraries choose other kernels: a model whose adapter is
 * zero, or off, gives what the graph gives that never had one, in every value.
 */
class OffIsTheBaseTest {

    private static final int SIZES = 10;

    /** {@code rows} examples, {@code in} to {@code out}; which operand is the weight, what is transposed, and what is added. */
    record Layer(
            boolean weightFirst,
            boolean transposeX,
            boolean transposeW,
            boolean bias,
            boolean computed,
            int rows,
            int in,
            int out) {

        SameDiff graph(SplittableRandom random) {
            SameDiff graph = SameDiff.create();
            boolean dataTransposed = weightFirst != transposeX;
            SDVariable x = graph.placeHolder("x", DataType.FLOAT, shape(dataTransposed, rows, in));
            SDVariable w = graph.var(
                    "m.weight",
                    RandomStreams.uniform(random, 1, DataType.FLOAT, shape(weightFirst != transposeW, in, out)));
            // As graphs of TensorFlow read their weights.
            w = computed ? graph.identity(w) : w;
            SDVariable y = weightFirst
                    ? graph.mmul(w, x, transposeW, transposeX, false)
                    : graph.mmul(x, w, transposeX, transposeW, false);
            if (bias) {
                y = y.add(graph.var(
                        "m.bias", RandomStreams.uniform(random, 1, DataType.FLOAT, weightFirst ? rows : out)));
            }
            y.rename("y");
            return graph;
        }

        INDArray input(SplittableRandom random) {
            return RandomStreams.uniform(random, 1, DataType.FLOAT, shape(weightFirst != transposeX, rows, in));
        }

        private static long[] shape(boolean swapped, long first, long second) {
            return swapped ? new long[] {second, first} : new long[] {first, second};
        }
    }

    static List<Layer> layers() {
        SplittableRandom random = new SplittableRandom(11);
        List<Layer> layers = new ArrayList<>();
        for (int spelling = 0; spelling < 16; spelling++) {
            for (int i = 0; i < SIZES; i++) {
                layers.add(new Layer(
                        (spelling & 1) != 0,
                        (spelling & 2) != 0,
                        (spelling & 4) != 0,
                        (spelling & 8) != 0,
                        i % 2 != 0,
                        i == 0 ? 1 : random.nextInt(2, i < 6 ? 40 : 300),
                        random.nextInt(1, i < 6 ? 90 : 500),
                        random.nextInt(1, i < 6 ? 90 : 500)));
            }
        }
        // A weight with many more outputs than the batch has rows looks like the input of a thin gradient.
        for (boolean computed : new boolean[] {false, true}) {
            layers.add(new Layer(true, false, true, false, computed, 8, 64, 64));
            layers.add(new Layer(true, false, true, false, computed, 3, 200, 400));
        }
        return layers;
    }

    private static LoraConfig config(Initialization start, boolean bias) {
        return LoraConfig.builder()
                .rank(4)
                .targetModules("m")
                .initialization(start)
                .loraBias(bias)
                .build();
    }

    private static INDArray output(AdaptedSameDiff model, Map<String, INDArray> inputs) {
        return model.output(inputs, "y").get("y");
    }

    private static INDArray byNd4j(AdaptedSameDiff model, Map<String, INDArray> inputs) {
        return SameDiffExecutor.forInference(model.graph())
                .withProducts(Multiplier.nd4j())
                .output(inputs, List.of("y"))
                .get("y");
    }

    @ParameterizedTest
    @MethodSource("layers")
    void adapter_thatIsZeroOrOffOrGone_changesNoBit(Layer layer) {
        SplittableRandom random = new SplittableRandom(layer.hashCode());
        SameDiff graph = layer.graph(random);
        Map<String, INDArray> inputs = Map.of("x", layer.input(random));
        INDArray base = output(AdaptedSameDiff.of(graph), inputs);

        AdaptedSameDiff zero = DefaultAdapter.fresh(
                AdaptedSameDiff.of(graph), config(Initialization.KAIMING_UNIFORM, layer.rows() % 2 == 0), 1);
        Graphs.assertSameValues(output(zero, inputs), base);
        AdaptedSameDiff model =
                DefaultAdapter.fresh(AdaptedSameDiff.of(graph), config(Initialization.RANDOM, false), 1);
        model.merge();
        model.unmerge();
        model.disable();
        Graphs.assertSameValues(output(model, inputs), base);
        Graphs.assertSameValues(output(AdaptedSameDiff.of(model.unload()), inputs), base);
    }

    @ParameterizedTest
    @MethodSource("layers")
    void adapterThatIsZero_changesNoBitOfNd4jsProducts(Layer layer) {
        SplittableRandom random = new SplittableRandom(layer.hashCode());
        SameDiff graph = layer.graph(random);
        Map<String, INDArray> inputs = Map.of("x", layer.input(random));

        AdaptedSameDiff zero =
                DefaultAdapter.fresh(AdaptedSameDiff.of(graph), config(Initialization.KAIMING_UNIFORM, false), 1);

        Graphs.assertSameValues(byNd4j(zero, inputs), byNd4j(AdaptedSameDiff.of(graph), inputs));
    }
}
