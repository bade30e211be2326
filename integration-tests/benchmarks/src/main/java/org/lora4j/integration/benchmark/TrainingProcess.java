/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.RunListener;
import org.lora4j.train.StepReport;
import org.lora4j.train.Trainable;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The process that {@link MemoryBenchmark} looks at: trains, and tells how much memory it had at what point. */
public final class TrainingProcess {

    static final String PEAK = "peak";
    static final String EARLY = "early";
    static final String END = "end";

    private static final int EARLY_SHARE = 20;

    private TrainingProcess() {}

    /**
     * Trains.
     *
     * @param args number of steps, and {@code keep} or {@code recompute} for the activations
     * @throws IOException if the model is missing
     */
    public static void main(String[] args) throws IOException {
        Locale.setDefault(Locale.ROOT);
        int steps = Integer.parseInt(args[0]);
        Nd4j.ones(1).close();
        ChildJava.tell("with ND4J started", ProcessMemory.resident());
        Trainable model;
        Map<String, INDArray> batch;
        {
            MiniLmModels models = new MiniLmModels();
            batch = models.batch();
            model = MiniLmModels.adapted(models.shared(), MiniLmModels.ALL_LINEAR)
                    .multipliedBy(EncoderTeam.products());
        }
        if (args[1].equals("recompute")) {
            model = model.recomputingActivations();
        }
        ChildJava.tell("with the model loaded", ProcessMemory.resident());
        ChildJava.tell("peak while loading", ProcessMemory.peak());
        Trainer.builder(model)
                .plan(TrainingPlan.builder()
                        .steps(steps)
                        .optimizer(AdamW.of(MiniLmModels.RATE))
                        .seed(MiniLmModels.SEED)
                        .build())
                .listener(new RunListener() {
                    @Override
                    public void onStep(StepReport report) {
                        if (report.step() == Math.max(2, steps / EARLY_SHARE)) {
                            ChildJava.tell(EARLY, ProcessMemory.resident());
                        }
                    }
                })
                .build()
                .train(Batches.inOrder(List.of(Batch.of(batch, MiniLmBatch.ROWS))));
        ChildJava.tell(END, ProcessMemory.resident());
        ChildJava.tell(PEAK, ProcessMemory.peak());
    }
}
