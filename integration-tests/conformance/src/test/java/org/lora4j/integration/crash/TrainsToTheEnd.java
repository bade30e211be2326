/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.crash;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Validation;
import org.lora4j.train.Warmup;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A program that trains an adapter with dropout, a checkpoint after every step, and saves it: the same line of code starts
 * the run and goes on with it.
 */
public final class TrainsToTheEnd {

    private static final int SIZE = 64;
    private static final int ROWS = 16;
    private static final int BATCHES = 10;

    private TrainsToTheEnd() {}

    public static void main(String[] arguments) throws IOException {
        Path checkpoints = Path.of(arguments[0]);
        Path adapter = Path.of(arguments[1]);
        int epochs = Integer.parseInt(arguments[2]);
        AdaptedSameDiff model = Lora.inject(
                graph(),
                LoraConfig.builder()
                        .rank(4)
                        .alpha(8)
                        .dropout(0.2)
                        .targetModules("one", "two")
                        .build(),
                3);
        TrainingPlan plan = TrainingPlan.builder()
                .epochs(epochs)
                .optimizer(AdamW.of(0.01))
                .schedule(LearningRateSchedule.linear(Warmup.fraction(0.1)))
                .keepBest(true)
                .seed(5)
                .build();
        Map<String, INDArray> held = batch(new SplittableRandom(99)).placeholders();
        Trainer.builder(model)
                .plan(plan)
                .validation(Validation.lowerIsBetter(
                        "loss", () -> model.output(held, "loss").get("loss").getDouble(0)))
                .checkpoints(Checkpoints.in(checkpoints).withEverySteps(1).withKeep(2))
                .build()
                .resume(batches());
        model.adapter("default").save(adapter);
    }

    private static Batches batches() {
        SplittableRandom random = new SplittableRandom(1);
        List<Batch> batches = new ArrayList<>();
        for (int i = 0; i < BATCHES; i++) {
            batches.add(batch(random.split()));
        }
        return Batches.shuffled(batches);
    }

    private static Batch batch(SplittableRandom random) {
        return Batch.of(Map.of("x", numbers(random, ROWS, SIZE), "y", numbers(random, ROWS, SIZE)), ROWS);
    }

    private static INDArray numbers(SplittableRandom random, int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextDouble() - 0.5);
        }
        return Nd4j.createFromArray(values).reshape(rows, columns).dup();
    }

    private static SameDiff graph() {
        SplittableRandom random = new SplittableRandom(2);
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, SIZE);
        SDVariable y = graph.placeHolder("y", DataType.FLOAT, -1, SIZE);
        SDVariable one = graph.var("one.weight", numbers(random, SIZE, SIZE));
        SDVariable two = graph.var("two.weight", numbers(random, SIZE, SIZE));
        SDVariable error = graph.math.tanh(x.mmul(one)).mmul(two).sub(y);
        graph.math.square(error).mean("loss", 0, 1);
        graph.setLossVariables("loss");
        return graph;
    }
}
