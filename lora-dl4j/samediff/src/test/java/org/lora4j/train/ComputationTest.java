/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.onednn.MathMode;
import org.lora4j.exec.onednn.OneDnn;
import org.lora4j.exec.onednn.ProductChoice;
import org.lora4j.random.RandomStreams;
import org.lora4j.samediff.TrainableGraph;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What a run says of how it is computed, and what of it is written down. */
class ComputationTest {

    private static final int ROWS = 192;
    private static final int WIDTH = 512;

    @TempDir
    private Path folder;

    private final Batches batches = Batches.inOrder(List.of(Batch.of(Map.of("x", random(3, ROWS, WIDTH)), ROWS)));

    private static INDArray random(long seed, long... shape) {
        return RandomStreams.uniform(new SplittableRandom(seed), 0.1, DataType.FLOAT, shape);
    }

    private static SameDiff graph() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, WIDTH);
        SDVariable y = sd.math.tanh(x.mmul(sd.var("layer.w", random(1, WIDTH, WIDTH))));
        sd.math.square(y.sub(1)).mean().rename("loss");
        sd.setLossVariables("loss");
        return sd;
    }

    /** As on a machine with so many processors. */
    private static Trainable on(int processors, SameDiff graph) {
        TrainableGraph model = TrainableGraph.of(graph, List.of("layer.w"));
        return new Trainable() {
            @Override
            public List<TrainableParameter> trainableParameters() {
                return model.trainableParameters();
            }

            @Override
            public GraphExecutor executor() {
                return model.executor().inParts(processors);
            }
        };
    }

    private static TrainingPlan.Builder plan(int steps) {
        return TrainingPlan.builder().steps(steps).optimizer(SgdOptimizer.of(0.1));
    }

    @Test
    void run_saysHowItIsComputed_andHowFastItWas() {
        List<String> lines = new ArrayList<>();

        TrainingResult result = Trainer.builder(on(2, graph()))
                .plan(plan(3).build())
                .listener(ProgressListener.to(lines::add))
                .build()
                .train(batches);

        assertThat(lines.get(0))
                .startsWith("products by ")
                .contains("; batches in 2 parts on as many threads; 1 batches an epoch");
        assertThat(lines).filteredOn(line -> line.startsWith("products by ")).hasSize(1);
        assertThat(lines.get(lines.size() - 1))
                .matches("completed after .* epochs?; .*3 steps, 576 examples in .* s: .* examples/s.*");
        assertThat(result.computation().mostParts()).isEqualTo(2);
        assertThat(result.computation().parting().count()).isEqualTo(2);
        assertThat(result.examplesPerSecond()).isPositive();
        result.computation().productShare().ifPresent(share -> assertThat(share).isBetween(0.0, 1.0));
    }

    @Test
    void run_ofSteadySteps_saysHowLongItTakes() {
        List<String> lines = new ArrayList<>();
        Batch one = Batch.of(Map.of("x", random(3, ROWS, WIDTH)), ROWS);

        Trainer.builder(on(2, graph()))
                .plan(plan(12).build())
                .listener(ProgressListener.to(lines::add).every(0))
                .build()
                .train(Batches.inOrder(Collections.nCopies(12, one)));

        assertThat(lines)
                .filteredOn(line -> line.matches("products by .*; about .* s in all"))
                .hasSize(1);
    }

    @Test
    void parts_ofThePlan_arePartOfIt() {
        TrainingPlan plan = plan(1).parts(3).build();

        TrainingResult result =
                Trainer.builder(on(2, graph())).plan(plan).build().train(batches);

        assertThat(result.computation().mostParts()).isEqualTo(3);
        assertThat(plan.toBuilder().build()).isEqualTo(plan).isNotEqualTo(plan(1).build());
        assertThat(plan).asString().contains("parts=OptionalInt[3]");
    }

    /** Three parts round otherwise than two. */
    @Test
    void resume_onAnotherMachine_endsWithTheBitsOfTheFirst() {
        TrainingResult result = resumed(graph -> on(3, graph), graph -> on(2, graph));

        assertThat(result.computation().mostParts()).isEqualTo(3);
    }

    /** OpenBLAS rounds otherwise than oneDNN. */
    @Test
    void resume_onAProcessorWhereOtherLibrariesMultiply_endsWithTheBitsOfTheFirst() {
        assumeTrue(OneDnn.isAvailable(), "oneDNN has no natives here");
        ProductChoice byOpenBlas = ProductChoice.parse("layers=openblas,updates=openblas,gradients=openblas");

        TrainingResult result = resumed(
                graph -> on(2, graph).multipliedBy(OneDnn.products(MathMode.STRICT_F32, byOpenBlas)),
                graph -> on(2, graph).multipliedBy(OneDnn.products(MathMode.STRICT_F32, ProductChoice.ONEDNN)));

        assertThat(result.computation().products()).endsWith("; layers, updates, gradients by OpenBLAS");
    }

    /** Stopped in one place and resumed in another, which must give what the first gives by itself. */
    private TrainingResult resumed(Function<SameDiff, Trainable> first, Function<SameDiff, Trainable> second) {
        SameDiff through = graph();
        Trainer.builder(first.apply(through)).plan(plan(4).build()).build().train(batches);

        SameDiff stopped = graph();
        Checkpoints checkpoints = Checkpoints.in(folder).withEverySteps(1);
        Trainer.builder(first.apply(stopped))
                .plan(plan(4).build())
                .checkpoints(checkpoints)
                .listener(new RunListener() {
                    @Override
                    public void onStep(StepReport report) {
                        if (report.step() == 2) {
                            Thread.currentThread().interrupt();
                        }
                    }
                })
                .build()
                .train(batches);
        SameDiff elsewhere = graph();
        TrainingResult result = Trainer.builder(second.apply(elsewhere))
                .plan(plan(4).build())
                .checkpoints(checkpoints)
                .build()
                .resume(batches);

        assertThat(result.steps()).isEqualTo(4);
        assertThat(elsewhere.getVariable("layer.w").getArr().data().asFloat())
                .isEqualTo(through.getVariable("layer.w").getArr().data().asFloat());
        return result;
    }
}
