/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.parts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.internal.engine.GradientCheck.values;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class SharedPartsTest {

    private static SameDiff graph(DataType type) {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", type, -1, 3);
        SDVariable t = sd.placeHolder("t", type, -1, 2);
        SDVariable w = sd.var("w", values(1, 3, 2).castTo(type));
        SDVariable b = sd.var("b", values(2, 2).castTo(type));
        SDVariable y = sd.math.tanh("y", x.mmul(w).add(b));
        sd.math.square(y.sub(t)).mean().rename("loss");
        sd.setLossVariables("loss");
        return sd;
    }

    private static GraphExecutor executor(DataType type, int parts) {
        return ParallelExecutor.of(SameDiffExecutor.forTraining(graph(type), List.of("w", "b")), parts);
    }

    private static Map<String, INDArray> batch(DataType type, int rows) {
        return Map.of(
                "x", values(3, rows, 3).castTo(type), "t", values(4, rows, 2).castTo(type));
    }

    /** What each worker gets of two batches, one after the other. */
    private static List<List<LossAndGradients>> run(
            DataType type, int workers, int parts, int rows, UnaryOperator<byte[]> lastWorker) throws Exception {
        Together together = new Together(workers);
        ExecutorService threads = Executors.newFixedThreadPool(workers);
        try {
            List<Future<List<LossAndGradients>>> futures = IntStream.range(0, workers)
                    .mapToObj(worker -> threads.submit(() -> {
                        UnaryOperator<byte[]> change = worker == workers - 1 ? lastWorker : UnaryOperator.identity();
                        GraphExecutor shared = new SharedParts(executor(type, parts), together.of(worker, change));
                        return List.of(
                                shared.gradients(batch(type, rows), 7), shared.gradients(batch(type, rows + 3), 8));
                    }))
                    .toList();
            List<List<LossAndGradients>> results = new ArrayList<>();
            for (Future<List<LossAndGradients>> future : futures) {
                results.add(future.get());
            }
            return results;
        } finally {
            threads.shutdownNow();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "FLOAT, 1, 4, 9",
        "FLOAT, 2, 4, 9",
        "FLOAT, 4, 4, 9",
        "FLOAT, 3, 4, 2",
        "DOUBLE, 2, 3, 7",
        "FLOAT, 2, 1, 5"
    })
    void gradients_haveTheBitsOfOneMachineWithAsManyParts(DataType type, int workers, int parts, int rows)
            throws Exception {
        GraphExecutor alone = executor(type, parts);
        List<LossAndGradients> expected =
                List.of(alone.gradients(batch(type, rows), 7), alone.gradients(batch(type, rows + 3), 8));

        for (List<LossAndGradients> worker : run(type, workers, parts, rows, UnaryOperator.identity())) {
            for (int i = 0; i < expected.size(); i++) {
                assertThat(worker.get(i).loss()).isEqualTo(expected.get(i).loss());
                assertThat(worker.get(i).gradients()).isEqualTo(expected.get(i).gradients());
                assertThat(worker.get(i).unreached()).isEqualTo(expected.get(i).unreached());
            }
        }
    }

    @Test
    void workerThatDrifted_isNoticedByAll() {
        // The first eight bytes are the checksum of the step before.
        UnaryOperator<byte[]> drifted = message -> {
            byte[] changed = message.clone();
            changed[7] ^= 1;
            return changed;
        };

        assertThatThrownBy(() -> run(DataType.FLOAT, 2, 2, 6, drifted))
                .hasStackTraceContaining("worker 1 got other gradients in the step before");
    }

    @Test
    void partThatNobodyGives_isMissed() {
        assertThatThrownBy(() -> run(DataType.FLOAT, 2, 2, 6, message -> Arrays.copyOf(message, 8)))
                .hasStackTraceContaining("no worker gave the parts [1] of 2");
    }

    @Test
    void graphsThatLookAtAllRows_areRefusedByName() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, 512);
        SDVariable y = x.mmul(sd.var("w", values(1, 512, 512).castTo(DataType.FLOAT)));
        // What a row gets depends on all rows of the batch.
        SDVariable shares = sd.nn.softmax("shares", y, 0);
        sd.math.square(shares).mean().rename("loss");
        sd.setLossVariables("loss");
        GraphExecutor automatic =
                SameDiffExecutor.forTraining(sd, List.of("w")).withKernels().inParts(4);
        GraphExecutor shared = new SharedParts(automatic, new Together(2).of(0, UnaryOperator.identity()));

        assertThatThrownBy(() ->
                        shared.gradients(Map.of("x", values(3, 512, 512).castTo(DataType.FLOAT)), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("batches of this model cannot be cut: \"loss\" is not known to be a mean")
                .hasMessageContaining("may mix rows");
    }
}
