/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.onednn.OneDnn;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.quant.HalfPrecision;
import org.lora4j.quant.Int8;
import org.lora4j.quant.StoredWeight;
import org.lora4j.quant.StoredWeights;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Nobody keeps a stored weight in F32 beside it, whoever multiplies. */
@Tag("thorough")
class MemoryOfStoredWeightsTest {

    private static final long VOCABULARY = 1 << 13;
    private static final long WIDTH = 1 << 12;
    private static final long THIN = 64;

    /** A copy of the table in F32 would be 134 MB; the collector, malloc and compilers move some dozens. */
    private static final long MOST_GROWTH = 100L << 20;

    private static final Map<String, INDArray> INPUT = Map.of("ids", Nd4j.createFromArray(3, 7_000, 8_191, 3));

    static Stream<Named<Supplier<StoredWeight>>> tables() {
        return Stream.of(
                Named.of("bfloat16", () -> new HalfPrecision(Nd4j.ones(DataType.BFLOAT16, VOCABULARY, WIDTH))),
                Named.of(
                        "INT8",
                        () -> new Int8(
                                Nd4j.ones(DataType.INT8, VOCABULARY, WIDTH),
                                Nd4j.ones(DataType.FLOAT, VOCABULARY, 1).mul(0.01f))));
    }

    /** Lookup, two layers, and the table again as head. */
    private static SameDiff graph(StoredWeight table) {
        SameDiff graph = SameDiff.create();
        SDVariable tied = StoredWeights.add(graph, "embed.weight", table);
        SDVariable rows = graph.gather(tied, graph.placeHolder("ids", DataType.INT32, -1), 0);
        SDVariable layer = graph.constant("layer.weight", Nd4j.ones(DataType.FLOAT, WIDTH, THIN));
        SDVariable back = graph.constant("back.weight", Nd4j.ones(DataType.FLOAT, THIN, WIDTH));
        SDVariable hidden = graph.math().tanh(rows.mmul(layer)).mmul(back);
        SDVariable logits = graph.mmul("logits", hidden, tied, false, true, false);
        logits.mul(logits).mean("loss");
        graph.setLossVariables("loss");
        return graph;
    }

    private static List<GraphExecutor> run(SameDiff graph) {
        LoraConfig config = LoraConfig.builder().rank(2).targetModules("layer").build();
        GraphExecutor executor =
                DefaultAdapter.fresh(AdaptedSameDiff.of(graph), config, 1).executor();
        List<GraphExecutor> executors = List.of(
                executor.withProducts(Multiplier.nd4j()),
                executor.withProducts(OneDnn.orNd4j()),
                executor.withProducts(OneDnn.isAvailable() ? OneDnn.packedProducts() : Multiplier.nd4j()),
                executor.recomputing());
        for (GraphExecutor each : executors) {
            each.gradients(INPUT, 1);
            each.output(INPUT, List.of("logits"));
        }
        return executors;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("tables")
    void stepsAndOutputs_keepNoF32CopyOfATable(Supplier<StoredWeight> table) {
        // Libraries, and the buffers of threads.
        run(graph(table.get()));
        SameDiff graph = graph(table.get());
        long before = NativeMemory.resident();

        List<GraphExecutor> executors = run(graph);

        assertThat(NativeMemory.resident() - before).isLessThan(MOST_GROWTH);
        executors.forEach(GraphExecutor::release);
    }
}
