/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.parts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.internal.engine.GradientCheck.values;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.samediff.TrainableGraph;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Fifty steps by several workers, beside one machine that cuts batches in as many parts, and one that cuts none. */
class SharedTrainingTest {

    private static final int STEPS = 50;
    private static final int PARTS = 4;
    private static final double NEAR = 1e-6;
    private static final List<String> FACTORS = List.of("a", "b");

    /** A frozen layer with two factors beside it. */
    private static SameDiff graph(DataType type) {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", type, -1, 6);
        SDVariable t = sd.placeHolder("t", type, -1, 5);
        SDVariable frozen = x.mmul(sd.constant("w", values(1, 6, 5).castTo(type)));
        SDVariable update = x.mmul(sd.var("a", values(2, 6, 2).castTo(type)))
                .mmul(sd.var("b", values(3, 2, 5).castTo(type)));
        sd.math.square(sd.math.tanh(frozen.add(update)).sub(t)).mean().rename("loss");
        sd.setLossVariables("loss");
        return sd;
    }

    /** Of uneven numbers of rows, some less than there are parts. */
    private static Batches batches(DataType type) {
        List<Batch> batches = new ArrayList<>();
        for (int rows : new int[] {9, 3, 7, 10, 5}) {
            batches.add(Batch.of(
                    Map.of(
                            "x", values(10L + rows, rows, 6).castTo(type),
                            "t", values(20L + rows, rows, 5).castTo(type)),
                    rows));
        }
        return Batches.inOrder(batches);
    }

    private static List<INDArray> trained(DataType type, UnaryOperator<GraphExecutor> change) {
        SameDiff graph = graph(type);
        Trainer.builder(TrainableGraph.of(graph, FACTORS).executedBy(change))
                .plan(TrainingPlan.builder()
                        .steps(STEPS)
                        .optimizer(AdamW.of(1e-2))
                        .build())
                .quiet()
                .build()
                .train(batches(type));
        return FACTORS.stream().map(name -> graph.getVariable(name).getArr()).toList();
    }

    private static List<List<INDArray>> byWorkers(DataType type, int workers) throws Exception {
        Together together = new Together(workers);
        ExecutorService threads = Executors.newFixedThreadPool(workers);
        try {
            List<Future<List<INDArray>>> futures = IntStream.range(0, workers)
                    .mapToObj(worker -> threads.submit(() -> trained(
                            type,
                            executor -> new SharedParts(
                                    ParallelExecutor.of(executor, PARTS),
                                    together.of(worker, UnaryOperator.identity())))))
                    .toList();
            List<List<INDArray>> all = new ArrayList<>();
            for (Future<List<INDArray>> future : futures) {
                all.add(future.get());
            }
            return all;
        } finally {
            threads.shutdownNow();
        }
    }

    @ParameterizedTest
    @CsvSource({"FLOAT, 1", "FLOAT, 2", "FLOAT, 4", "DOUBLE, 2", "DOUBLE, 4"})
    void workers_giveTheBitsOfOneMachineWithAsManyParts(DataType type, int workers) throws Exception {
        List<INDArray> one = trained(type, executor -> ParallelExecutor.of(executor, PARTS));

        for (List<INDArray> worker : byWorkers(type, workers)) {
            assertThat(worker).isEqualTo(one);
        }
    }

    @ParameterizedTest
    @CsvSource({"1", "2", "4"})
    void workers_inDouble_giveWhatAMachineGivesThatCutsNothing(int workers) throws Exception {
        List<INDArray> whole = trained(DataType.DOUBLE, GraphExecutor::inOnePart);

        for (List<INDArray> worker : byWorkers(DataType.DOUBLE, workers)) {
            for (int i = 0; i < whole.size(); i++) {
                double largest = whole.get(i).amaxNumber().doubleValue();
                double difference = whole.get(i).sub(worker.get(i)).amaxNumber().doubleValue();
                assertThat(difference / largest).isLessThanOrEqualTo(NEAR);
            }
        }
        assertThat(whole.get(1).sub(values(3, 2, 5)).amaxNumber().doubleValue())
                .as("what was learned")
                .isGreaterThan(0.1);
    }
}
